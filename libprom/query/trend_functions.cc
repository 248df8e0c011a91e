// deriv, predict_linear, double_exponential_smoothing.
#include <cmath>
#include <limits>

#include "libprom/base/kahan.h"
#include "libprom/query/notes.h"
#include "libprom/query/window.h"

namespace prom::query {

using promql::FunctionId;

namespace {

struct Line {
  double slope = 0;  // per second
  double intercept = 0;
};

// Least squares; the intercept is the value at `origin_ms`.
Line fit_line(const FloatSamples& f, std::int64_t origin_ms) {
  constexpr double kMsPerSecond = 1000;
  KahanSum sum_x;
  KahanSum sum_y;
  KahanSum sum_xy;
  KahanSum sum_xx;
  bool constant = true;
  for (std::size_t i = 0; i < f.size(); ++i) {
    const double y = f.value[i];
    if (y != f.value[0]) constant = false;
    const double x = static_cast<double>(f.t_ms[i] - origin_ms) / kMsPerSecond;
    sum_x.add(x);
    sum_y.add(y);
    sum_xy.add(x * y);
    sum_xx.add(x * x);
  }
  if (constant) {
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
    if (std::isinf(f.value[0])) return {kNan, kNan};
    return {0, f.value[0]};
  }
  const auto n = static_cast<double>(f.size());
  const double x = sum_x.value();
  const double y = sum_y.value();
  const double covariance = sum_xy.value() - x * y / n;
  const double variance = sum_xx.value() - x * x / n;
  const double slope = covariance / variance;
  return {slope, y / n - slope * x / n};
}

// True when there are floats enough for a trend; says so when histograms among
// them are ignored.
bool has_trend(const Window& window, WindowNotes& notes) {
  const std::size_t floats = window.floats.size();
  if (floats > 0 && !window.histograms.empty()) {
    notes.info(notes::histogram_ignored_in_range(notes.metric()));
  }
  return floats >= 2;
}

WindowValue deriv(const Window& window, WindowNotes& notes) {
  if (!has_trend(window, notes)) return WindowValue::none();
  // An origin near the samples loses the fewest digits.
  return WindowValue::of(
      fit_line(window.floats, window.floats.t_ms.front()).slope);
}

WindowValue predict_linear(const Window& window, WindowNotes& notes) {
  if (!has_trend(window, notes)) return WindowValue::none();
  const Line line = fit_line(window.floats, window.time_ms);
  return WindowValue::of(line.slope * window.argument + line.intercept);
}

WindowValue smooth_twice(const Window& window, WindowNotes& notes) {
  if (!has_trend(window, notes)) return WindowValue::none();
  const double smoothing = window.argument;
  const double trending = window.argument_2;
  const auto& values = window.floats.value;
  double before = 0;
  double smoothed = values[0];
  double trend = values[1] - values[0];
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (i > 1) {
      trend = trending * (smoothed - before) + (1 - trending) * trend;
    }
    const double next =
        smoothing * values[i] + (1 - smoothing) * (smoothed + trend);
    before = smoothed;
    smoothed = next;
  }
  return WindowValue::of(smoothed);
}

}  // namespace

WindowFunction find_trend_function(FunctionId id) {
  switch (id) {
    case FunctionId::kDeriv:
      return deriv;
    case FunctionId::kPredictLinear:
      return predict_linear;
    case FunctionId::kDoubleExponentialSmoothing:
      return smooth_twice;
    default:
      return nullptr;
  }
}

}  // namespace prom::query
