// rate, increase, delta, irate, idelta, resets, changes: with start times,
// native histograms, anchored and smoothed ranges.
#include "tests/support/oracle_internal.h"

namespace prom::test {

using namespace promql;  // NOLINT: this file is about nothing else

namespace {

OracleValue number(double value) {
  return {value, std::nullopt};
}

double seconds(std::int64_t ms) {
  return static_cast<double>(ms) / 1000;
}

bool has_custom_twin(const std::vector<OraclePoint>& points, bool custom) {
  return std::ranges::all_of(points, [&](const OraclePoint& p) {
    return p.value.histogram->is_custom() == custom;
  });
}

}  // namespace

bool Oracle::starts_anew(const OraclePoint& before,
                         const OraclePoint& now) const {
  if (!options_.use_start_timestamps) return false;
  if (now.start_ms == 0 || now.start_ms >= now.time_ms) return false;
  if (now.start_ms != before.time_ms) return now.start_ms > before.time_ms;
  return before.start_ms <= before.time_ms && before.start_ms != 0 &&
         before.start_ms != before.time_ms;
}

bool Oracle::combine_noted(OracleHistogram& into, const OracleHistogram& other,
                           int sign, const OracleRange& r) {
  const OracleMerge merge = combine(into, other, sign);
  if (merge.incompatible) {
    warn(
        "vector contains a mix of histograms with exponential and custom "
        "buckets schemas for metric name " +
            oracle_quoted(r.metric),
        r.window->where);
  }
  if (merge.reconciled) {
    info(std::string("mismatched custom buckets were reconciled during ") +
             (sign > 0 ? "addition" : "subtraction"),
         r.window->where);
  }
  return !merge.incompatible;
}

std::optional<OracleValue> Oracle::counter_call(FunctionId id,
                                                const OracleRange& r) {
  const bool extended = r.window->anchored || r.window->smoothed;
  switch (id) {
    case FunctionId::kRate:
    case FunctionId::kIncrease:
    case FunctionId::kDelta: {
      const bool counter = id != FunctionId::kDelta;
      const bool per_second = id == FunctionId::kRate;
      if (!r.floats.empty() && !r.histograms.empty()) {
        warn("encountered a mix of histograms and floats for metric name " +
                 oracle_quoted(r.metric),
             r.window->where);
        return std::nullopt;
      }
      if (!extended) return rate(r, counter, per_second);
      return r.floats.empty() ? extended_histogram_rate(r, counter, per_second)
                              : extended_rate(r, counter, per_second);
    }
    case FunctionId::kIrate:
      return last_two(r, true);
    case FunctionId::kIdelta:
      return last_two(r, false);
    case FunctionId::kResets:
      return resets_or_changes(r, true);
    case FunctionId::kChanges:
      return resets_or_changes(r, false);
    default:
      throw OracleFailure{"oracle does not know this function"};
  }
}

// -- Extrapolated to the ends of the range

std::optional<OracleHistogram> Oracle::histogram_increase(const OracleRange& r,
                                                          bool counter) {
  const std::size_t where = r.window->where;
  const auto& points = r.histograms;
  const auto histogram = [&](std::size_t i) -> const OracleHistogram& {
    return *points[i].value.histogram;
  };
  const std::size_t last = points.size() - 1;
  const auto mixed = [&] {
    warn(
        "vector contains a mix of histograms with exponential and custom "
        "buckets schemas for metric name " +
            oracle_quoted(r.metric),
        where);
    return std::nullopt;
  };
  const auto not_a_counter = [&] {
    warn("this native histogram metric is not a counter: " +
             oracle_quoted(r.metric),
         where);
  };
  if (counter && (histogram(0).is_gauge() || histogram(last).is_gauge())) {
    not_a_counter();
  }
  // What came before a reset at the second sample does not matter at all.
  OracleHistogram first = histogram(0);
  if (counter && (starts_anew(points[0], points[1]) ||
                  is_reset(histogram(1), histogram(0)))) {
    first = {};
    first.schema = histogram(1).schema;
    first.bounds = histogram(1).bounds;
  }
  if (histogram(last).is_custom() != first.is_custom()) return mixed();
  OracleHistogram increase = histogram(last);
  std::int32_t schema = std::min(increase.schema, first.schema);
  for (std::size_t i = 1; counter && i < last; ++i) {
    if (histogram(i).is_gauge()) not_a_counter();
    if (histogram(i).is_custom() != first.is_custom()) {
      // Upstream forgets what it noted before.
      return mixed();
    }
    schema = std::min(schema, histogram(i).schema);
  }
  reduce(increase, schema);
  combine_noted(increase, first, -1, r);
  if (counter) {
    bool overlapped = false;
    for (std::size_t i = 1; i <= last; ++i) {
      const OracleHistogram& before = i == 1 ? first : histogram(i - 1);
      const OraclePoint& earlier = points[i - 1];
      if (options_.use_start_timestamps && !overlapped &&
          points[i].start_ms != 0 && points[i].start_ms < earlier.time_ms &&
          points[i].start_ms != earlier.start_ms) {
        warn(
            "sample has start time that overlaps with previous sample "
            "timestamp for metric " +
                oracle_quoted(r.metric),
            where);
        overlapped = true;
      }
      if (starts_anew(earlier, points[i]) || is_reset(histogram(i), before)) {
        if (!combine_noted(increase, before, 1, r)) return std::nullopt;
      }
    }
  } else if (!histogram(0).is_gauge() || !histogram(last).is_gauge()) {
    warn("this native histogram metric is not a gauge: " +
             oracle_quoted(r.metric),
         where);
  }
  increase.hint = CounterResetHint::kGauge;
  compact(increase);
  return increase;
}

std::optional<OracleValue> Oracle::rate(const OracleRange& r, bool counter,
                                        bool per_second) {
  const std::size_t where = r.window->where;
  const bool floats = !r.floats.empty();
  const auto& points = r.points;
  const OraclePoint& first = points.front();
  const OraclePoint& last = points.back();
  double increase = 0;
  std::optional<OracleHistogram> histogram;
  if (floats) {
    increase = last.value.number - first.value.number;
    bool overlapped = false;
    for (std::size_t i = 1; counter && i < points.size(); ++i) {
      const OraclePoint& a = points[i - 1];
      const OraclePoint& b = points[i];
      if (options_.use_start_timestamps && !overlapped && b.start_ms != 0 &&
          b.start_ms < a.time_ms && b.start_ms != a.start_ms) {
        warn(
            "sample has start time that overlaps with previous sample "
            "timestamp for metric " +
                oracle_quoted(r.metric),
            where);
        overlapped = true;
      }
      if (b.value.number < a.value.number || starts_anew(a, b)) {
        increase += a.value.number;
      }
    }
  } else if (points.size() > 1) {
    histogram = histogram_increase(r, counter);
    if (!histogram) return std::nullopt;
  }

  double before = seconds(first.time_ms - r.window->start_ms);
  double after = seconds(r.window->end_ms - last.time_ms);
  double sampled = seconds(last.time_ms - first.time_ms);
  const auto gaps = static_cast<double>(points.size() - 1);
  const double gap = gaps > 0 ? sampled / gaps : 0;
  const bool starts_inside =
      counter && options_.use_start_timestamps && first.start_ms != 0 &&
      first.start_ms > r.window->start_ms && first.start_ms < first.time_ms;
  if (starts_inside) {
    // A zero at the start is as good as a sample.
    before = 0;
    sampled = seconds(last.time_ms - first.start_ms);
    if (floats) {
      increase += first.value.number;
    } else if (!histogram) {
      histogram = *first.value.histogram;
    } else if (!combine_noted(*histogram, *first.value.histogram, 1, r)) {
      return std::nullopt;
    }
  } else if (points.size() < 2) {
    return std::nullopt;
  } else {
    if (before >= gap * 1.1) before = gap / 2;
    double to_zero = before;
    if (counter && floats && increase > 0 && first.value.number >= 0) {
      to_zero = sampled * (first.value.number / increase);
    } else if (counter && !floats && histogram->count > 0 &&
               first.value.histogram->count >= 0) {
      to_zero = sampled * (first.value.histogram->count / histogram->count);
    }
    if (to_zero < before) before = to_zero;
  }
  if (after >= gap * 1.1) after = gap / 2;
  double factor = sampled == 0 ? 1 : (sampled + before + after) / sampled;
  if (per_second) factor /= r.window->seconds();
  if (floats) return number(inexact(increase * factor, where));
  multiply(*histogram, factor);
  inexact(*histogram, where);
  return OracleValue{0, std::move(histogram)};
}

// -- Anchored and smoothed: no extrapolation, but what surrounds the range

namespace {

using Floats = std::vector<std::pair<std::int64_t, double>>;

double between(const std::pair<std::int64_t, double>& a,
               const std::pair<std::int64_t, double>& b, std::int64_t at,
               bool counter) {
  const double from = counter && b.second < a.second ? 0 : a.second;
  return from + (b.second - from) * static_cast<double>(at - a.first) /
                    static_cast<double>(b.first - a.first);
}

struct Ends {
  std::size_t first = 0;
  std::size_t last = 0;
};

// The samples that stand for both ends of the range; nothing when none is in.
template <typename Time>
std::optional<Ends> ends_of(std::size_t count, const OracleWindow& w,
                            const Time& time) {
  Ends ends{0, count - 1};
  for (std::size_t i = 0; i < count && time(i) <= w.start_ms; ++i) {
    ends.first = i;
  }
  // The last sample alone never is a baseline.
  if (ends.first == count - 1 && count > 1) ends.first = count - 2;
  if (w.smoothed) {
    std::size_t i = 0;
    while (i < count - 1 && time(i) < w.end_ms) ++i;
    ends.last = i;
  }
  if (time(ends.last) <= w.start_ms) return std::nullopt;
  if (w.smoothed && time(ends.first) > w.end_ms) return std::nullopt;
  return ends;
}

}  // namespace

std::optional<OracleValue> Oracle::extended_rate(const OracleRange& r,
                                                 bool counter,
                                                 bool per_second) {
  const OracleWindow& w = *r.window;
  const Floats& f = r.floats;
  const auto ends =
      ends_of(f.size(), w, [&](std::size_t i) { return f[i].first; });
  if (!ends) return std::nullopt;
  double left = f[ends->first].second;
  if (w.smoothed && f[ends->first].first < w.start_ms) {
    left = between(f[ends->first], f[ends->first + 1], w.start_ms, counter);
  }
  double right = f[ends->last].second;
  if (w.smoothed && ends->last > 0 && f[ends->last].first > w.end_ms) {
    right = between(f[ends->last - 1], f[ends->last], w.end_ms, counter);
  }
  double increase = right - left;
  if (counter) {
    double before = left;
    for (std::size_t i = ends->first; i <= ends->last; ++i) {
      const auto& [time, value] = f[i];
      if (i == ends->first && time <= w.start_ms) continue;
      if (i == ends->last && time >= w.end_ms) continue;
      if (value < before) increase += before;
      before = value;
    }
    if (right < before) increase += before;
  }
  if (per_second) increase /= w.seconds();
  return number(inexact(increase, w.where));
}

std::optional<OracleHistogram> Oracle::interpolated(
    const OraclePoint& a, const OraclePoint& b, std::int64_t at, bool counter,
    const std::string& metric, std::size_t where) {
  const OracleHistogram& x = *a.value.histogram;
  const OracleHistogram& y = *b.value.histogram;
  if (at == a.time_ms) return x;
  if (at == b.time_ms) return y;
  if (!counter || !is_reset(y, x)) {
    if (x.is_custom() != y.is_custom()) {
      warn(
          "vector contains a mix of histograms with exponential and custom "
          "buckets schemas for metric name " +
              oracle_quoted(metric),
          where);
      return std::nullopt;
    }
  }
  const double part = static_cast<double>(at - a.time_ms) /
                      static_cast<double>(b.time_ms - a.time_ms);
  OracleHistogram result = y;
  if (counter && is_reset(y, x)) {
    multiply(result, part);
    inexact(result, where);
    return result;
  }
  if (combine(result, x, -1).reconciled) {
    info("mismatched custom buckets were reconciled during subtraction", where);
  }
  multiply(result, part);
  inexact(result, where);
  if (combine(result, x, 1).reconciled) {
    info("mismatched custom buckets were reconciled during addition", where);
  }
  return result;
}

std::optional<OracleValue> Oracle::extended_histogram_rate(const OracleRange& r,
                                                           bool counter,
                                                           bool per_second) {
  const OracleWindow& w = *r.window;
  const auto& h = r.histograms;
  const auto ends =
      ends_of(h.size(), w, [&](std::size_t i) { return h[i].time_ms; });
  if (!ends) return std::nullopt;
  const std::vector<OraclePoint> used(
      h.begin() + static_cast<std::ptrdiff_t>(ends->first),
      h.begin() + static_cast<std::ptrdiff_t>(ends->last) + 1);
  const auto histogram = [&](std::size_t i) -> const OracleHistogram& {
    return *h[i].value.histogram;
  };
  for (const OraclePoint& p : used) {
    if (p.value.histogram->is_custom() !=
        used[0].value.histogram->is_custom()) {
      break;
    }
    if (counter && p.value.histogram->is_gauge()) {
      warn("this native histogram metric is not a counter: " +
               oracle_quoted(r.metric),
           w.where);
    }
  }
  if (!has_custom_twin(used, used[0].value.histogram->is_custom())) {
    warn(
        "vector contains a mix of histograms with exponential and custom "
        "buckets schemas for metric name " +
            oracle_quoted(r.metric),
        w.where);
    return std::nullopt;
  }
  const bool cuts_left = w.smoothed && h[ends->first].time_ms < w.start_ms;
  std::optional<OracleHistogram> left = histogram(ends->first);
  if (cuts_left) {
    left = interpolated(h[ends->first], h[ends->first + 1], w.start_ms, counter,
                        r.metric, w.where);
  }
  std::optional<OracleHistogram> right = histogram(ends->last);
  if (w.smoothed && ends->last > 0 && h[ends->last].time_ms > w.end_ms) {
    right = interpolated(h[ends->last - 1], h[ends->last], w.end_ms, counter,
                         r.metric, w.where);
  }
  if (!left || !right) return std::nullopt;
  if (!counter && (!left->is_gauge() || !right->is_gauge())) {
    warn("this native histogram metric is not a gauge: " +
             oracle_quoted(r.metric),
         w.where);
  }
  OracleHistogram increase = *right;
  if (!combine_noted(increase, *left, -1, r)) return std::nullopt;
  if (counter) {
    OracleHistogram before = *left;
    std::size_t next = ends->first + 1;
    if (cuts_left && is_reset(histogram(next), histogram(ends->first))) {
      // The interpolation began behind this reset.
      before = histogram(next);
      ++next;
    }
    if (next <= ends->last) {
      std::optional<OracleHistogram> lost;
      const auto lose = [&](const OracleHistogram& what) {
        if (!lost) {
          lost = what;
          return true;
        }
        return combine_noted(*lost, what, 1, r);
      };
      for (std::size_t i = next; i < ends->last; ++i) {
        if (is_reset(histogram(i), before) && !lose(before))
          return std::nullopt;
        before = histogram(i);
      }
      if (is_reset(*right, before) && !lose(before)) return std::nullopt;
      if (lost && !combine_noted(increase, *lost, 1, r)) return std::nullopt;
    }
  }
  if (per_second) divide(increase, w.seconds());
  inexact(increase, w.where);
  increase.hint = CounterResetHint::kGauge;
  compact(increase);
  return OracleValue{0, std::move(increase)};
}

// -- The last two samples

std::optional<OracleValue> Oracle::last_two(const OracleRange& r,
                                            bool per_second) {
  if (r.points.size() < 2) return std::nullopt;
  const std::size_t where = r.window->where;
  const OraclePoint& a = r.points[r.points.size() - 2];
  const OraclePoint& b = r.points.back();
  if (a.is_histogram() != b.is_histogram()) {
    warn("encountered a mix of histograms and floats for metric name " +
             oracle_quoted(r.metric),
         where);
    return std::nullopt;
  }
  const double gap = seconds(b.time_ms - a.time_ms);
  if (!b.is_histogram()) {
    double change = b.value.number;
    const bool reset =
        per_second && (b.value.number < a.value.number || starts_anew(a, b));
    if (!reset) change -= a.value.number;
    if (!per_second) return number(change);
    return number(inexact(change / gap, where));
  }
  OracleHistogram change = *b.value.histogram;
  const OracleHistogram& before = *a.value.histogram;
  if (per_second && (change.is_gauge() || before.is_gauge())) {
    warn("this native histogram metric is not a counter: " +
             oracle_quoted(r.metric),
         where);
  }
  if (!per_second && (!change.is_gauge() || !before.is_gauge())) {
    warn("this native histogram metric is not a gauge: " +
             oracle_quoted(r.metric),
         where);
  }
  const bool reset =
      per_second && (starts_anew(a, b) || is_reset(change, before));
  if (!reset && !combine_noted(change, before, -1, r)) return std::nullopt;
  change.hint = CounterResetHint::kGauge;
  compact(change);
  if (per_second) {
    divide(change, gap);
    inexact(change, where);
  }
  return OracleValue{0, std::move(change)};
}

// -- Counting

std::optional<OracleValue> Oracle::resets_or_changes(const OracleRange& r,
                                                     bool resets) {
  std::size_t begin = 0;
  if (r.window->anchored) {
    // The newest sample at or before the begin is the baseline.
    if (r.points.back().time_ms <= r.window->start_ms) return std::nullopt;
    while (begin + 1 < r.points.size() &&
           r.points[begin + 1].time_ms <= r.window->start_ms) {
      ++begin;
    }
  }
  double found = 0;
  for (std::size_t i = begin + 1; i < r.points.size(); ++i) {
    const OraclePoint& a = r.points[i - 1];
    const OraclePoint& b = r.points[i];
    bool hit = false;
    if (a.is_histogram() != b.is_histogram()) {
      hit = true;
    } else if (b.is_histogram()) {
      hit = resets ? starts_anew(a, b) ||
                         is_reset(*b.value.histogram, *a.value.histogram)
                   : !same(*b.value.histogram, *a.value.histogram);
    } else if (resets) {
      hit = b.value.number < a.value.number || starts_anew(a, b);
    } else {
      hit = b.value.number != a.value.number &&
            !(std::isnan(a.value.number) && std::isnan(b.value.number));
    }
    if (hit) ++found;
  }
  return number(found);
}

}  // namespace prom::test
