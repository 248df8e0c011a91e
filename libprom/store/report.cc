#include "libprom/store/report.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace prom::store {
namespace {

StoreStats::Top top_of(StoreStats::Top all, std::size_t limit) {
  std::ranges::sort(all, [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  if (all.size() > limit) all.resize(limit);
  return all;
}

void count_labels(const Snapshot& snapshot, std::size_t top,
                  StoreStats& stats) {
  std::vector<SeriesId> series(snapshot.series_count());
  std::iota(series.begin(), series.end(), 0U);
  for (const std::string& name : snapshot.label_names(series)) {
    const LabelIds column = snapshot.column(name, series);
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

}  // namespace

StoreStats stats_of(const Snapshot& snapshot, std::size_t top) {
  const Head& head = snapshot.head();
  StoreStats stats;
  stats.series = snapshot.series_count();
  stats.samples = head.root().samples;
  stats.sources = head.sources().size();
  stats.commits = head.root().number;
  stats.bytes = head.log_end() - head.log().begin();
  if (head.zone_count() > 0)
    stats.bytes += head.index_end() - head.index().begin();
  for (const StreamReader* stream : {&head.log(), &head.index()}) {
    for (const auto& arena : stream->arenas())
      stats.allocated_bytes += arena.size;
  }
  if (stats.samples > 0) {
    stats.bytes_per_sample =
        static_cast<double>(stats.bytes) / static_cast<double>(stats.samples);
    stats.min_ms = head.root().min_ms;
    stats.max_ms = head.root().max_ms;
  }
  if (top > 0) count_labels(snapshot, top, stats);
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
  for (const Error& damage : snapshot.damage()) {
    if (std::ranges::find(report.damage, damage.message) == report.damage.end())
      report.damage.push_back(damage.message);
  }
  return report;
}

}  // namespace prom::store
