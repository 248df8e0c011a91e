#include "libprom/store/inspect.h"

#include <utility>

#include <fmt/format.h>

#include "libprom/base/duration.h"
#include "libprom/base/json_writer.h"
#include "libprom/base/utf8.h"
#include "libprom/store/report.h"

namespace prom::store {
namespace {

using ViewPointer = std::shared_ptr<const View>;

// nullptr: it was said what is wrong, and `exit` is the status.
ViewPointer open_for(const InspectOptions& options, cli::Io& io,
                     cli::Exit& exit) {
  auto view = View::open(options.store);
  if (view) return std::move(*view);
  io.complain(view.error().message);
  exit = cli::exit_for(view.error().code);
  return nullptr;
}

std::string time_text(std::int64_t t_ms) {
  return format_rfc3339(t_ms);
}

void top_json(JsonWriter& json, std::string_view key,
              const StoreStats::Top& top) {
  json.key(key).begin_array();
  for (const auto& [name, count] : top) {
    json.begin_object();
    json.key("name").string(name);
    json.key("count").integer(static_cast<std::int64_t>(count));
    json.end_object();
  }
  json.end_array();
}

void top_text(os::Output& out, std::string_view heading,
              const StoreStats::Top& top) {
  if (top.empty()) return;
  out.write(fmt::format("\n{}\n", heading));
  for (const auto& [name, count] : top)
    out.write(fmt::format("{:>10}  {}\n", count, printable(name)));
}

void count_json(JsonWriter& json, std::string_view key, std::uint64_t value) {
  json.key(key).integer(static_cast<std::int64_t>(value));
}

std::string stats_json(const StoreStats& stats) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  count_json(json, "series", stats.series);
  count_json(json, "samples", stats.samples);
  count_json(json, "sources", stats.sources);
  count_json(json, "commits", stats.commits);
  count_json(json, "bytes", stats.bytes);
  count_json(json, "allocated_bytes", stats.allocated_bytes);
  json.key("bytes_per_sample").number(stats.bytes_per_sample);
  json.key("bytes_per_day").number(stats.bytes_per_day);
  count_json(json, "active_series", stats.active);
  count_json(json, "series_began", stats.began);
  count_json(json, "series_ended", stats.ended);
  count_json(json, "blocks", stats.blocks);
  count_json(json, "block_samples", stats.block_samples);
  count_json(json, "block_bytes", stats.block_bytes);
  count_json(json, "deletions", stats.deletions);
  json.key("min_time").integer(stats.min_ms);
  json.key("max_time").integer(stats.max_ms);
  top_json(json, "top_metrics", stats.metrics);
  top_json(json, "top_metric_bytes", stats.metric_bytes);
  top_json(json, "top_labels", stats.labels);
  top_json(json, "top_label_bytes", stats.label_bytes);
  top_json(json, "top_label_pairs", stats.pairs);
  json.end_object();
  return text + "\n";
}

}  // namespace

cli::Exit run_stats(const InspectOptions& options, cli::Io& io) {
  cli::Exit exit = cli::Exit::kOk;
  const ViewPointer view = open_for(options, io, exit);
  if (!view) return exit;
  const StoreStats stats = stats_of(*view, options.top);
  if (options.output == "json") {
    io.out.write(stats_json(stats));
    return exit;
  }
  os::Output& out = io.out;
  out.write(fmt::format("series            {}\n", stats.series));
  out.write(fmt::format("samples           {}\n", stats.samples));
  out.write(fmt::format("sources           {}\n", stats.sources));
  out.write(fmt::format("commits           {}\n", stats.commits));
  out.write(fmt::format("bytes             {}\n", stats.bytes));
  out.write(fmt::format("allocated bytes   {}\n", stats.allocated_bytes));
  out.write(fmt::format("bytes per sample  {:.3f}\n", stats.bytes_per_sample));
  out.write(fmt::format("blocks            {} ({} samples, {} bytes)\n",
                        stats.blocks, stats.block_samples, stats.block_bytes));
  if (stats.deletions > 0)
    out.write(fmt::format("deletions         {} to be applied by a merge\n",
                          stats.deletions));
  if (stats.samples > 0)
    out.write(fmt::format("time              {} to {}\n",
                          time_text(stats.min_ms), time_text(stats.max_ms)));
  if (stats.samples > 0)
    out.write(fmt::format("bytes a day       {:.0f}\n", stats.bytes_per_day));
  if (options.top > 0)
    out.write(
        fmt::format("active series     {} ({} began and {} ended within the "
                    "last hour)\n",
                    stats.active, stats.began, stats.ended));
  top_text(out, "Series of a metric", stats.metrics);
  top_text(out, "Bytes of a metric, in blocks", stats.metric_bytes);
  top_text(out, "Values of a label", stats.labels);
  top_text(out, "Bytes of the values of a label", stats.label_bytes);
  top_text(out, "Series with a label", stats.pairs);
  return exit;
}

namespace {

void arenas_json(JsonWriter& json, const Head& head) {
  json.key("arenas").begin_array();
  for (const StreamReader* stream : {&head.log(), &head.index()}) {
    for (const auto& arena : stream->arenas()) {
      json.begin_object();
      json.key("path").string(arena.path);
      count_json(json, "start", arena.start);
      count_json(json, "bytes", arena.size);
      json.end_object();
    }
  }
  json.end_array();
}

void head_json(JsonWriter& json, const Snapshot& snapshot) {
  const Head& head = snapshot.head();
  json.begin_object();
  count_json(json, "generation", snapshot.generation());
  count_json(json, "series", snapshot.series_count());
  count_json(json, "samples", head.root().samples);
  count_json(json, "zones", head.zone_count());
  if (head.root().samples > 0) {
    json.key("min_time").integer(head.root().min_ms);
    json.key("max_time").integer(head.root().max_ms);
  }
  arenas_json(json, head);
  json.key("sources").begin_array();
  for (const SourceReport& source : sources_of(snapshot)) {
    json.begin_object();
    json.key("source").string(fmt::format("{:016x}", source.key));
    count_json(json, "columns", source.columns);
    count_json(json, "groups", source.groups);
    json.key("last_time").integer(source.last_ms);
    json.end_object();
  }
  json.end_array();
  json.end_object();
}

void ls_json(const View& view, os::Output& out) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.key("heads").begin_array();
  for (const auto& snapshot : view.heads()) head_json(json, *snapshot);
  json.end_array();
  json.key("blocks").begin_array();
  for (const ManifestBlock& block : view.manifest().blocks) {
    json.begin_object();
    json.key("id").string(block.id.to_string());
    count_json(json, "level", block.level);
    json.key("min_time").integer(block.min_ms);
    json.key("max_time").integer(block.max_ms);
    count_json(json, "series", block.series);
    count_json(json, "samples", block.samples);
    count_json(json, "bytes", block.bytes);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  out.write(text + "\n");
}

void blocks_text(const Manifest& manifest, os::Output& out) {
  if (manifest.blocks.empty()) return;
  out.write(fmt::format("{:<26}  {:>5}  {:>10}  {:>12}  {:>12}  {:<24}  {}\n",
                        "BLOCK", "LEVEL", "SERIES", "SAMPLES", "BYTES", "FROM",
                        "TO"));
  for (const ManifestBlock& block : manifest.blocks)
    out.write(fmt::format("{:<26}  {:>5}  {:>10}  {:>12}  {:>12}  {:<24}  {}\n",
                          block.id.to_string(), block.level, block.series,
                          block.samples, block.bytes, time_text(block.min_ms),
                          time_text(block.max_ms)));
  out.write("\n");
}

void head_text(const Snapshot& snapshot, os::Output& out) {
  const Head& head = snapshot.head();
  out.write(fmt::format("head {}: {} series, {} samples, {} zones\n",
                        snapshot.generation(), snapshot.series_count(),
                        head.root().samples, head.zone_count()));
  if (head.root().samples > 0)
    out.write(fmt::format("time: {} to {}\n", time_text(head.root().min_ms),
                          time_text(head.root().max_ms)));
  out.write(fmt::format("\n{:>14}  {:>12}  {}\n", "START", "BYTES", "ARENA"));
  for (const StreamReader* stream : {&head.log(), &head.index()}) {
    for (const auto& arena : stream->arenas())
      out.write(fmt::format("{:>14}  {:>12}  {}\n", arena.start, arena.size,
                            printable(arena.path)));
  }
  const auto sources = sources_of(snapshot);
  if (sources.empty()) return;
  out.write(fmt::format("\n{:>16}  {:>8}  {:>8}  {}\n", "SOURCE", "COLUMNS",
                        "GROUPS", "LAST ROW"));
  for (const SourceReport& source : sources)
    out.write(fmt::format("{:016x}  {:>8}  {:>8}  {}\n", source.key,
                          source.columns, source.groups,
                          time_text(source.last_ms)));
}

void ls_text(const View& view, os::Output& out) {
  blocks_text(view.manifest(), out);
  bool first = true;
  for (const auto& snapshot : view.heads()) {
    if (!std::exchange(first, false)) out.write("\n");
    head_text(*snapshot, out);
  }
}

}  // namespace

cli::Exit run_ls(const InspectOptions& options, cli::Io& io) {
  cli::Exit exit = cli::Exit::kOk;
  const ViewPointer view = open_for(options, io, exit);
  if (!view) return exit;
  if (options.output == "json") {
    ls_json(*view, io.out);
  } else {
    ls_text(*view, io.out);
  }
  return exit;
}

cli::Exit run_verify(const InspectOptions& options, cli::Io& io) {
  const auto manifest = load_manifest(options.store);
  if (options.repair && !manifest && manifest.error().code == Code::kCorrupt) {
    io.complain(manifest.error().message + ": making a new one of the blocks");
    const Status repaired =
        repair_manifest(os::real_file_system(), options.store);
    if (!repaired) {
      io.complain(repaired.error().message);
      return cli::exit_for(repaired.error().code);
    }
  }
  const auto checked = verify_store(options.store);
  if (!checked) {
    io.complain(checked.error().message);
    return cli::exit_for(checked.error().code);
  }
  const VerifyReport& report = *checked;
  if (options.output == "json") {
    std::string text;
    JsonWriter json(text);
    json.begin_object();
    count_json(json, "records", report.records);
    count_json(json, "blocks", report.blocks);
    count_json(json, "bytes", report.bytes);
    json.key("damage").begin_array();
    for (const std::string& one : report.damage) json.string(one);
    json.end_array();
    json.end_object();
    io.out.write(text + "\n");
  } else {
    for (const std::string& one : report.damage)
      io.out.write("damaged: " + printable(one) + "\n");
    io.out.write(fmt::format(
        "{} records and {} blocks, {} bytes checked, {} damaged\n",
        report.records, report.blocks, report.bytes, report.damage.size()));
  }
  return report.damage.empty() ? cli::Exit::kOk : cli::Exit::kNo;
}

}  // namespace prom::store
