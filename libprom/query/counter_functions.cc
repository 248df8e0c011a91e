// rate, increase, delta, irate, idelta, resets, changes.
#include <algorithm>
#include <array>
#include <cmath>

#include "libprom/query/notes.h"
#include "libprom/query/window.h"

namespace prom::query {

using promql::FunctionId;

const std::string& WindowNotes::metric() {
  if (!name_known_) {
    name_ = std::string(selection_.labels(series_).metric_name());
    name_known_ = true;
  }
  return name_;
}

bool restarted(const StartTimes& times) {
  // Unknown, nonsense, or OpenTelemetry's way to say "unknown".
  if (times.start_ms == 0 || times.start_ms >= times.t_ms) return false;
  if (times.start_ms != times.before_ms) {
    return times.start_ms > times.before_ms;
  }
  // Right at the sample before: a delta, unless that one knew no start.
  if (times.before_start_ms > times.before_ms) return false;
  return times.before_start_ms != 0 && times.before_start_ms != times.before_ms;
}

bool add_noted(FloatHistogram& into, const FloatHistogram& other,
               WindowNotes& notes) {
  const auto merged = into.add(other);
  if (!merged) {
    notes.warn(notes::mixed_schemas(notes.metric()));
    return false;
  }
  if (merged->bounds_reconciled) {
    notes.info(notes::reconciled_buckets("addition"));
  }
  return true;
}

bool subtract_noted(FloatHistogram& from, const FloatHistogram& other,
                    WindowNotes& notes) {
  const auto merged = from.subtract(other);
  if (!merged) {
    notes.warn(notes::mixed_schemas(notes.metric()));
    return false;
  }
  if (merged->bounds_reconciled) {
    notes.info(notes::reconciled_buckets("subtraction"));
  }
  return true;
}

namespace {

constexpr double kMsPerSecond = 1000;

bool is_gauge(const FloatHistogram& h) {
  return h.counter_reset_hint == CounterResetHint::kGauge;
}

template <typename Samples>
StartTimes start_times(const Samples& samples, std::size_t at) {
  return {samples.start(at - 1), samples.t_ms[at - 1], samples.start(at),
          samples.t_ms[at]};
}

// A start time before the sample before, and not the same start.
template <typename Samples>
bool starts_overlap(const Samples& samples, std::size_t at) {
  const std::int64_t start = samples.start(at);
  return start != 0 && start < samples.t_ms[at - 1] &&
         start != samples.start(at - 1);
}

template <typename Samples>
void note_overlap(const Samples& samples, WindowNotes& notes) {
  if (samples.start_ms.empty()) return;
  for (std::size_t i = 1; i < samples.size(); ++i) {
    if (!starts_overlap(samples, i)) continue;
    notes.into().start_time_overlaps(notes.metric(), notes.where());
    return;
  }
}

double float_increase(const Window& window, WindowNotes& notes,
                      bool is_counter) {
  const FloatSamples& f = window.floats;
  double increase = f.value.back() - f.value.front();
  if (!is_counter || !window.may_reset) return increase;
  note_overlap(f, notes);
  for (std::size_t i = 1; i < f.size(); ++i) {
    if (f.value[i] < f.value[i - 1] || restarted(start_times(f, i))) {
      increase += f.value[i - 1];
    }
  }
  return increase;
}

// Whether the samples can be subtracted from each other, and the coarsest
// schema among those that matter.
bool check_histograms(const HistogramSamples& h, const FloatHistogram& first,
                      bool is_counter, std::int32_t& schema,
                      WindowNotes& notes) {
  const FloatHistogram& last = *h.value.back();
  const bool custom = first.uses_custom_buckets();
  bool mixed = last.uses_custom_buckets() != custom;
  schema = std::min(last.schema, first.schema);
  for (std::size_t i = 1; is_counter && i + 1 < h.size(); ++i) {
    if (is_gauge(*h.value[i])) notes.warn(notes::not_a_counter(notes.metric()));
    schema = std::min(schema, h.value[i]->schema);
    mixed = mixed || h.value[i]->uses_custom_buckets() != custom;
  }
  if (mixed) notes.warn(notes::mixed_schemas(notes.metric()));
  return !mixed;
}

// REQUIRES: at least two samples.  Null when they do not fit together.
std::unique_ptr<FloatHistogram> histogram_increase(const Window& window,
                                                   WindowNotes& notes,
                                                   bool is_counter) {
  const HistogramSamples& h = window.histograms;
  const FloatHistogram* before = h.value.front();
  const FloatHistogram& last = *h.value.back();
  if (is_counter && (is_gauge(*before) || is_gauge(last))) {
    notes.warn(notes::not_a_counter(notes.metric()));
  }
  // After a reset nothing of the first sample counts, not even its layout.
  FloatHistogram nothing;
  const FloatHistogram& second = *h.value[1];
  if (is_counter &&
      (restarted(start_times(h, 1)) || second.is_reset_since(*before))) {
    nothing.schema = second.schema;
    nothing.custom_values = second.custom_values;
    before = &nothing;
  }
  std::int32_t schema = 0;
  if (!check_histograms(h, *before, is_counter, schema, notes)) return nullptr;
  auto increase = std::make_unique<FloatHistogram>(last);
  if (schema != last.schema) increase->reduce_schema(schema);
  if (!subtract_noted(*increase, *before, notes)) return nullptr;
  if (is_counter) {
    note_overlap(h, notes);
    for (std::size_t i = 1; i < h.size(); ++i) {
      if (restarted(start_times(h, i)) || h.value[i]->is_reset_since(*before)) {
        if (!add_noted(*increase, *before, notes)) return nullptr;
      }
      before = h.value[i];
    }
  } else if (!is_gauge(*h.value.front()) || !is_gauge(last)) {
    notes.warn(notes::not_a_gauge(notes.metric()));
  }
  increase->counter_reset_hint = CounterResetHint::kGauge;
  increase->compact();
  return increase;
}

// What extrapolation works on, for floats and histograms alike.
struct Increase {
  std::int64_t first_ms = 0;
  std::int64_t last_ms = 0;
  std::size_t gaps = 0;  // samples - 1
  std::int64_t first_start_ms = 0;
  double first_value = 0;  // of the float, or the histogram's count
  double value = 0;
  std::unique_ptr<FloatHistogram> histogram;
};

// How much longer than between its samples the increase went on, so that it
// covers the window.  Samples near the window's ends are taken to go on to
// them; otherwise the series is taken to begin or end half a gap further.  A
// counter never is taken to begin below zero.
double extrapolation(const Window& window, const Increase& increase,
                     bool is_counter, bool from_start) {
  double to_start =
      static_cast<double>(increase.first_ms - window.start_ms) / kMsPerSecond;
  double to_end =
      static_cast<double>(window.end_ms - increase.last_ms) / kMsPerSecond;
  double sampled =
      static_cast<double>(increase.last_ms - increase.first_ms) / kMsPerSecond;
  const double gap =
      increase.gaps > 0 ? sampled / static_cast<double>(increase.gaps) : 0;
  constexpr double kTolerance = 1.1;
  const double threshold = gap * kTolerance;
  if (from_start) {
    to_start = 0;
    sampled = static_cast<double>(increase.last_ms - increase.first_start_ms) /
              kMsPerSecond;
  } else {
    if (to_start >= threshold) to_start = gap / 2;
    const FloatHistogram* const histogram = increase.histogram.get();
    const double grown =
        histogram != nullptr ? histogram->count : increase.value;
    if (is_counter && grown > 0 && increase.first_value >= 0) {
      to_start = std::min(to_start, sampled * (increase.first_value / grown));
    }
  }
  if (to_end >= threshold) to_end = gap / 2;
  return sampled == 0 ? 1 : (sampled + to_start + to_end) / sampled;
}

WindowValue scaled(const Window& window, Increase increase, bool is_counter,
                   bool per_second, bool from_start) {
  double factor = extrapolation(window, increase, is_counter, from_start);
  if (per_second) {
    factor /= static_cast<double>(window.range_ms) / kMsPerSecond;
  }
  if (increase.histogram == nullptr) {
    return WindowValue::of(increase.value * factor);
  }
  increase.histogram->multiply(factor);
  return WindowValue::of(std::move(*increase.histogram));
}

WindowValue extrapolated(const Window& window, WindowNotes& notes,
                         bool is_counter, bool per_second) {
  const FloatSamples& f = window.floats;
  const HistogramSamples& h = window.histograms;
  if (f.empty() && h.empty()) return WindowValue::none();
  if (!f.empty() && !h.empty()) {
    notes.warn(notes::mixed_floats_histograms(notes.metric()));
    return WindowValue::none();
  }
  if (window.anchored || window.smoothed) {
    return extended_increase(window, notes, is_counter, per_second);
  }
  Increase increase;
  if (!f.empty()) {
    increase.first_ms = f.t_ms.front();
    increase.last_ms = f.t_ms.back();
    increase.gaps = f.size() - 1;
    increase.first_start_ms = f.start(0);
    increase.first_value = f.value.front();
    increase.value = float_increase(window, notes, is_counter);
  } else {
    increase.first_ms = h.t_ms.front();
    increase.last_ms = h.t_ms.back();
    increase.gaps = h.size() - 1;
    increase.first_start_ms = h.start(0);
    increase.first_value = h.value.front()->count;
    if (increase.gaps > 0) {
      increase.histogram = histogram_increase(window, notes, is_counter);
      if (increase.histogram == nullptr) return WindowValue::none();
    }
  }
  // A counter that says when it started was zero then.
  const bool from_start = is_counter && increase.first_start_ms != 0 &&
                          increase.first_start_ms > window.start_ms &&
                          increase.first_start_ms < increase.first_ms;
  if (!from_start && increase.gaps == 0) return WindowValue::none();
  if (from_start && !f.empty()) {
    increase.value += f.value.front();
  } else if (from_start && increase.histogram == nullptr) {
    increase.histogram = std::make_unique<FloatHistogram>(*h.value.front());
  } else if (from_start &&
             !add_noted(*increase.histogram, *h.value.front(), notes)) {
    return WindowValue::none();
  }
  return scaled(window, std::move(increase), is_counter, per_second,
                from_start);
}

}  // namespace

double extrapolated_increase(const Window& window, const FloatIncrease& from,
                             bool is_counter, bool per_second) {
  Increase increase{.first_ms = from.first_ms,
                    .last_ms = from.last_ms,
                    .gaps = from.gaps,
                    .first_value = from.first_value,
                    .value = from.value,
                    .histogram = nullptr};
  return scaled(window, std::move(increase), is_counter, per_second, false)
      .value;
}

namespace {

WindowValue rate(const Window& window, WindowNotes& notes) {
  return extrapolated(window, notes, true, true);
}
WindowValue increase_of(const Window& window, WindowNotes& notes) {
  return extrapolated(window, notes, true, false);
}
WindowValue delta(const Window& window, WindowNotes& notes) {
  return extrapolated(window, notes, false, false);
}

// -- The two kinds of samples on one time axis

struct AnySample {
  std::int64_t t_ms = 0;
  std::int64_t start_ms = 0;
  double value = 0;
  const FloatHistogram* histogram = nullptr;
};

// Walks floats and histograms in the order of their times.
class Merged {
 public:
  Merged(const Window& window, std::size_t first_float,
         std::size_t first_histogram)
      : f_(window.floats),
        h_(window.histograms),
        at_float_(first_float),
        at_histogram_(first_histogram) {}

  bool next(AnySample& sample) {
    const bool has_float = at_float_ < f_.size();
    const bool has_histogram = at_histogram_ < h_.size();
    if (!has_float && !has_histogram) return false;
    if (has_float &&
        (!has_histogram || f_.t_ms[at_float_] < h_.t_ms[at_histogram_])) {
      sample = {f_.t_ms[at_float_], f_.start(at_float_), f_.value[at_float_],
                nullptr};
      ++at_float_;
    } else {
      sample = {h_.t_ms[at_histogram_], h_.start(at_histogram_), 0,
                h_.value[at_histogram_]};
      ++at_histogram_;
    }
    return true;
  }

 private:
  const FloatSamples& f_;
  const HistogramSamples& h_;
  std::size_t at_float_;
  std::size_t at_histogram_;
};

bool was_reset(const AnySample& before, const AnySample& now) {
  if ((before.histogram == nullptr) != (now.histogram == nullptr)) return true;
  if (restarted({before.start_ms, before.t_ms, now.start_ms, now.t_ms})) {
    return true;
  }
  if (now.histogram == nullptr) return now.value < before.value;
  return now.histogram->is_reset_since(*before.histogram);
}

bool has_changed(const AnySample& before, const AnySample& now) {
  if ((before.histogram == nullptr) != (now.histogram == nullptr)) return true;
  if (now.histogram != nullptr)
    return !now.histogram->equals(*before.histogram);
  return now.value != before.value &&
         !(std::isnan(now.value) && std::isnan(before.value));
}

// Counts the pairs of neighbours of which `differ` holds.  An anchored window
// begins with the newest sample at or before its start.
WindowValue count_pairs(const Window& window,
                        bool (*differ)(const AnySample&, const AnySample&)) {
  std::size_t first_float = 0;
  std::size_t first_histogram = 0;
  if (window.anchored) {
    const auto& ft = window.floats.t_ms;
    const auto& ht = window.histograms.t_ms;
    first_float = static_cast<std::size_t>(
        std::ranges::upper_bound(ft, window.start_ms) - ft.begin());
    first_histogram = static_cast<std::size_t>(
        std::ranges::upper_bound(ht, window.start_ms) - ht.begin());
    if (first_float == ft.size() && first_histogram == ht.size()) {
      return WindowValue::none();
    }
    if (first_float > 0 && (first_histogram == 0 ||
                            ft[first_float - 1] >= ht[first_histogram - 1])) {
      --first_float;
    } else if (first_histogram > 0) {
      --first_histogram;
    }
  }
  Merged merged(window, first_float, first_histogram);
  AnySample before;
  if (!merged.next(before)) return WindowValue::none();
  double count = 0;
  AnySample now;
  while (merged.next(now)) {
    if (differ(before, now)) ++count;
    before = now;
  }
  return WindowValue::of(count);
}

// Floats and nothing else, as nearly always: a loop that vectorises.
bool is_plain(const Window& window) {
  return !window.anchored && window.histograms.empty() &&
         window.floats.start_ms.empty() && !window.floats.empty();
}

template <typename Differ>
WindowValue count_plain(std::span<const double> values, Differ differ) {
  std::size_t count = 0;
  for (std::size_t i = 1; i < values.size(); ++i) {
    count += differ(values[i - 1], values[i]) ? 1 : 0;
  }
  return WindowValue::of(static_cast<double>(count));
}

WindowValue resets(const Window& window, WindowNotes& /*notes*/) {
  if (!is_plain(window)) return count_pairs(window, was_reset);
  if (!window.may_reset) return WindowValue::of(0);
  return count_plain(window.floats.value,
                     [](double before, double now) { return now < before; });
}
WindowValue changes(const Window& window, WindowNotes& /*notes*/) {
  if (!is_plain(window)) return count_pairs(window, has_changed);
  // NaN differs from itself, but is no change from NaN.
  return count_plain(window.floats.value, [](double before, double now) {
    const bool both_nan =
        static_cast<int>(now != now) & static_cast<int>(before != before);
    return static_cast<bool>(static_cast<int>(now != before) &
                             static_cast<int>(!both_nan));
  });
}

// -- irate and idelta

WindowValue float_step(const AnySample& before, const AnySample& last,
                       bool per_second) {
  const bool reset =
      per_second &&
      (last.value < before.value ||
       restarted({before.start_ms, before.t_ms, last.start_ms, last.t_ms}));
  double value = reset ? last.value : last.value - before.value;
  if (per_second) {
    value /= static_cast<double>(last.t_ms - before.t_ms) / kMsPerSecond;
  }
  return WindowValue::of(value);
}

WindowValue histogram_step(const AnySample& before, const AnySample& last,
                           bool per_second, WindowNotes& notes) {
  const FloatHistogram& a = *before.histogram;
  FloatHistogram result = *last.histogram;
  if (per_second && (is_gauge(a) || is_gauge(result))) {
    notes.warn(notes::not_a_counter(notes.metric()));
  }
  if (!per_second && (!is_gauge(a) || !is_gauge(result))) {
    notes.warn(notes::not_a_gauge(notes.metric()));
  }
  const bool reset =
      per_second &&
      (restarted({before.start_ms, before.t_ms, last.start_ms, last.t_ms}) ||
       result.is_reset_since(a));
  if (!reset && !subtract_noted(result, a, notes)) return WindowValue::none();
  result.counter_reset_hint = CounterResetHint::kGauge;
  result.compact();
  if (per_second) {
    result.divide(static_cast<double>(last.t_ms - before.t_ms) / kMsPerSecond);
  }
  return WindowValue::of(std::move(result));
}

WindowValue last_step(const Window& window, WindowNotes& notes,
                      bool per_second) {
  const std::size_t floats = window.floats.size();
  const std::size_t histograms = window.histograms.size();
  if (floats + histograms < 2) return WindowValue::none();
  Merged merged(window, floats < 2 ? 0 : floats - 2,
                histograms < 2 ? 0 : histograms - 2);
  AnySample before;
  AnySample last;
  AnySample next;
  while (merged.next(next)) {
    before = last;
    last = next;
  }
  if (before.t_ms == last.t_ms) return WindowValue::none();
  if ((before.histogram == nullptr) != (last.histogram == nullptr)) {
    notes.warn(notes::mixed_floats_histograms(notes.metric()));
    return WindowValue::none();
  }
  return last.histogram == nullptr
             ? float_step(before, last, per_second)
             : histogram_step(before, last, per_second, notes);
}

WindowValue irate(const Window& window, WindowNotes& notes) {
  return last_step(window, notes, true);
}
WindowValue idelta(const Window& window, WindowNotes& notes) {
  return last_step(window, notes, false);
}

}  // namespace

WindowFunction find_counter_function(FunctionId id) {
  switch (id) {
    case FunctionId::kRate:
      return rate;
    case FunctionId::kIncrease:
      return increase_of;
    case FunctionId::kDelta:
      return delta;
    case FunctionId::kIrate:
      return irate;
    case FunctionId::kIdelta:
      return idelta;
    case FunctionId::kResets:
      return resets;
    case FunctionId::kChanges:
      return changes;
    default:
      return nullptr;
  }
}

}  // namespace prom::query
