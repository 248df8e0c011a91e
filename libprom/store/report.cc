#include "libprom/store/report.h"

#include <algorithm>

namespace prom::store {
namespace {

StoreStats::Top top_of(StoreStats::Top all, std::size_t limit) {
  std::ranges::sort(all, [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  if (all.size() > limit) all.resize(limit);
  return all;
}

void count_labels(const ViewSelection& all, std::size_t top,
                  StoreStats& stats) {
  for (const std::string& name : all.label_names()) {
    const LabelIds column = all.column(name);
    std::vector<std::uint64_t> counts(column.values.size());
    for (const std::uint32_t id : column.ids) ++counts[id];
    StoreStats::Top values;
    for (std::size_t i = 1; i < counts.size(); ++i)
      values.emplace_back(column.values[i], counts[i]);
    stats.labels.emplace_back(name, values.size());
    values = top_of(std::move(values), top);
    if (name == kMetricName) stats.metrics = values;
    for (auto& [value, count] : values)
      stats.pairs.emplace_back(name + "=" + value, count);
    stats.pairs = top_of(std::move(stats.pairs), top);
  }
  stats.labels = top_of(std::move(stats.labels), top);
}

void verify_log(const Snapshot& snapshot, VerifyReport& report) {
  const Head& head = snapshot.head();
  visit_batches(
      head.log(), head.log().begin(), head.log_end(),
      {.on_record =
           [&](const Record& record) {
             ++report.records;
             report.bytes += record.header.size;
           },
       .on_commit =
           [&](Position, const CommitBody&) {
             ++report.records;
             report.bytes += kCommitBytes;
           },
       .on_damage =
           [&](const Error& e) { report.damage.push_back(e.message); }});
}

void verify_index(const Snapshot& snapshot, VerifyReport& report) {
  const Head& head = snapshot.head();
  Position at = head.index().begin();
  while (at < head.index_end()) {
    const auto record = head.index().record(at);
    if (!record) {
      report.damage.push_back(record.error().message);
      at = head.index().resync(at + 8, head.index_end());
      continue;
    }
    ++report.records;
    report.bytes += record->header.size;
    at = record->next();
  }
}

void add_damage(const std::vector<Error>& damage, VerifyReport& report) {
  for (const Error& one : damage) {
    if (std::ranges::find(report.damage, one.message) == report.damage.end())
      report.damage.push_back(one.message);
  }
}

}  // namespace

StoreStats stats_of(const View& view, std::size_t top) {
  StoreStats stats;
  for (const auto& snapshot : view.heads()) {
    const Head& head = snapshot->head();
    stats.samples += head.root().samples;
    stats.sources = head.sources().size();  // of the newest generation
    stats.commits += head.root().number;
    stats.bytes += head.log_end() - head.log().begin();
    if (head.zone_count() > 0)
      stats.bytes += head.index_end() - head.index().begin();
    for (const StreamReader* stream : {&head.log(), &head.index()}) {
      for (const auto& arena : stream->arenas())
        stats.allocated_bytes += arena.size;
    }
  }
  for (const ManifestBlock& block : view.manifest().blocks) {
    ++stats.blocks;
    stats.block_samples += block.samples;
    stats.block_bytes += block.bytes;
  }
  stats.samples += stats.block_samples;
  stats.bytes += stats.block_bytes;
  stats.allocated_bytes += stats.block_bytes;
  stats.deletions = view.manifest().deletions.size();
  if (stats.samples > 0) {
    stats.bytes_per_sample =
        static_cast<double>(stats.bytes) / static_cast<double>(stats.samples);
    stats.min_ms = view.min_ms();
    stats.max_ms = view.max_ms();
  }
  const auto all = view.select({}, INT64_MIN, INT64_MAX);
  if (!all) return stats;
  stats.series = (*all)->size();
  if (top > 0) count_labels(**all, top, stats);
  return stats;
}

std::vector<SourceReport> sources_of(const Snapshot& snapshot) {
  std::vector<SourceReport> all;
  const StreamReader& log = snapshot.head().log();
  for (const SourceState& source : snapshot.head().sources()) {
    SourceReport report{.key = source.key};
    const auto row = source.last_row == kNowhere
                         ? Result<Record>(fail(Code::kMissing, "no row"))
                         : log.record(source.last_row);
    if (row && row->body.size() >= sizeof(RowBody)) {
      const auto body = load_struct<RowBody>(row->body.data());
      report.columns = body.columns;
      report.last_ms = body.t_ms;
      const auto keyframe = log.record(body.keyframe);
      if (keyframe &&
          keyframe->body.size() >= sizeof(RowBody) + sizeof(KeyframePart))
        report.groups =
            load_struct<KeyframePart>(keyframe->body.data() + sizeof(RowBody))
                .group +
            1;
    }
    all.push_back(report);
  }
  return all;
}

VerifyReport verify(const Snapshot& snapshot) {
  VerifyReport report;
  verify_log(snapshot, report);
  verify_index(snapshot, report);
  add_damage(snapshot.damage(), report);
  return report;
}

VerifyReport verify(const View& view) {
  VerifyReport report;
  for (const auto& snapshot : view.heads()) {
    verify_log(*snapshot, report);
    verify_index(*snapshot, report);
  }
  for (const auto& block : view.blocks()) {
    ++report.blocks;
    report.bytes += block->info().bytes;
    block->verify([&](const Error& damage) { add_damage({damage}, report); });
  }
  add_damage(view.damage(), report);
  return report;
}

Result<VerifyReport> verify_store(const std::string& path) {
  const auto view = View::open(path);
  if (view) return verify(**view);
  if (view.error().code != Code::kCorrupt) return fail(view.error());
  VerifyReport report;
  report.damage.push_back(view.error().message);
  return report;
}

}  // namespace prom::store
