#include "libprom/query/increase_rows.h"

#include <algorithm>

namespace prom::query {

using promql::FunctionId;

namespace {

constexpr double kMsPerSecond = 1000;

double seconds(std::int64_t from_ms, std::int64_t to_ms) {
  return static_cast<double>(to_ms - from_ms) / kMsPerSecond;
}

}  // namespace

std::optional<IncreaseRows> IncreaseRows::make(
    FunctionId function, std::vector<std::int64_t> ends_ms,
    std::int64_t range_ms) {
  IncreaseRows rows;
  rows.is_counter_ = function != FunctionId::kDelta;
  rows.per_second_ = function == FunctionId::kRate;
  if (function != FunctionId::kDelta && function != FunctionId::kRate &&
      function != FunctionId::kIncrease)
    return std::nullopt;
  rows.ends_ms_ = std::move(ends_ms);
  rows.range_ms_ = range_ms;
  rows.range_s_ = static_cast<double>(range_ms) / kMsPerSecond;
  return rows;
}

// See extrapolation() in counter_functions.cc for the rule.
void IncreaseRows::plan(std::span<const std::int64_t> t_ms) {
  planned_ms_.assign(t_ms.begin(), t_ms.end());
  windows_.assign(ends_ms_.size(), Window());
  std::size_t begin = 0;
  std::size_t end = 0;
  for (std::size_t step = 0; step < ends_ms_.size(); ++step) {
    const std::int64_t end_ms = ends_ms_[step];
    const std::int64_t start_ms = end_ms - range_ms_;
    while (begin < t_ms.size() && t_ms[begin] <= start_ms) ++begin;
    while (end < t_ms.size() && t_ms[end] <= end_ms) ++end;
    if (end < begin + 2) continue;
    const std::int64_t first_ms = t_ms[begin];
    const std::int64_t last_ms = t_ms[end - 1];
    Window& window = windows_[step];
    window.first = static_cast<std::uint32_t>(begin);
    window.last = static_cast<std::uint32_t>(end - 1);
    window.sampled_s = seconds(first_ms, last_ms);
    window.to_start_s = seconds(start_ms, first_ms);
    window.to_end_s = seconds(last_ms, end_ms);
    const double gap =
        window.sampled_s / static_cast<double>(window.last - window.first);
    constexpr double kTolerance = 1.1;
    const double threshold = gap * kTolerance;
    if (window.to_start_s >= threshold) window.to_start_s = gap / 2;
    if (window.to_end_s >= threshold) window.to_end_s = gap / 2;
  }
}

bool IncreaseRows::fill(std::span<const std::int64_t> t_ms,
                        std::span<const double> values, Cells& into,
                        std::size_t at) {
  if (!std::ranges::equal(planned_ms_, t_ms)) plan(t_ms);
  const auto kinds = into.kinds().subspan(at, windows_.size());
  const auto out = into.values().subspan(at, windows_.size());
  bool any = false;
  for (std::size_t step = 0; step < windows_.size(); ++step) {
    const Window& window = windows_[step];
    if (window.last <= window.first) continue;
    const double first = values[window.first];
    const double increase = values[window.last] - first;
    double to_start = window.to_start_s;
    if (is_counter_ && increase > 0 && first >= 0)
      to_start = std::min(to_start, window.sampled_s * (first / increase));
    double factor =
        (window.sampled_s + to_start + window.to_end_s) / window.sampled_s;
    if (per_second_) factor /= range_s_;
    out[step] = increase * factor;
    kinds[step] = CellKind::kFloat;
    any = true;
  }
  return any;
}

}  // namespace prom::query
