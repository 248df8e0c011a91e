// Functions of range vectors: each maps the samples of one series in one
// window to at most one value.  Internal to query/.
//
// A function is a plain pointer, called once per series and step; what does
// not change from step to step is computed once per series and handed in.
#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "libprom/model/histogram.h"
#include "libprom/promql/functions.h"
#include "libprom/query/cells.h"
#include "libprom/query/context.h"

namespace prom::query {

// Where a function leaves its annotations.  The metric's name is looked up
// only when there is something to say.
class WindowNotes {
 public:
  WindowNotes(Annotations& into, const Selection& selection, TextRange where)
      : into_(into), selection_(selection), where_(where) {}

  void set_series(std::size_t series) {
    series_ = series;
    name_known_ = false;
  }
  const std::string& metric();
  Annotations& into() { return into_; }
  [[nodiscard]] TextRange where() const { return where_; }

  void warn(std::string text) { into_.warn(std::move(text), where_); }
  void info(std::string text) { into_.info(std::move(text), where_); }

 private:
  Annotations& into_;
  const Selection& selection_;
  const TextRange where_;
  std::size_t series_ = 0;
  bool name_known_ = false;
  std::string name_;
};

// Samples of one kind; start_ms is empty unless start timestamps are in use.
struct FloatSamples {
  std::span<const std::int64_t> t_ms;
  std::span<const double> value;
  std::span<const std::int64_t> start_ms;

  [[nodiscard]] std::size_t size() const { return t_ms.size(); }
  [[nodiscard]] bool empty() const { return t_ms.empty(); }
  [[nodiscard]] std::int64_t start(std::size_t at) const {
    return start_ms.empty() ? 0 : start_ms[at];
  }
};
struct HistogramSamples {
  std::span<const std::int64_t> t_ms;
  std::span<const FloatHistogram* const> value;
  std::span<const std::int64_t> start_ms;

  [[nodiscard]] std::size_t size() const { return t_ms.size(); }
  [[nodiscard]] bool empty() const { return t_ms.empty(); }
  [[nodiscard]] std::int64_t start(std::size_t at) const {
    return start_ms.empty() ? 0 : start_ms[at];
  }
};

struct Window {
  // Without stale markers.  Of an anchored or smoothed selector they reach
  // beyond the window by the lookback.
  FloatSamples floats;
  HistogramSamples histograms;
  std::int64_t start_ms = 0;  // exclusive
  std::int64_t end_ms = 0;    // inclusive
  std::int64_t range_ms = 0;
  std::int64_t time_ms = 0;  // evaluation time
  // False when no float of the series is below the one before and there are
  // no start timestamps: what counters mostly look like.
  bool may_reset = true;
  bool anchored = false;
  bool smoothed = false;
  // Scalar arguments of the function at this step, in their order.
  double argument = 0;
  double argument_2 = 0;
};

struct WindowValue {
  CellKind kind = CellKind::kNone;
  double value = 0;
  HistogramPtr histogram;

  static WindowValue none() { return {}; }
  static WindowValue of(double value) {
    return {CellKind::kFloat, value, nullptr};
  }
  static WindowValue of(FloatHistogram histogram) {
    return {CellKind::kHistogram, 0,
            std::make_shared<FloatHistogram>(std::move(histogram))};
  }
};

using WindowFunction = WindowValue (*)(const Window&, WindowNotes&);

// Null when there is no such function in the family.
WindowFunction find_counter_function(promql::FunctionId id);
WindowFunction find_trend_function(promql::FunctionId id);
WindowFunction find_over_time_function(promql::FunctionId id);
inline WindowFunction find_window_function(promql::FunctionId id) {
  if (auto* found = find_counter_function(id)) return found;
  if (auto* found = find_trend_function(id)) return found;
  return find_over_time_function(id);
}

// counter_functions.cc: what rate, increase and delta make of the increase of
// floats between two samples.
struct FloatIncrease {
  std::int64_t first_ms = 0;
  std::int64_t last_ms = 0;
  std::size_t gaps = 0;  // samples - 1, at least 1
  double first_value = 0;
  double value = 0;
};
double extrapolated_increase(const Window& window, const FloatIncrease& from,
                             bool is_counter, bool per_second);

// extended.cc: rate, increase and delta of anchored and smoothed selectors.
WindowValue extended_increase(const Window& window, WindowNotes& notes,
                              bool is_counter, bool per_second);

// extended.cc: the samples of such a selector with values at both ends of its
// range; none when it has none.  REQUIRES: there are floats.
std::vector<FloatPoint> extended_samples(const Window& window);

// Whether a counter restarted between two samples, judged by when they say
// that it started; 0 is unknown.
struct StartTimes {
  std::int64_t before_start_ms = 0;
  std::int64_t before_ms = 0;
  std::int64_t start_ms = 0;
  std::int64_t t_ms = 0;
};
bool restarted(const StartTimes& times);

// The value at rank quantile * (n - 1), interpolated; NaN sorts first.  Sorts
// `values`.
double quantile_of(double quantile, std::vector<double>& values);

// Adds or subtracts and leaves notes; false when the schemas do not mix.
bool add_noted(FloatHistogram& into, const FloatHistogram& other,
               WindowNotes& notes);
bool subtract_noted(FloatHistogram& from, const FloatHistogram& other,
                    WindowNotes& notes);

}  // namespace prom::query
