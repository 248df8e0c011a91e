#include "libprom/store/report.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "libprom/base/duration.h"
#include "libprom/block/column_bytes.h"
#include "libprom/model/sample.h"

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
    std::uint64_t bytes = 0;
    for (std::size_t i = 1; i < counts.size(); ++i) {
      values.emplace_back(column.values[i], counts[i]);
      bytes += column.values[i].size();
    }
    stats.label_bytes.emplace_back(name, bytes);
    stats.labels.emplace_back(name, values.size());
    values = top_of(std::move(values), top);
    if (name == kMetricName) stats.metrics = values;
    for (auto& [value, count] : values)
      stats.pairs.emplace_back(name + "=" + value, count);
    stats.pairs = top_of(std::move(stats.pairs), top);
  }
  stats.labels = top_of(std::move(stats.labels), top);
  stats.label_bytes = top_of(std::move(stats.label_bytes), top);
}

// Of what is in blocks: rows of the head are of many metrics.
void count_bytes(const View& view, std::size_t top, StoreStats& stats) {
  std::map<std::string, std::uint64_t> of_metric;
  for (const auto& block : view.blocks()) {
    std::vector<block::Ordinal> all(block->series_count());
    std::iota(all.begin(), all.end(), 0U);
    const auto names = block->column(kMetricName, all);
    if (!names) continue;  // verify says why
    const std::vector<std::uint64_t> bytes = block::column_bytes(*block);
    for (std::size_t i = 0; i < all.size(); ++i)
      of_metric[names->values[names->ids[i]]] += bytes[i];
  }
  stats.metric_bytes = top_of({of_metric.begin(), of_metric.end()}, top);
}

// Walks the series that are alive at a time, in the order of their labels.
class Alive {
 public:
  static Result<Alive> at(const View& view, std::int64_t t_ms) {
    auto selection = view.select({}, t_ms - kLookbackMs, t_ms);
    if (!selection) return fail(selection.error());
    return Alive(std::move(*selection));
  }

  bool next() {
    while (++at_ < selection_->size()) {
      if (at_ % kSeriesPerRead == 0)
        selection_->read(
            at_, std::min(kSeriesPerRead, selection_->size() - at_), samples_);
      const SeriesSamples one = samples_.of(at_ % kSeriesPerRead);
      if (one.value.empty() || is_stale_nan(one.value.back())) continue;
      labels_ = selection_->labels(at_);
      return true;
    }
    return false;
  }
  [[nodiscard]] const Labels& labels() const { return labels_; }

 private:
  static constexpr std::int64_t kLookbackMs = 5 * kMinuteMs;
  static constexpr std::size_t kSeriesPerRead = 256;
  explicit Alive(std::unique_ptr<const ViewSelection> selection)
      : selection_(std::move(selection)) {}

  std::unique_ptr<const ViewSelection> selection_;
  std::size_t at_ = SIZE_MAX;
  Samples samples_;
  Labels labels_;
};

void count_churn(const View& view, StoreStats& stats) {
  auto now = Alive::at(view, stats.max_ms);
  auto before = Alive::at(view, stats.max_ms - kHourMs);
  if (!now || !before) return;  // the view has noted why
  bool has_now = now->next();
  bool has_before = before->next();
  while (has_now || has_before) {
    const bool only_now =
        has_now && (!has_before || now->labels() < before->labels());
    const bool only_before =
        has_before && (!has_now || before->labels() < now->labels());
    if (only_now) ++stats.began;
    if (only_before) ++stats.ended;
    if (!only_before) ++stats.active;
    if (!only_before) has_now = now->next();
    if (!only_now) has_before = before->next();
  }
}

// The share of a part's bytes that lies in the newest days of the store.
class Growth {
 public:
  Growth(std::int64_t min_ms, std::int64_t max_ms)
      : from_ms_(std::max(min_ms, max_ms - kWeekMs)), to_ms_(max_ms) {}

  void add(std::int64_t min_ms, std::int64_t max_ms, std::uint64_t bytes) {
    if (max_ms < from_ms_ || min_ms > max_ms) return;
    const auto inside =
        static_cast<double>(max_ms - std::max(min_ms, from_ms_) + 1);
    const auto span =
        static_cast<double>(max_ms) - static_cast<double>(min_ms) + 1;
    bytes_ += static_cast<double>(bytes) * inside / span;
  }
  [[nodiscard]] double bytes_per_day() const {
    const auto days = static_cast<double>(to_ms_ - from_ms_ + 1) /
                      static_cast<double>(kDayMs);
    return bytes_ / days;
  }

 private:
  const std::int64_t from_ms_;
  const std::int64_t to_ms_;
  double bytes_ = 0;
};

std::uint64_t bytes_of(const Head& head) {
  std::uint64_t bytes = head.log_end() - head.log().begin();
  if (head.zone_count() > 0) bytes += head.index_end() - head.index().begin();
  return bytes;
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
    stats.bytes += bytes_of(head);
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
    Growth growth(stats.min_ms, stats.max_ms);
    for (const ManifestBlock& block : view.manifest().blocks)
      growth.add(block.min_ms, block.max_ms, block.bytes);
    for (const auto& snapshot : view.heads()) {
      const Head& head = snapshot->head();
      growth.add(head.root().min_ms, head.root().max_ms, bytes_of(head));
    }
    stats.bytes_per_day = growth.bytes_per_day();
  }
  const auto all = view.select({}, INT64_MIN, INT64_MAX);
  if (!all) return stats;
  stats.series = (*all)->size();
  if (top > 0) {
    count_labels(**all, top, stats);
    count_bytes(view, top, stats);
    if (stats.samples > 0) count_churn(view, stats);
  }
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
  VerifyReport report;
  const auto view = View::open(path);
  if (!view && view.error().code != Code::kCorrupt) return fail(view.error());
  if (view) {
    report = verify(**view);
  } else {
    report.damage.push_back(view.error().message);
  }
  // The mark of a store stays when its generation is long in blocks.
  const auto mark =
      Ctl::open(path, kFirstGeneration, os::MappedFile::Access::kRead);
  if (!mark) add_damage({mark.error()}, report);
  return report;
}

}  // namespace prom::store
