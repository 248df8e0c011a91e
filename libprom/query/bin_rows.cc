#include "libprom/query/bin_rows.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "libprom/base/kahan.h"
#include "libprom/query/window.h"

namespace prom::query {

using promql::FunctionId;

namespace {

constexpr double kMsPerSecond = 1000;
// Ranges that are not at multiples of a window cut it: so many windows apart
// at least, most of them stay whole.
constexpr std::int64_t kWindowsPerStep = 4;
// A range of fewer windows is read as fast sample by sample.
constexpr std::int64_t kWindowsPerRange = 2;
constexpr double kSamplesPerBin = 2;
// Bins that are looked at before the query is checked again.
constexpr std::size_t kCheckEvery = std::size_t{1} << 20;

std::optional<unsigned> columns_of(FunctionId function) {
  switch (function) {
    case FunctionId::kCountOverTime:
    case FunctionId::kPresentOverTime:
    case FunctionId::kAbsentOverTime:
    case FunctionId::kTsOfFirstOverTime:
    case FunctionId::kTsOfLastOverTime:
      return 0;
    case FunctionId::kFirstOverTime:
    case FunctionId::kLastOverTime:
    case FunctionId::kDelta:
      return kBinEnds;
    case FunctionId::kRate:
    case FunctionId::kIncrease:
      return kBinEnds | kBinTaken;
    case FunctionId::kMinOverTime:
    case FunctionId::kMaxOverTime:
      return kBinExtremes;
    case FunctionId::kSumOverTime:
    case FunctionId::kAvgOverTime:
      return kBinSums;
    default:
      return std::nullopt;
  }
}

// As the functions of over_time.cc choose among samples.
template <typename Beats>
double best(const std::vector<double>& values, std::size_t begin,
            std::size_t end, Beats beats) {
  double found = values[begin];
  for (std::size_t i = begin; i < end; ++i) {
    if (beats(values[i], found) || std::isnan(found)) found = values[i];
  }
  return found;
}

double sum_of(const std::vector<double>& values, std::size_t begin,
              std::size_t end) {
  double sum = 0;
  for (std::size_t i = begin; i < end; ++i) sum += values[i];
  return sum;
}

KahanSum compensated(const std::vector<double>& values, std::size_t begin,
                     std::size_t end) {
  KahanSum sum;
  for (std::size_t i = begin; i < end; ++i) sum.add(values[i]);
  return sum;
}

// The multiple of a window at or before a time.
std::int64_t down_to(std::int64_t t_ms, std::int64_t window_ms) {
  if (window_ms == 0) return t_ms;
  const std::int64_t end_ms = window_end_ms(t_ms, window_ms);
  return end_ms == t_ms ? t_ms : end_ms - window_ms;
}

}  // namespace

std::optional<BinRows> BinRows::make(FunctionId function,
                                     std::vector<std::int64_t> ends_ms,
                                     std::int64_t range_ms) {
  const auto columns = columns_of(function);
  if (!columns || ends_ms.empty()) return std::nullopt;
  BinRows rows;
  rows.function_ = function;
  rows.columns_ = *columns;
  rows.ends_ms_ = std::move(ends_ms);
  rows.range_ms_ = range_ms;
  rows.choose_resolution();
  return rows;
}

void BinRows::choose_resolution() {
  const std::int64_t step_ms = ends_ms_.back() == ends_ms_.front()
                                   ? INT64_MAX
                                   : ends_ms_[1] - ends_ms_[0];
  for (const std::int64_t window_ms : kResolutionsMs) {
    if (range_ms_ / window_ms < kWindowsPerRange) continue;
    const bool aligned = range_ms_ % window_ms == 0 &&
                         ends_ms_.front() % window_ms == 0 &&
                         (step_ms == INT64_MAX || step_ms % window_ms == 0);
    if (aligned || step_ms / window_ms >= kWindowsPerStep)
      resolution_ms_ = window_ms;
  }
}

BinRequest BinRows::request(Resolution use) const {
  return {.ends_ms = ends_ms_,
          .range_ms = range_ms_,
          .columns = columns_,
          .resolution_ms = resolution_ms_,
          .use = use};
}

void BinRows::index(const Bins& bins) {
  begin_ = end_ = 0;
  key_ms_ = bins.last_ms;
  for (std::size_t i = 0; i < bins.resolution_ms.size(); ++i) {
    if (bins.resolution_ms[i] != 0)
      key_ms_[i] = window_end_ms(bins.last_ms[i], bins.resolution_ms[i]);
  }
}

BinRows::Some BinRows::bins_of(const Bins& bins, std::int64_t end_ms) {
  while (begin_ < key_ms_.size() && key_ms_[begin_] <= end_ms - range_ms_)
    ++begin_;
  end_ = std::max(end_, begin_);
  while (end_ < key_ms_.size() && key_ms_[end_] <= end_ms) ++end_;
  Some some{begin_, end_};
  if (some.begin < some.end || some.end == 0) return some;
  // A range that is shorter than a window has the one that ended last.
  const std::size_t newest = some.end - 1;
  const std::int64_t window_ms = bins.resolution(newest);
  if (window_ms == 0 || key_ms_[newest] <= end_ms - window_ms) return some;
  while (some.begin > 0 && key_ms_[some.begin - 1] == key_ms_[newest])
    --some.begin;
  return some;
}

// REQUIRES: two samples at least.
double BinRows::increase_of(const Bins& bins, const Some& some,
                            std::int64_t end_ms) const {
  const std::size_t last = some.end - 1;
  const bool is_counter = function_ != FunctionId::kDelta;
  FloatIncrease increase{.first_ms = bins.first_ms[some.begin],
                         .last_ms = bins.last_ms[last],
                         .gaps = static_cast<std::size_t>(
                                     sum_of(bins.count, some.begin, some.end)) -
                                 1,
                         .first_value = bins.first[some.begin],
                         .value = bins.last[last] - bins.first[some.begin]};
  for (std::size_t i = some.begin; is_counter && i < some.end; ++i) {
    if (i > some.begin && bins.first[i] < bins.last[i - 1])
      increase.value += bins.last[i - 1];
    // Of what goes up and down the ends are all that is known.
    const double taken = bins.taken[i];
    if (std::isnan(taken) && bins.last[i] < bins.first[i])
      increase.value += bins.first[i];
    if (!std::isnan(taken) && taken != 0) increase.value += taken;
  }
  Window window;
  window.end_ms = down_to(end_ms, bins.resolution(last));
  window.start_ms = down_to(end_ms - range_ms_, bins.resolution(some.begin));
  if (window.start_ms >= window.end_ms)
    window.start_ms = window.end_ms - bins.resolution(last);
  window.range_ms = window.end_ms - window.start_ms;
  const double value = extrapolated_increase(window, increase, is_counter,
                                             function_ == FunctionId::kRate);
  if (function_ == FunctionId::kRate || window.range_ms == range_ms_)
    return value;
  return value * static_cast<double>(range_ms_) /
         static_cast<double>(window.range_ms);
}

bool BinRows::value_of(const Bins& bins, const Some& some, std::int64_t end_ms,
                       double& value) {
  const auto [begin, end] = some;
  switch (function_) {
    case FunctionId::kCountOverTime:
      value = sum_of(bins.count, begin, end);
      return true;
    case FunctionId::kFirstOverTime:
      value = bins.first[begin];
      return true;
    case FunctionId::kLastOverTime:
      value = bins.last[end - 1];
      return true;
    case FunctionId::kTsOfFirstOverTime:
      value = static_cast<double>(bins.first_ms[begin]) / kMsPerSecond;
      return true;
    case FunctionId::kTsOfLastOverTime:
      value = static_cast<double>(bins.last_ms[end - 1]) / kMsPerSecond;
      return true;
    case FunctionId::kMinOverTime:
      value = best(bins.min, begin, end, std::less<>());
      return true;
    case FunctionId::kMaxOverTime:
      value = best(bins.max, begin, end, std::greater<>());
      return true;
    case FunctionId::kSumOverTime: {
      const KahanSum sum = compensated(bins.sum, begin, end);
      value = std::isinf(sum.sum) ? sum.sum : sum.value();
      return true;
    }
    case FunctionId::kAvgOverTime: {
      const KahanSum sum = compensated(bins.sum, begin, end);
      const double count = sum_of(bins.count, begin, end);
      // The mean of what overflows is worked out sample by sample.
      if (std::isinf(sum.sum)) needs_samples_ = true;
      value = sum.sum / count + sum.lost / count;
      return true;
    }
    case FunctionId::kRate:
    case FunctionId::kIncrease:
    case FunctionId::kDelta:
      if (sum_of(bins.count, begin, end) < 2) return false;
      value = increase_of(bins, some, end_ms);
      return true;
    default:  // that there is one is all it says
      value = 1;
      return true;
  }
}

Result<bool> BinRows::fill(const Bins& bins, const QueryContext& query,
                           Cells& into, std::size_t at, bool& any) {
  // Rounded sums may cancel each other out.
  const bool exact = std::ranges::all_of(
      bins.resolution_ms,
      [](std::int64_t window_ms) { return window_ms == 0; });
  needs_samples_ =
      exact && std::ranges::any_of(bins.sum, [](double s) { return s < 0; });
  // Where most are samples, as of a gauge whose rate is asked for, samples are
  // faster by themselves.
  if (exact && is_worth_it() &&
      sum_of(bins.count, 0, bins.size()) <
          kSamplesPerBin * static_cast<double>(bins.size()))
    needs_samples_ = true;
  if (needs_samples_) return false;
  index(bins);
  any = false;
  std::size_t unchecked = 0;
  for (std::size_t step = 0; step < ends_ms_.size(); ++step) {
    const Some some = bins_of(bins, ends_ms_[step]);
    unchecked += some.end - some.begin;
    if (unchecked > kCheckEvery) {
      unchecked = 0;
      Status ok = query.check();
      if (!ok) return fail(std::move(ok).error());
    }
    double value = 0;
    if (some.begin == some.end || !value_of(bins, some, ends_ms_[step], value))
      continue;
    if (needs_samples_ && exact) return false;
    into.set(at + step, value);
    any = true;
  }
  return true;
}

}  // namespace prom::query
