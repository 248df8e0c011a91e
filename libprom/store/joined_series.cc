#include "libprom/store/joined_series.h"

#include <algorithm>
#include <limits>
#include <ranges>

#include "libprom/model/sample.h"

namespace prom::store {
namespace {

constexpr std::int64_t kFirst = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();

void drop_bins(Bins& bins, std::span<const TimeRange> deleted) {
  std::vector<bool> gone(bins.size());
  for (std::size_t i = 0; i < bins.size(); ++i) {
    gone[i] = std::ranges::any_of(deleted, [&](const TimeRange& range) {
      return range.min_ms <= bins.last_ms[i] &&
             range.max_ms >= bins.first_ms[i];
    });
  }
  bins.erase(0, gone);
}

// Appends those that are after what is there.
void append_after(const Bins& from, Bins& into) {
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (into.empty() || from.first_ms[i] > into.last_ms.back())
      into.push(from.at(i), kBinAll);
  }
}

bool is_histogram(const Samples& samples, std::size_t at) {
  return !samples.histogram.empty() && samples.histogram[at] != nullptr;
}

std::int64_t start_of(const Samples& samples, std::size_t at) {
  return samples.start_ms.empty() ? 0 : samples.start_ms[at];
}

void push_from(const Samples& from, std::size_t at, Samples& into) {
  if (is_histogram(from, at)) {
    into.push(from.t_ms[at], *from.histogram[at]);
  } else {
    into.push(from.t_ms[at], from.value[at]);
  }
  if (const std::int64_t start_ms = start_of(from, at); start_ms != 0)
    into.set_start(start_ms);
}

// Of native histograms the last in each window.
Samples thin_histograms(const Samples& samples, std::int64_t window_ms) {
  Samples thin;
  for (std::size_t i = 0; i < samples.t_ms.size(); ++i) {
    if (!is_histogram(samples, i)) continue;
    std::size_t next = i + 1;
    while (next < samples.t_ms.size() && !is_histogram(samples, next)) ++next;
    const bool is_last = next == samples.t_ms.size() ||
                         window_end_ms(samples.t_ms[next], window_ms) !=
                             window_end_ms(samples.t_ms[i], window_ms);
    if (is_last) push_from(samples, i, thin);
  }
  return thin;
}

}  // namespace

Status JoinedSeries::add(const block::BlockPart& part,
                         std::span<const TimeRange> deleted, Stays stays) {
  Input& input = inputs_.emplace_back();
  input.stays = stays;
  Status read = part.block->read(part.series, kFirst, kLast, input.samples);
  if (!read) return read;
  drop_ranges(input.samples, 0, deleted);
  for (std::size_t i = 0; i < kResolutions; ++i) {
    auto bins = part.block->bins(part.series, i);
    if (!bins) return fail(std::move(bins).error());
    input.alone[i] = std::move(bins->alone);
    drop_bins(input.alone[i], deleted);
  }
  return {};
}

// Samples become bins, and short bins go where only long ones stay.
void JoinedSeries::thin_out(Input& input, Stays stays) {
  std::vector<std::int64_t> t_ms;
  std::vector<double> values;
  for (std::size_t i = 0; i < input.samples.t_ms.size(); ++i) {
    if (is_histogram(input.samples, i) || is_stale_nan(input.samples.value[i]))
      continue;
    t_ms.push_back(input.samples.t_ms[i]);
    values.push_back(input.samples.value[i]);
  }
  Bins fine;
  make_bins(values, BinLayout::of(t_ms, kResolutionsMs[0]), fine);
  Bins coarse;
  join_bins(fine, kResolutionsMs[1], coarse);
  append_after(fine, input.alone[0]);
  append_after(coarse, input.alone[1]);
  if (stays == Stays::kHours) input.alone[0].clear();
  input.samples = thin_histograms(
      input.samples, kResolutionsMs[stays == Stays::kHours ? 1 : 0]);
}

void JoinedSeries::append(const Input& input, Stays stays) {
  if (stays != Stays::kHours) append_after(input.alone[0], alone_[0]);
  append_after(input.alone[1], alone_[1]);
  for (std::size_t i = 0; i < input.samples.t_ms.size(); ++i)
    push_from(input.samples, i, samples_);
}

void JoinedSeries::finish() {
  // From the back: nothing is finer than what comes after it.
  std::vector<Stays> stays(inputs_.size());
  Stays later = Stays::kSamples;
  for (std::size_t i = inputs_.size(); i-- > 0;) {
    Input& input = inputs_[i];
    later = std::max(later, input.stays);
    // What it has been thinned to already, its last part at least.
    const Bins& fine = input.alone[0];
    const Bins& coarse = input.alone[1];
    const bool only_hours =
        !coarse.empty() &&
        (fine.empty() || coarse.last_ms.back() < fine.last_ms.front());
    const bool no_floats = std::ranges::none_of(
        std::views::iota(std::size_t{0}, input.samples.t_ms.size()),
        [&](std::size_t at) { return !is_histogram(input.samples, at); });
    stays[i] = later;
    if (no_floats && !coarse.empty())
      stays[i] =
          std::max(later, only_hours ? Stays::kHours : Stays::kFiveMinutes);
    // Before what has hours only in its first part come hours only.
    if (!coarse.empty())
      later = std::max(
          later, fine.empty() || coarse.last_ms.front() < fine.first_ms.front()
                     ? Stays::kHours
                     : Stays::kFiveMinutes);
  }
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (stays[i] != Stays::kSamples) thin_out(inputs_[i], stays[i]);
    append(inputs_[i], stays[i]);
  }
  inputs_.clear();
  put_in_order(samples_, 0);
  if (!alone_[1].empty()) {
    // Floats of times that are statistics now.
    const std::int64_t last_ms = alone_[1].last_ms.back();
    Samples kept;
    for (std::size_t i = 0; i < samples_.t_ms.size(); ++i) {
      if (is_histogram(samples_, i) || samples_.t_ms[i] > last_ms)
        push_from(samples_, i, kept);
    }
    samples_ = std::move(kept);
  }
  samples_.end_series();
}

bool JoinedSeries::empty() const {
  return samples_.t_ms.empty() && alone_[1].empty();
}

}  // namespace prom::store
