#include "libprom/tsdb/head.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "libprom/os/file.h"
#include "libprom/tsdb/chunk.h"
#include "libprom/tsdb/samples_edit.h"

namespace prom::tsdb {
namespace {

constexpr std::int64_t kTimeMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kTimeMax = std::numeric_limits<std::int64_t>::max();
// One damaged disk shall not fill the terminal.
constexpr std::size_t kWarningsMax = 20;

void warn(std::vector<std::string>& warnings, std::string text) {
  if (warnings.size() < kWarningsMax) warnings.push_back(std::move(text));
}

void push(const HistogramSample& sample, Samples& into) {
  into.push(sample.t_ms, sample.value);
  into.set_start(sample.start_ms);
}

}  // namespace

Result<std::shared_ptr<const Head>> Head::open(
    const std::string& directory, std::int64_t min_ms,
    std::vector<std::string>& warnings) {
  const std::shared_ptr<Head> head(new Head);
  head->min_ms_ = min_ms;
  // Chunks before the log: what becomes a chunk meanwhile is in the log too.
  auto chunks = HeadChunks::open(os::join_path(directory, "chunks_head"));
  if (!chunks) return fail(std::move(chunks).error());
  head->chunk_files_ = std::move(*chunks);
  head->load_chunks(warnings);
  if (Status loaded =
          head->load_log(os::join_path(directory, "wal"), false, warnings);
      !loaded) {
    return fail(std::move(loaded).error());
  }
  if (Status loaded =
          head->load_log(os::join_path(directory, "wbl"), true, warnings);
      !loaded) {
    return fail(std::move(loaded).error());
  }
  if (head->unknown_ > 0) {
    warn(warnings, std::to_string(head->unknown_) +
                       " samples in the log are of series that it does not "
                       "name");
  }
  head->chunks_.clear();
  head->by_ref_.clear();
  head->by_labels_.clear();
  return head;
}

void Head::load_chunks(std::vector<std::string>& warnings) {
  std::vector<Error> damage;
  chunk_files_.scan(
      [this](const HeadChunk& chunk) {
        if (chunk.is_late || chunk.range.max_ms >= min_ms_)
          chunks_[chunk.series].push_back(chunk);
      },
      damage);
  if (damage.empty()) return;
  for (const Error& error : damage) warn(warnings, error.message);
  // The newest chunk of a series would hide older ones that are lost; the log
  // has all of them.
  for (auto& [ref, chunks] : chunks_)
    std::erase_if(chunks,
                  [](const HeadChunk& chunk) { return !chunk.is_late; });
}

Status Head::load_log(const std::string& directory, bool is_late,
                      std::vector<std::string>& warnings) {
  const auto segments = open_wal(directory);
  if (!segments) return fail(segments.error());
  WalRecord record;
  for (const WalSegment& segment : *segments) {
    WalReader reader(segment);
    for (;;) {
      const auto bytes = reader.next();
      if (!bytes) {
        warn(warnings, bytes.error().message);
        if (bytes.error().code == Code::kCorrupt) continue;
        break;
      }
      if (!*bytes) break;
      if (Status decoded = decode_wal_record(**bytes, record); !decoded) {
        warn(warnings, segment.path + ": " + decoded.error().message);
        continue;
      }
      apply(record, is_late);
    }
  }
  return {};
}

void Head::apply(WalRecord& record, bool is_late) {
  for (WalRecord::Series& series : record.series) add_series(series);
  for (const WalRecord::Sample& sample : record.samples)
    add_sample(sample, is_late);
  for (WalRecord::Histogram& sample : record.histograms)
    add_histogram(sample, is_late);
  for (const WalRecord::Deletion& deletion : record.deletions) remove(deletion);
  for (WalRecord::Exemplar& exemplar : record.exemplars) {
    const auto at = by_ref_.find(exemplar.ref);
    if (at == by_ref_.end()) continue;
    exemplar.ref = at->second;
    exemplars_.push_back(std::move(exemplar));
    if (exemplars_.size() > kExemplarsMax) exemplars_.pop_front();
  }
  for (WalRecord::Metadata& metadata : record.metadata) {
    if (Series* const series = find(metadata.ref))
      rare_of(*series).metadata = std::move(metadata);
  }
}

void Head::add_series(WalRecord::Series& series) {
  if (by_ref_.contains(series.ref)) return;
  const auto next = static_cast<std::uint32_t>(series_.size());
  const auto [at, is_new] = by_labels_.try_emplace(series.labels, next);
  by_ref_.emplace(series.ref, at->second);
  if (is_new) {
    series_.emplace_back();
    series_.back().labels = std::move(series.labels);
    series_.back().last_ms = kTimeMin;
  }
  const auto full = chunks_.find(series.ref);
  if (full == chunks_.end()) return;
  Series& known = series_[at->second];
  for (const HeadChunk& chunk : full->second) {
    known.chunks.push_back(chunk);
    known.has_samples = true;
    widen(chunk.range);
    if (!chunk.is_late)
      known.last_ms = std::max(known.last_ms, chunk.range.max_ms);
  }
  chunks_.erase(full);
}

Head::Series* Head::find(HeadRef ref) {
  const auto at = by_ref_.find(ref);
  return at == by_ref_.end() ? nullptr : &series_[at->second];
}

Head::Rare& Head::rare_of(Series& series) {
  if (series.rare == nullptr) series.rare = std::make_unique<Rare>();
  return *series.rare;
}

void Head::widen(TimeRange range) {
  if (!std::exchange(has_span_, true)) {
    span_ = range;
    return;
  }
  span_.min_ms = std::min(span_.min_ms, range.min_ms);
  span_.max_ms = std::max(span_.max_ms, range.max_ms);
}

void Head::add_sample(const WalRecord::Sample& sample, bool is_late) {
  if (!is_late && sample.t_ms < min_ms_) return;
  Series* const series = find(sample.ref);
  if (series == nullptr) {
    ++unknown_;
    return;
  }
  if (is_late) {
    rare_of(*series).late.push_back(
        {.t_ms = sample.t_ms, .value = sample.value});
  } else {
    // In a chunk already, or refused by the server after it was logged.
    if (sample.t_ms <= series->last_ms) return;
    if (series->floats.empty() ||
        series->floats.back().count() >= kChunkSamplesMax) {
      series->floats.emplace_back();
    }
    series->floats.back().add(sample.t_ms, sample.value, sample.start_ms);
    series->last_ms = sample.t_ms;
  }
  series->has_samples = true;
  widen({sample.t_ms, sample.t_ms});
}

void Head::add_histogram(WalRecord::Histogram& sample, bool is_late) {
  if (!is_late && sample.t_ms < min_ms_) return;
  Series* const series = find(sample.ref);
  if (series == nullptr) {
    ++unknown_;
    return;
  }
  if (!is_late && sample.t_ms <= series->last_ms) return;
  if (!is_late) series->last_ms = sample.t_ms;
  Rare& rare = rare_of(*series);
  series->has_samples = true;
  widen({sample.t_ms, sample.t_ms});
  (is_late ? rare.late_histograms : rare.histograms)
      .push_back({.t_ms = sample.t_ms,
                  .start_ms = sample.start_ms,
                  .value = std::move(sample.value)});
}

void Head::remove(const WalRecord::Deletion& deletion) {
  Series* const series = find(deletion.ref);
  if (series == nullptr) return;
  if (deletion.range == TimeRange{kTimeMin, kTimeMax}) {
    // The series went into a block; what comes later begins anew.
    series->chunks.clear();
    series->floats.clear();
    series->rare.reset();
    series->has_samples = false;
    series->last_ms = kTimeMin;
    return;
  }
  rare_of(*series).deleted.add(deletion.range);
}

std::vector<std::uint32_t> Head::select(const Matchers& matchers) const {
  std::vector<std::uint32_t> found;
  for (std::uint32_t i = 0; i < series_.size(); ++i) {
    if (series_[i].has_samples && matches_all(matchers, series_[i].labels))
      found.push_back(i);
  }
  return found;
}

void Head::read(std::size_t number, TimeRange range,
                std::int64_t in_order_min_ms, Samples& into,
                std::vector<Error>& damage) const {
  const Series& series = series_[number];
  const std::size_t begin = into.t_ms.size();
  const TimeRange in_order = {std::max(range.min_ms, in_order_min_ms),
                              range.max_ms};
  const auto keep_from = [&into](std::size_t from, TimeRange wanted) {
    keep_samples(into, from, [&wanted](std::int64_t t_ms) {
      return t_ms >= wanted.min_ms && t_ms <= wanted.max_ms;
    });
  };
  for (const HeadChunk& chunk : series.chunks) {
    const TimeRange& wanted = chunk.is_late ? range : in_order;
    if (!chunk.range.overlaps(wanted)) continue;
    const std::size_t from = into.t_ms.size();
    if (Status read = chunk_files_.read(chunk, into); !read)
      damage.push_back(std::move(read).error());
    keep_from(from, wanted);
  }
  const std::size_t from = into.t_ms.size();
  for (const Xor2Encoder& floats : series.floats) {
    if (Status decoded = decode_xor2(as_bytes(floats.bytes()), into); !decoded)
      damage.push_back(std::move(decoded).error());
  }
  if (series.rare != nullptr)
    for (const HistogramSample& sample : series.rare->histograms)
      push(sample, into);
  keep_from(from, in_order);
  if (series.rare == nullptr) return;

  const std::size_t late_from = into.t_ms.size();
  for (const FloatSample& sample : series.rare->late)
    into.push(sample.t_ms, sample.value);
  for (const HistogramSample& sample : series.rare->late_histograms)
    push(sample, into);
  keep_from(late_from, range);
  series.rare->deleted.remove_from(into, begin);
}

std::vector<const WalRecord::Exemplar*> Head::exemplars(
    std::size_t series) const {
  std::vector<const WalRecord::Exemplar*> all;
  for (const WalRecord::Exemplar& exemplar : exemplars_)
    if (exemplar.ref == series) all.push_back(&exemplar);
  return all;
}

const WalRecord::Metadata* Head::metadata(std::size_t series) const {
  const auto& rare = series_[series].rare;
  return rare == nullptr || rare->metadata.type.empty() ? nullptr
                                                        : &rare->metadata;
}

}  // namespace prom::tsdb
