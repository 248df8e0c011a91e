// The *_over_time functions.
#include <algorithm>
#include <cmath>
#include <limits>

#include "libprom/base/kahan.h"
#include "libprom/query/histogram_aggregate.h"
#include "libprom/query/notes.h"
#include "libprom/query/window.h"

namespace prom::query {

using promql::FunctionId;

double quantile_of(double quantile, std::vector<double>& values) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  if (values.empty() || std::isnan(quantile)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  if (quantile < 0) return -kInf;
  if (quantile > 1) return kInf;
  std::ranges::sort(values, [](double a, double b) {
    if (std::isnan(a)) return !std::isnan(b);
    return a < b;
  });
  const auto last = static_cast<double>(values.size() - 1);
  const double rank = quantile * last;
  const double lower = std::max(0.0, std::floor(rank));
  const double upper = std::min(last, lower + 1);
  const double weight = rank - std::floor(rank);
  return values[static_cast<std::size_t>(lower)] * (1 - weight) +
         values[static_cast<std::size_t>(upper)] * weight;
}

namespace {

constexpr double kMsPerSecond = 1000;

double seconds(std::int64_t t_ms) {
  return static_cast<double>(t_ms) / kMsPerSecond;
}

bool is_mixed(const Window& window, WindowNotes& notes) {
  if (window.floats.empty() || window.histograms.empty()) return false;
  notes.warn(notes::mixed_floats_histograms(notes.metric()));
  return true;
}

// False when there are no floats; says so when histograms are ignored.
bool has_floats(const Window& window, WindowNotes& notes) {
  if (window.floats.empty()) return false;
  if (!window.histograms.empty()) {
    notes.info(notes::histogram_ignored_in_range(notes.metric()));
  }
  return true;
}

WindowValue aggregate_histograms(const Window& window, WindowNotes& notes,
                                 bool is_mean) {
  HistogramAggregate aggregate(is_mean);
  for (const FloatHistogram* h : window.histograms.value) {
    if (aggregate.add(*h)) continue;
    notes.warn(notes::mixed_schemas(notes.metric()));
    return WindowValue::none();
  }
  if (aggregate.resets_conflict()) {
    notes.warn(notes::conflicting_resets("aggregation"));
  }
  if (aggregate.bounds_reconciled()) {
    notes.info(notes::reconciled_buckets("aggregation"));
  }
  return WindowValue::of(aggregate.result());
}

WindowValue sum_over_time(const Window& window, WindowNotes& notes) {
  if (is_mixed(window, notes)) return WindowValue::none();
  if (window.floats.empty()) return aggregate_histograms(window, notes, false);
  KahanSum sum;
  for (const double value : window.floats.value) sum.add(value);
  return WindowValue::of(std::isinf(sum.sum) ? sum.sum : sum.value());
}

WindowValue avg_over_time(const Window& window, WindowNotes& notes) {
  if (is_mixed(window, notes)) return WindowValue::none();
  if (window.floats.empty()) return aggregate_histograms(window, notes, true);
  // The mean of the sum, until the sum would overflow; then step by step.
  const auto& values = window.floats.value;
  KahanSum sum{values[0], 0};
  double count = 1;
  std::size_t next = 1;
  for (; next < values.size(); ++next) {
    KahanSum grown = sum;
    grown.add(values[next]);
    if (std::isinf(grown.sum)) break;
    sum = grown;
    ++count;
  }
  KahanSum mean{sum.sum / count, sum.lost / count};
  for (; next < values.size(); ++next) {
    ++count;
    const double keep = (count - 1) / count;
    mean = {keep * mean.sum, keep * mean.lost};
    mean.add(values[next] / count);
  }
  return WindowValue::of(mean.value());
}

WindowValue count_over_time(const Window& window, WindowNotes& /*notes*/) {
  return WindowValue::of(
      static_cast<double>(window.floats.size() + window.histograms.size()));
}

WindowValue present_over_time(const Window& /*window*/,
                              WindowNotes& /*notes*/) {
  return WindowValue::of(1);
}

WindowValue first_over_time(const Window& window, WindowNotes& /*notes*/) {
  const auto& f = window.floats;
  const auto& h = window.histograms;
  if (h.empty() || (!f.empty() && f.t_ms.front() < h.t_ms.front())) {
    return WindowValue::of(f.value.front());
  }
  return WindowValue::of(*h.value.front());
}

WindowValue last_over_time(const Window& window, WindowNotes& /*notes*/) {
  const auto& f = window.floats;
  const auto& h = window.histograms;
  if (h.empty() || (!f.empty() && h.t_ms.back() < f.t_ms.back())) {
    return WindowValue::of(f.value.back());
  }
  return WindowValue::of(*h.value.back());
}

WindowValue ts_of_first(const Window& window, WindowNotes& /*notes*/) {
  const auto& f = window.floats.t_ms;
  const auto& h = window.histograms.t_ms;
  if (f.empty()) return WindowValue::of(seconds(h.front()));
  if (h.empty()) return WindowValue::of(seconds(f.front()));
  return WindowValue::of(seconds(std::min(f.front(), h.front())));
}

WindowValue ts_of_last(const Window& window, WindowNotes& /*notes*/) {
  const auto& f = window.floats.t_ms;
  const auto& h = window.histograms.t_ms;
  if (f.empty()) return WindowValue::of(seconds(h.back()));
  if (h.empty()) return WindowValue::of(seconds(f.back()));
  return WindowValue::of(seconds(std::max(f.back(), h.back())));
}

// The index of the sample that no other beats; a number beats NaN.
template <typename Beats>
std::size_t best(const FloatSamples& f, Beats beats) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < f.size(); ++i) {
    if (beats(f.value[i], f.value[at]) || std::isnan(f.value[at])) at = i;
  }
  return at;
}

WindowValue max_over_time(const Window& window, WindowNotes& notes) {
  if (!has_floats(window, notes)) return WindowValue::none();
  const auto& f = window.floats;
  return WindowValue::of(f.value[best(f, std::greater<>())]);
}

WindowValue min_over_time(const Window& window, WindowNotes& notes) {
  if (!has_floats(window, notes)) return WindowValue::none();
  const auto& f = window.floats;
  return WindowValue::of(f.value[best(f, std::less<>())]);
}

// Of equal extremes the last.
WindowValue ts_of_max(const Window& window, WindowNotes& notes) {
  if (!has_floats(window, notes)) return WindowValue::none();
  const auto& f = window.floats;
  return WindowValue::of(seconds(f.t_ms[best(f, std::greater_equal<>())]));
}

WindowValue ts_of_min(const Window& window, WindowNotes& notes) {
  if (!has_floats(window, notes)) return WindowValue::none();
  const auto& f = window.floats;
  return WindowValue::of(seconds(f.t_ms[best(f, std::less_equal<>())]));
}

// Welford's method, compensated.
double variance(const FloatSamples& f) {
  KahanSum mean;
  KahanSum squares;
  double count = 0;
  for (const double value : f.value) {
    ++count;
    const double off = value - mean.value();
    mean.add(off / count);
    squares.add(off * (value - mean.value()));
  }
  return squares.value() / count;
}

WindowValue stdvar_over_time(const Window& window, WindowNotes& notes) {
  if (!has_floats(window, notes)) return WindowValue::none();
  return WindowValue::of(variance(window.floats));
}

WindowValue stddev_over_time(const Window& window, WindowNotes& notes) {
  if (!has_floats(window, notes)) return WindowValue::none();
  return WindowValue::of(std::sqrt(variance(window.floats)));
}

WindowValue quantile_over_time(const Window& window, WindowNotes& notes) {
  if (window.floats.empty()) return WindowValue::none();
  const double q = window.argument;
  if (!notes::is_quantile(q)) notes.warn(notes::quantile_out_of_range(q));
  has_floats(window, notes);
  const auto& f = window.floats.value;
  std::vector<double> values(f.begin(), f.end());
  return WindowValue::of(quantile_of(q, values));
}

// Median of the distances from the median.
WindowValue mad_over_time(const Window& window, WindowNotes& notes) {
  if (!has_floats(window, notes)) return WindowValue::none();
  const auto& f = window.floats.value;
  if (std::ranges::any_of(f, [](double value) { return std::isnan(value); })) {
    return WindowValue::of(std::numeric_limits<double>::quiet_NaN());
  }
  constexpr double kHalf = 0.5;
  std::vector<double> values(f.begin(), f.end());
  const double median = quantile_of(kHalf, values);
  for (double& value : values) value = std::fabs(value - median);
  return WindowValue::of(quantile_of(kHalf, values));
}

}  // namespace

WindowFunction find_over_time_function(FunctionId id) {
  switch (id) {
    case FunctionId::kSumOverTime:
      return sum_over_time;
    case FunctionId::kAvgOverTime:
      return avg_over_time;
    case FunctionId::kCountOverTime:
      return count_over_time;
    case FunctionId::kPresentOverTime:
    case FunctionId::kAbsentOverTime:  // the absence is made of it
      return present_over_time;
    case FunctionId::kFirstOverTime:
      return first_over_time;
    case FunctionId::kLastOverTime:
      return last_over_time;
    case FunctionId::kTsOfFirstOverTime:
      return ts_of_first;
    case FunctionId::kTsOfLastOverTime:
      return ts_of_last;
    case FunctionId::kMaxOverTime:
      return max_over_time;
    case FunctionId::kMinOverTime:
      return min_over_time;
    case FunctionId::kTsOfMaxOverTime:
      return ts_of_max;
    case FunctionId::kTsOfMinOverTime:
      return ts_of_min;
    case FunctionId::kStdvarOverTime:
      return stdvar_over_time;
    case FunctionId::kStddevOverTime:
      return stddev_over_time;
    case FunctionId::kQuantileOverTime:
      return quantile_over_time;
    case FunctionId::kMadOverTime:
      return mad_over_time;
    default:
      return nullptr;
  }
}

}  // namespace prom::query
