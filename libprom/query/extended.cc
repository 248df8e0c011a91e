// Anchored and smoothed selectors: values at the very ends of a window, taken
// from the sample before it or interpolated, instead of extrapolated.
#include <algorithm>
#include <cmath>

#include "libprom/query/evaluator.h"
#include "libprom/query/notes.h"
#include "libprom/query/window.h"
#include "libprom/query/window_stream.h"

namespace prom::query {

namespace {

constexpr double kMsPerSecond = 1000;

// On the line between two samples; a counter that restarted between them is
// taken to have begun at zero.
double interpolate(const FloatSamples& f, std::size_t before, std::int64_t t_ms,
                   bool is_counter) {
  double from = f.value[before];
  const double to = f.value[before + 1];
  if (is_counter && to < from) from = 0;
  return from + (to - from) * static_cast<double>(t_ms - f.t_ms[before]) /
                    static_cast<double>(f.t_ms[before + 1] - f.t_ms[before]);
}

// Nothing when the schemas do not mix.
std::optional<FloatHistogram> interpolate(const HistogramSamples& h,
                                          std::size_t before, std::int64_t t_ms,
                                          bool is_counter, WindowNotes& notes) {
  const FloatHistogram& a = *h.value[before];
  const FloatHistogram& b = *h.value[before + 1];
  if (t_ms == h.t_ms[before]) return a;
  if (t_ms == h.t_ms[before + 1]) return b;
  const double fraction =
      static_cast<double>(t_ms - h.t_ms[before]) /
      static_cast<double>(h.t_ms[before + 1] - h.t_ms[before]);
  FloatHistogram result = b;
  if (is_counter && b.is_reset_since(a)) {
    result.multiply(fraction);
    return result;
  }
  if (!subtract_noted(result, a, notes)) return std::nullopt;
  result.multiply(fraction);
  if (!add_noted(result, a, notes)) return std::nullopt;
  return result;
}

// Which samples stand for the two ends of a window.
struct Ends {
  std::size_t first = 0;
  std::size_t last = 0;
  bool exist = false;
};

Ends find_ends(std::span<const std::int64_t> t_ms, const Window& window) {
  Ends ends;
  ends.last = t_ms.size() - 1;
  const auto inner = t_ms.first(ends.last);
  const auto after_start = static_cast<std::size_t>(
      std::ranges::upper_bound(inner, window.start_ms) - inner.begin());
  ends.first = after_start == 0 ? 0 : after_start - 1;
  if (window.smoothed) {
    ends.last = static_cast<std::size_t>(
        std::ranges::lower_bound(inner, window.end_ms) - inner.begin());
  }
  ends.exist = t_ms[ends.last] > window.start_ms &&
               !(window.smoothed && t_ms[ends.first] > window.end_ms);
  return ends;
}

struct EndValues {
  double left = 0;
  double right = 0;
};

EndValues end_values(const Window& window, const Ends& ends, bool is_counter) {
  const FloatSamples& f = window.floats;
  EndValues values{f.value[ends.first], f.value[ends.last]};
  if (window.smoothed && f.t_ms[ends.first] < window.start_ms) {
    values.left = interpolate(f, ends.first, window.start_ms, is_counter);
  }
  if (window.smoothed && ends.last > 0 && f.t_ms[ends.last] > window.end_ms) {
    values.right = interpolate(f, ends.last - 1, window.end_ms, is_counter);
  }
  return values;
}

WindowValue extended_floats(const Window& window, bool is_counter,
                            bool per_second) {
  const FloatSamples& f = window.floats;
  const Ends ends = find_ends(f.t_ms, window);
  if (!ends.exist) return WindowValue::none();
  const auto [left, right] = end_values(window, ends, is_counter);
  double result = right - left;
  if (is_counter) {
    // Resets between the two ends; those that an interpolation crossed are
    // in its value already.
    double before = left;
    for (std::size_t i = ends.first; i <= ends.last; ++i) {
      if (f.t_ms[i] <= window.start_ms || f.t_ms[i] >= window.end_ms) continue;
      if (f.value[i] < before) result += before;
      before = f.value[i];
    }
    if (right < before) result += before;
  }
  if (per_second) {
    result /= static_cast<double>(window.range_ms) / kMsPerSecond;
  }
  return WindowValue::of(result);
}

// Whether all samples between the ends can be computed with.
bool check_range(const HistogramSamples& h, const Ends& ends, bool is_counter,
                 WindowNotes& notes) {
  const bool custom = h.value[ends.first]->uses_custom_buckets();
  for (std::size_t i = ends.first; i <= ends.last; ++i) {
    if (h.value[i]->uses_custom_buckets() != custom) {
      notes.warn(notes::mixed_schemas(notes.metric()));
      return false;
    }
    if (is_counter &&
        h.value[i]->counter_reset_hint == CounterResetHint::kGauge) {
      notes.warn(notes::not_a_counter(notes.metric()));
    }
  }
  return true;
}

// Adds what was lost in restarts between the ends.
bool add_resets(const Window& window, const Ends& ends,
                const FloatHistogram& left, const FloatHistogram& right,
                FloatHistogram& result, WindowNotes& notes) {
  const HistogramSamples& h = window.histograms;
  std::size_t next = ends.first + 1;
  const FloatHistogram* before = &left;
  if (window.smoothed && h.t_ms[ends.first] < window.start_ms &&
      h.value[next]->is_reset_since(*h.value[ends.first])) {
    // The interpolation at the left end crossed this restart.
    before = h.value[next];
    ++next;
  }
  if (next > ends.last) return true;
  for (; next < ends.last; ++next) {
    if (h.value[next]->is_reset_since(*before) &&
        !add_noted(result, *before, notes)) {
      return false;
    }
    before = h.value[next];
  }
  return !right.is_reset_since(*before) || add_noted(result, *before, notes);
}

WindowValue extended_histograms(const Window& window, WindowNotes& notes,
                                bool is_counter, bool per_second) {
  const HistogramSamples& h = window.histograms;
  const Ends ends = find_ends(h.t_ms, window);
  if (!ends.exist || !check_range(h, ends, is_counter, notes)) {
    return WindowValue::none();
  }
  std::optional<FloatHistogram> left = *h.value[ends.first];
  if (window.smoothed && h.t_ms[ends.first] < window.start_ms) {
    left = interpolate(h, ends.first, window.start_ms, is_counter, notes);
  }
  std::optional<FloatHistogram> right = *h.value[ends.last];
  if (window.smoothed && ends.last > 0 && h.t_ms[ends.last] > window.end_ms) {
    right = interpolate(h, ends.last - 1, window.end_ms, is_counter, notes);
  }
  if (!left || !right) return WindowValue::none();
  if (!is_counter && (left->counter_reset_hint != CounterResetHint::kGauge ||
                      right->counter_reset_hint != CounterResetHint::kGauge)) {
    notes.warn(notes::not_a_gauge(notes.metric()));
  }
  FloatHistogram result = *right;
  if (!subtract_noted(result, *left, notes)) return WindowValue::none();
  if (is_counter && ends.first < ends.last &&
      !add_resets(window, ends, *left, *right, result, notes)) {
    return WindowValue::none();
  }
  if (per_second) {
    result.divide(static_cast<double>(window.range_ms) / kMsPerSecond);
  }
  result.counter_reset_hint = CounterResetHint::kGauge;
  result.compact();
  return WindowValue::of(std::move(result));
}

}  // namespace

WindowValue extended_increase(const Window& window, WindowNotes& notes,
                              bool is_counter, bool per_second) {
  return window.floats.empty()
             ? extended_histograms(window, notes, is_counter, per_second)
             : extended_floats(window, is_counter, per_second);
}

// -- Bare range vectors

std::vector<FloatPoint> extended_samples(const Window& window) {
  const FloatSamples& f = window.floats;
  const Ends ends = find_ends(f.t_ms, window);
  if (f.t_ms[ends.last] <= window.start_ms) return {};
  const auto [left, right] = end_values(window, ends, false);
  std::vector<FloatPoint> points;
  points.push_back({window.start_ms, left});
  for (std::size_t i = ends.first; i <= ends.last; ++i) {
    if (f.t_ms[i] <= window.start_ms || f.t_ms[i] >= window.end_ms) continue;
    points.push_back({f.t_ms[i], f.value[i]});
  }
  points.push_back({window.end_ms, right});
  return points;
}

// -- Smoothed instant vectors

namespace {

WindowValue smoothed_value(const Window& window, WindowNotes& notes) {
  const FloatSamples& f = window.floats;
  const HistogramSamples& h = window.histograms;
  const std::int64_t time = window.end_ms;
  if (!f.empty() && !h.empty()) {
    notes.warn(notes::mixed_floats_histograms(notes.metric()));
    return WindowValue::none();
  }
  const auto& times = f.empty() ? h.t_ms : f.t_ms;
  const auto at = static_cast<std::size_t>(
      std::ranges::lower_bound(times, time) - times.begin());
  const bool exact = at < times.size() && times[at] == time;
  if (!exact && at == 0) return WindowValue::none();
  if (!f.empty()) {
    if (exact) return WindowValue::of(f.value[at]);
    if (at == times.size()) return WindowValue::of(f.value[at - 1]);
    return WindowValue::of(interpolate(f, at - 1, time, false));
  }
  if (exact) return WindowValue::of(*h.value[at]);
  FloatHistogram before = *h.value[at - 1];
  if (at == times.size()) {
    // The hint is about a sample and the one before it, not about a value.
    before.counter_reset_hint = CounterResetHint::kUnknown;
    return WindowValue::of(std::move(before));
  }
  if (before.uses_custom_buckets() != h.value[at]->uses_custom_buckets()) {
    notes.warn(notes::mixed_schemas(notes.metric()));
    return WindowValue::none();
  }
  const bool is_counter =
      before.counter_reset_hint != CounterResetHint::kGauge ||
      h.value[at]->counter_reset_hint != CounterResetHint::kGauge;
  auto value = interpolate(h, at - 1, time, is_counter, notes);
  if (!value) return WindowValue::none();
  return WindowValue::of(std::move(*value));
}

}  // namespace

// A smoothed instant vector is a function of an empty window that is
// smoothed: its samples lie within the lookback on both sides.
Result<StreamPtr> select_smoothed(Evaluator& evaluator,
                                  const promql::VectorSelector& selector,
                                  TextRange where, const Steps& steps) {
  RangeVector vector;
  vector.matchers = &selector.matchers;
  vector.offset_ms = selector.offset.ms;
  if (selector.at.is_set()) vector.at_ms = selector.at.ms;
  vector.smoothed = true;
  vector.where = where;
  auto selection = select_for_windows(evaluator, vector, steps);
  if (!selection) return fail(std::move(selection).error());
  return window_stream(evaluator, std::move(vector), steps,
                       {.function = smoothed_value});
}

}  // namespace prom::query
