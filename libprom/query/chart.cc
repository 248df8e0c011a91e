#include "libprom/query/chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "libprom/base/duration.h"
#include "libprom/base/number.h"
#include "libprom/query/format_internal.h"

namespace prom::query {

// Halves, because the difference of the largest numbers is infinite.
double Extent::up(double value) const {
  const double half_span = high / 2 - low / 2;
  return std::clamp((value / 2 - low / 2) / half_span, 0.0, 1.0);
}

double Extent::along(std::int64_t t_ms) const {
  return static_cast<double>(t_ms - first_ms) /
         std::max(1.0, static_cast<double>(span_ms()));
}

Extent extent_of(const std::vector<const Series*>& series) {
  Extent extent;
  for (const Series* one : series) {
    for (const FloatPoint& point : one->floats) {
      extent.first_ms = std::min(extent.first_ms, point.t_ms);
      extent.last_ms = std::max(extent.last_ms, point.t_ms);
      if (!std::isfinite(point.value)) continue;
      extent.low = std::min(extent.low, point.value);
      extent.high = std::max(extent.high, point.value);
    }
  }
  return extent;
}

void round_out(Extent& extent) {
  if (extent.low > 0 && extent.low < extent.high / 2) extent.low = 0;
  double span = extent.high - extent.low;
  if (!std::isfinite(span)) return;  // of the largest numbers there are
  if (span == 0) {
    const double band = extent.high == 0 ? 1 : std::abs(extent.high) / 2;
    extent.low -= extent.low == 0 ? 0 : band;
    extent.high += band;
    span = extent.high - extent.low;
  }
  const double unit = std::pow(10, std::floor(std::log10(span)) - 1);
  if (!std::isfinite(unit) || unit == 0) return;
  extent.low = std::floor(extent.low / unit) * unit;
  extent.high = std::ceil(extent.high / unit) * unit;
}

std::string axis_label(double value) {
  struct Magnitude {
    double factor;
    std::string_view suffix;
  };
  constexpr Magnitude kMagnitudes[] = {
      {1e15, "P"}, {1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}};
  std::string_view suffix;
  for (const Magnitude& magnitude : kMagnitudes) {
    if (std::abs(value) < magnitude.factor) continue;
    value /= magnitude.factor;
    suffix = magnitude.suffix;
    break;
  }
  if (value != 0) {
    const double digits = std::floor(std::log10(std::abs(value)));
    const double scale = std::pow(10, 3 - digits);
    if (std::isfinite(scale)) value = std::round(value * scale) / scale;
  }
  std::string text;
  append_float_go_g(text, value);
  return text + std::string(suffix);
}

std::int64_t gap_of(const std::vector<const Series*>& series) {
  std::int64_t step_ms = std::numeric_limits<std::int64_t>::max() / 2;
  for (const Series* one : series) {
    for (std::size_t i = 1; i < one->floats.size(); ++i)
      step_ms =
          std::min(step_ms, one->floats[i].t_ms - one->floats[i - 1].t_ms);
  }
  return step_ms + step_ms / 2;
}

std::string clock_label(std::int64_t t_ms, std::int64_t span_ms) {
  const std::string text = format_rfc3339(t_ms / 1000 * 1000);
  if (span_ms < kDayMs) return text.substr(11, 8);
  return text.substr(0, 16);
}

std::vector<const Series*> lines_of(const QueryResult& result,
                                    const View& view) {
  std::vector<const Series*> lines = ordered(result, view);
  std::erase_if(lines, [](const Series* one) { return one->floats.empty(); });
  return lines;
}

std::vector<double> value_ticks(const Extent& extent, std::size_t count_max) {
  const double rough =
      (extent.high / 2 - extent.low / 2) / static_cast<double>(count_max) * 2;
  const double unit = std::pow(10, std::floor(std::log10(rough)));
  if (!std::isfinite(unit) || unit == 0) return {extent.low, extent.high};
  double step = unit * 10;
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (unit * factor < rough) continue;
    step = unit * factor;
    break;
  }
  std::vector<double> ticks;
  const double first = std::ceil(extent.low / step);
  for (std::size_t i = 0; i <= count_max; ++i) {
    const double tick = (first + static_cast<double>(i)) * step;
    if (tick > extent.high + step * 1e-9) break;
    ticks.push_back(tick);
  }
  return ticks;
}

std::vector<std::int64_t> time_ticks(const Extent& extent,
                                     std::size_t count_max) {
  constexpr auto kSteps = std::to_array<std::int64_t>(
      {kSecondMs,      5 * kSecondMs,  15 * kSecondMs, 30 * kSecondMs,
       kMinuteMs,      2 * kMinuteMs,  5 * kMinuteMs,  10 * kMinuteMs,
       15 * kMinuteMs, 30 * kMinuteMs, kHourMs,        2 * kHourMs,
       3 * kHourMs,    6 * kHourMs,    12 * kHourMs,   kDayMs,
       2 * kDayMs,     kWeekMs,        4 * kWeekMs,    13 * kWeekMs,
       kYearMs});
  const std::int64_t rough =
      extent.span_ms() / static_cast<std::int64_t>(count_max);
  const auto* const found = std::ranges::lower_bound(kSteps, rough);
  const std::int64_t step =
      found == kSteps.end() ? (rough / kYearMs + 1) * kYearMs : *found;
  std::vector<std::int64_t> ticks;
  std::int64_t tick = extent.first_ms / step * step;
  if (tick < extent.first_ms) tick += step;
  for (; tick <= extent.last_ms; tick += step) ticks.push_back(tick);
  return ticks;
}

}  // namespace prom::query
