// Samples that are in no row: of tiny sources, with times of their own, and
// late ones, which are compared with what is stored before they are taken.
#include <algorithm>
#include <bit>
#include <limits>

#include "libprom/store/sample_order.h"
#include "libprom/store/sample_reader.h"
#include "libprom/store/writer_internal.h"

namespace prom::store {
namespace {

// Histograms of one record, in units of FloatHistogram::sample_weight().
constexpr std::size_t kLooseWeightMax = 1ULL << 20U;
constexpr std::int64_t kLooseSpanMs = std::numeric_limits<std::uint32_t>::max();

bool by_series_and_time(const SeriesSample& a, const SeriesSample& b) {
  return a.series != b.series ? a.series < b.series : a.t_ms < b.t_ms;
}

bool same_histogram(const FloatHistogram* a, const FloatHistogram* b) {
  if (a == nullptr || b == nullptr) return a == b;
  return a->equals(*b);
}

}  // namespace

// No sample of the series is newer.
std::int64_t Writer::newest_bound(SeriesId id) const {
  if (const auto at = touched_.find(id); at != touched_.end())
    return at->second.t_ms;
  std::int64_t bound =
      id < series_at_open_ ? loose_newest_at_open_ms_ : INT64_MIN;
  std::int64_t closed = closed_newest_ms_;
  if (homes_[id] < sources_.size()) {
    const Source& home = *sources_[homes_[id]];
    bound = std::max(bound, home.last_ms);
    if (slots_[id] != kNone) closed = std::min(closed, home.clear_from_ms - 1);
  }
  bound = std::max(bound, closed);
  for (const auto& source : sources_) {
    if (source->foreign && source->foreign_slots.contains(id))
      bound = std::max(bound, source->last_ms);
    // An earlier layout of it may have had the series.
    if (source->foreign && id < series_at_open_)
      bound = std::max(bound, newest_at_open_ms_);
  }
  return bound;
}

void Writer::touch(SeriesId id, std::int64_t t_ms, std::uint64_t bits) {
  touched_[id] = {t_ms, bits};
  if (homes_[id] < sources_.size()) sources_[homes_[id]]->shared = true;
}

void Writer::accept_loose(const SeriesSample& sample) {
  loose_.push_back(sample);
  note_time(sample.t_ms, sample.t_ms, 1);
}

void Writer::take_loose(SeriesSample sample) {
  if (too_far_ahead(sample.t_ms)) {
    refuse(Refusal::kFuture, sample.series, sample.t_ms);
    return;
  }
  const auto known = touched_.find(sample.series);
  // Of histograms everything has to be compared.
  if (histogram_of(sample) == nullptr && known != touched_.end() &&
      known->second.t_ms == sample.t_ms && known->second.bits == sample.bits) {
    ++counters_.repeated;
    return;
  }
  if (sample.t_ms <= newest_bound(sample.series)) {
    late_.push_back(sample);
    return;
  }
  touch(sample.series, sample.t_ms, sample.bits);
  accept_loose(sample);
}

Status Writer::add(const wire::Loose& loose) {
  if (Status room = check_room(); !room) return room;
  for (const wire::Loose::Item& item : loose.items) {
    const SeriesId id = find_or_create(item.labels);
    if (id == kNone) continue;
    const bool plain = item.start_ms == 0 && item.histogram == nullptr;
    take_loose({id, item.t_ms, std::bit_cast<std::uint64_t>(item.value),
                plain ? kNone : keep_extra({item.start_ms, item.histogram})});
  }
  return {};
}

void Writer::stage_loose() {
  if (loose_.empty()) return;
  stage_series();
  std::ranges::sort(loose_, by_series_and_time);
  while (!loose_.empty()) {
    // The times of a record are 32-bit distances; what does not fit waits.
    const std::int64_t base =
        std::ranges::min(loose_, {}, &SeriesSample::t_ms).t_ms;
    std::vector<SeriesSample> now;
    std::vector<SeriesSample> later;
    std::size_t weight = 0;
    for (const SeriesSample& sample : loose_) {
      const bool fits = now.size() < kLooseItemsMax &&
                        sample.t_ms - base <= kLooseSpanMs &&
                        weight <= kLooseWeightMax;
      (fits ? now : later).push_back(sample);
      const FloatHistogram* const histogram = histogram_of(sample);
      if (fits && histogram != nullptr) weight += histogram->sample_weight();
    }
    loose_.swap(later);
    LooseBody body{
        .previous = root_.last_loose,
        .base_ms = std::ranges::min(now, {}, &SeriesSample::t_ms).t_ms,
        .max_ms = std::ranges::max(now, {}, &SeriesSample::t_ms).t_ms,
        .newest_ms = 0,
        .count = static_cast<std::uint32_t>(now.size()),
        .cells_bytes = 0};
    std::string cells;
    append_loose_cells(now, body.base_ms, cells);
    body.cells_bytes = static_cast<std::uint32_t>(cells.size());
    loose_newest_ms_ = std::max(loose_newest_ms_, body.max_ms);
    body.newest_ms = loose_newest_ms_;
    std::string record;
    append_struct(record, body);
    for (const SeriesSample& sample : now) append_le(record, sample.series);
    for (const SeriesSample& sample : now)
      append_le(record, static_cast<std::uint32_t>(sample.t_ms - body.base_ms));
    for (const SeriesSample& sample : now) append_le(record, sample.bits);
    record += cells;
    root_.last_loose = stage(RecordType::kLoose, 0, kNone, record);
  }
}

// -- late samples

// Late samples are rare, so they may cost a look at the store: what it has at
// their times decides.  Everything before them is made visible first.
Status Writer::settle_late() {
  if (late_.empty()) return {};
  if (Status written = write_batch(); !written) return written;
  const auto snapshot = Snapshot::open(path_, ctl_);
  if (!snapshot) return fail(snapshot.error());
  std::vector<SeriesSample> late;
  late.swap(late_);
  std::ranges::stable_sort(late, by_series_and_time);
  std::vector<SeriesId> series;
  for (const SeriesSample& sample : late) {
    if (series.empty() || series.back() != sample.series)
      series.push_back(sample.series);
  }
  const std::int64_t from =
      std::ranges::min(late, {}, &SeriesSample::t_ms).t_ms;
  const SampleReader reader(*snapshot, series, from,
                            std::numeric_limits<std::int64_t>::max());
  std::unique_ptr<const ViewSelection> closed;
  if (from <= closed_newest_ms_) {
    const auto parts = closed_parts();
    if (!parts) {
      late_.swap(late);
      return fail(parts.error());
    }
    std::vector<Labels> labels;
    labels.reserve(series.size());
    for (const SeriesId id : series) labels.push_back(labels_of(id));
    closed =
        (*parts)->find(labels, from, std::numeric_limits<std::int64_t>::max());
  }
  Samples stored;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < series.size(); ++i) {
    std::size_t end = begin;
    while (end < late.size() && late[end].series == series[i]) ++end;
    stored.clear();
    if (closed) closed->append(i, stored);
    reader.append(i, stored);
    put_in_order(stored, 0);
    stored.end_series();
    settle_series(std::span(late).subspan(begin, end - begin), stored.of(0));
    begin = end;
  }
  return {};
}

// REQUIRES: both ascending; stored from the first of the late times on.
void Writer::settle_series(std::span<const SeriesSample> late,
                           const SeriesSamples& stored) {
  const auto times = stored.t_ms;
  const auto values = stored.value;
  const auto stored_histogram = [&](std::size_t i) {
    return stored.histogram.empty() ? nullptr : stored.histogram[i];
  };
  Touched newest;
  bool any = !times.empty();
  if (any) newest = {times.back(), std::bit_cast<std::uint64_t>(values.back())};
  const SeriesSample* before = nullptr;  // taken, of this series
  for (const SeriesSample& sample : late) {
    const auto at = std::ranges::lower_bound(times, sample.t_ms);
    const bool there = at != times.end() && *at == sample.t_ms;
    const bool again = before != nullptr && before->t_ms == sample.t_ms;
    if (there || again) {
      const auto place = static_cast<std::size_t>(at - times.begin());
      const bool same =
          again
              ? before->bits == sample.bits &&
                    same_histogram(histogram_of(*before), histogram_of(sample))
              : std::bit_cast<std::uint64_t>(values[place]) == sample.bits &&
                    same_histogram(stored_histogram(place),
                                   histogram_of(sample));
      if (same) {
        ++counters_.repeated;
      } else {
        refuse(Refusal::kDuplicate, sample.series, sample.t_ms);
      }
      continue;
    }
    if (any && sample.t_ms < newest.t_ms - options_.out_of_order_window_ms) {
      refuse(Refusal::kTooOld, sample.series, sample.t_ms);
      continue;
    }
    if (any && sample.t_ms < newest.t_ms) ++counters_.out_of_order;
    if (!any || sample.t_ms > newest.t_ms) newest = {sample.t_ms, sample.bits};
    any = true;
    before = &sample;
    accept_loose(sample);
  }
  if (any) touch(late.front().series, newest.t_ms, newest.bits);
}

}  // namespace prom::store
