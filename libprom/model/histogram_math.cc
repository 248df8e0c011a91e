// Arithmetic of native histograms: merging, comparing, cutting.
#include <algorithm>
#include <cmath>
#include <cstddef>

#include "libprom/base/kahan.h"
#include "libprom/model/histogram.h"
#include "libprom/model/histogram_cells.h"

namespace prom {

namespace {

using Cells = HistogramCells;

// A histogram taken apart, with what compensation lost when it is summed.
struct Parts {
  std::int32_t schema = 0;
  double zero_threshold = 0;
  KahanSum zero;
  Cells positive;
  Cells negative;
};

Parts take_apart(const FloatHistogram& h, const FloatHistogram* lost) {
  Parts parts;
  parts.schema = h.schema;
  parts.zero_threshold = h.zero_threshold;
  parts.zero = {h.zero_count, lost != nullptr ? lost->zero_count : 0};
  parts.positive =
      cells_of(h.positive_spans, h.positive_buckets,
               lost != nullptr ? &lost->positive_buckets : nullptr);
  parts.negative =
      cells_of(h.negative_spans, h.negative_buckets,
               lost != nullptr ? &lost->negative_buckets : nullptr);
  return parts;
}

// Adds the cells of one side that the zero bucket [-threshold, threshold]
// would swallow.  A populated bucket that it would only cut raises the
// threshold to the bucket's end.
void swallow(const Cells& cells, std::int32_t schema, double& threshold,
             KahanSum& zero) {
  for (const HistogramCell& cell : cells) {
    if (exponential_bound(cell.index - 1, schema) >= threshold) return;
    zero.add(cell.count);
    zero.add(cell.lost);
    const double end = exponential_bound(cell.index, schema);
    if (end <= threshold) continue;
    if (cell.count != 0) threshold = end;
    return;
  }
}

// The zero bucket that `parts` would have with at least this threshold.
KahanSum widened_zero(const Parts& parts, double& threshold) {
  for (;;) {
    KahanSum zero = parts.zero;
    if (threshold == parts.zero_threshold) return zero;
    swallow(parts.positive, parts.schema, threshold, zero);
    const double before = threshold;
    swallow(parts.negative, parts.schema, threshold, zero);
    if (threshold == before) return zero;
  }
}

void drop_below(Cells& cells, std::int32_t schema, double threshold) {
  std::erase_if(cells, [&](const HistogramCell& cell) {
    return exponential_bound(cell.index - 1, schema) < threshold;
  });
}

void widen_zero(Parts& parts, double threshold) {
  parts.zero = widened_zero(parts, threshold);
  parts.zero_threshold = threshold;
  drop_below(parts.positive, parts.schema, threshold);
  drop_below(parts.negative, parts.schema, threshold);
}

// Brings two zero buckets to a common width that cuts no populated bucket.
void reconcile_zero(Parts& a, Parts& b) {
  while (a.zero_threshold != b.zero_threshold) {
    if (a.zero_threshold > b.zero_threshold) {
      widen_zero(b, a.zero_threshold);
    } else if (b.zero_threshold > a.zero_threshold) {
      widen_zero(a, b.zero_threshold);
    } else {
      return;  // not a number; validate() refuses it
    }
  }
}

void reduce(Parts& parts, std::int32_t schema, bool compensated) {
  reduce_cells(parts.positive, parts.schema, schema, compensated);
  reduce_cells(parts.negative, parts.schema, schema, compensated);
  parts.schema = schema;
}

// The hint of a sum; true on a contradiction.
bool settle_hint(CounterResetHint& hint, CounterResetHint other) {
  using enum CounterResetHint;
  if (hint == other || hint == kGauge) return false;
  if (other == kGauge) {
    hint = kGauge;
    return false;
  }
  const bool conflict = hint != kUnknown && other != kUnknown;
  hint = kUnknown;
  return conflict;
}

void store(const Parts& parts, FloatHistogram& h, FloatHistogram* lost) {
  h.schema = parts.schema;
  h.zero_threshold = parts.zero_threshold;
  h.zero_count = parts.zero.sum;
  cells_to(parts.positive, h.positive_spans, h.positive_buckets,
           lost != nullptr ? &lost->positive_buckets : nullptr);
  cells_to(parts.negative, h.negative_spans, h.negative_buckets,
           lost != nullptr ? &lost->negative_buckets : nullptr);
  if (lost == nullptr) return;
  lost->schema = h.schema;
  lost->zero_threshold = h.zero_threshold;
  lost->zero_count = parts.zero.lost;
  lost->custom_values = h.custom_values;
  lost->positive_spans = h.positive_spans;
  lost->negative_spans = h.negative_spans;
}

void merge_custom(Parts& a, const Parts& b, FloatHistogram& h,
                  const FloatHistogram& other, double sign, bool compensated,
                  HistogramMerge& merge) {
  if (h.custom_values == other.custom_values) {
    merge_cells(a.positive, b.positive, sign, compensated);
    return;
  }
  merge.bounds_reconciled = true;
  std::vector<double> common =
      common_bounds(h.custom_values, other.custom_values);
  Cells folded(common.size() + 1);
  for (std::size_t i = 0; i < folded.size(); ++i) {
    folded[i].index = static_cast<std::int32_t>(i);
  }
  fold_cells(folded, a.positive, h.custom_values, common, 1);
  fold_cells(folded, b.positive, other.custom_values, common, sign);
  std::erase_if(folded, [](const HistogramCell& cell) {
    return cell.count == 0 && cell.lost == 0;
  });
  a.positive = std::move(folded);
  h.custom_values = std::move(common);
}

Result<HistogramMerge> merge(FloatHistogram& h, const FloatHistogram& other,
                             double sign, FloatHistogram* lost) {
  if (h.uses_custom_buckets() != other.uses_custom_buckets()) {
    return fail(Code::kBadData,
                "a mix of exponential and custom bucket schemas");
  }
  HistogramMerge outcome;
  outcome.counter_reset_conflict =
      settle_hint(h.counter_reset_hint, other.counter_reset_hint);
  const bool compensated = lost != nullptr;
  Parts a = take_apart(h, lost);
  Parts b = take_apart(other, nullptr);
  if (compensated) {
    kahan_add(sign * other.count, h.count, lost->count);
    kahan_add(sign * other.sum, h.sum, lost->sum);
  } else {
    h.count += sign * other.count;
    h.sum += sign * other.sum;
  }
  if (h.uses_custom_buckets()) {
    merge_custom(a, b, h, other, sign, compensated, outcome);
    store(a, h, lost);
    return outcome;
  }
  reconcile_zero(a, b);
  if (compensated) {
    a.zero.add(sign * b.zero.sum);
    a.zero.add(sign * b.zero.lost);
  } else {
    a.zero.sum += sign * b.zero.sum;
  }
  const std::int32_t schema = std::min(a.schema, b.schema);
  reduce(a, schema, compensated);
  reduce(b, schema, compensated);
  merge_cells(a.positive, b.positive, sign, compensated);
  merge_cells(a.negative, b.negative, sign, compensated);
  store(a, h, lost);
  return outcome;
}

void compact_cells(Cells& cells, std::int32_t empty_max) {
  Cells kept;
  kept.reserve(cells.size());
  for (const HistogramCell& cell : cells) {
    if (cell.count == 0) continue;
    if (!kept.empty()) {
      const std::int32_t first = kept.back().index + 1;
      if (cell.index - first <= empty_max) {
        for (std::int32_t i = first; i < cell.index; ++i) kept.push_back({i});
      }
    }
    kept.push_back(cell);
  }
  cells = std::move(kept);
}

// True when a bucket of `before` has more than the same bucket of `now`.
bool some_went_down(const Cells& now, const Cells& before) {
  auto at = now.begin();
  for (const HistogramCell& cell : before) {
    while (at != now.end() && at->index < cell.index) ++at;
    const bool found = at != now.end() && at->index == cell.index;
    if (found ? at->count < cell.count : cell.count != 0) return true;
  }
  return false;
}

bool custom_went_down(const FloatHistogram& now, const FloatHistogram& before) {
  const std::vector<double> common =
      common_bounds(now.custom_values, before.custom_values);
  Cells a(common.size() + 1);
  Cells b(common.size() + 1);
  fold_cells(a, cells_of(now.positive_spans, now.positive_buckets, nullptr),
             now.custom_values, common, 1);
  fold_cells(b,
             cells_of(before.positive_spans, before.positive_buckets, nullptr),
             before.custom_values, common, 1);
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].count < b[i].count) return true;
  }
  return false;
}

}  // namespace

FloatHistogram& FloatHistogram::compact(std::int32_t empty_buckets_max) {
  Cells cells = cells_of(positive_spans, positive_buckets, nullptr);
  compact_cells(cells, empty_buckets_max);
  cells_to(cells, positive_spans, positive_buckets, nullptr);
  cells = cells_of(negative_spans, negative_buckets, nullptr);
  compact_cells(cells, empty_buckets_max);
  cells_to(cells, negative_spans, negative_buckets, nullptr);
  return *this;
}

void FloatHistogram::reduce_schema(std::int32_t target) {
  Parts parts = take_apart(*this, nullptr);
  reduce(parts, target, false);
  store(parts, *this, nullptr);
}

FloatHistogram& FloatHistogram::multiply(double factor) {
  zero_count *= factor;
  count *= factor;
  sum *= factor;
  for (double& bucket : positive_buckets) bucket *= factor;
  for (double& bucket : negative_buckets) bucket *= factor;
  if (factor < 0) counter_reset_hint = CounterResetHint::kGauge;
  return *this;
}

FloatHistogram& FloatHistogram::divide(double divisor) {
  zero_count /= divisor;
  count /= divisor;
  sum /= divisor;
  if (divisor == 0) {
    positive_buckets.clear();
    negative_buckets.clear();
    positive_spans.clear();
    negative_spans.clear();
    return *this;
  }
  for (double& bucket : positive_buckets) bucket /= divisor;
  for (double& bucket : negative_buckets) bucket /= divisor;
  if (divisor < 0) counter_reset_hint = CounterResetHint::kGauge;
  return *this;
}

Result<HistogramMerge> FloatHistogram::add(const FloatHistogram& other) {
  return merge(*this, other, 1, nullptr);
}

Result<HistogramMerge> FloatHistogram::subtract(const FloatHistogram& other) {
  return merge(*this, other, -1, nullptr);
}

Result<HistogramMerge> FloatHistogram::add(const FloatHistogram& other,
                                           FloatHistogram& compensation) {
  return merge(*this, other, 1, &compensation);
}

FloatHistogram FloatHistogram::compensation_for(
    const FloatHistogram& histogram) {
  FloatHistogram lost = histogram;
  lost.zero_count = 0;
  lost.count = 0;
  lost.sum = 0;
  std::ranges::fill(lost.positive_buckets, 0);
  std::ranges::fill(lost.negative_buckets, 0);
  return lost;
}

bool FloatHistogram::is_reset_since(const FloatHistogram& previous) const {
  if (counter_reset_hint == CounterResetHint::kReset) return true;
  if (counter_reset_hint == CounterResetHint::kNotReset) return false;
  if (count < previous.count) return true;
  if (uses_custom_buckets() != previous.uses_custom_buckets()) return true;
  if (uses_custom_buckets()) {
    if (custom_values != previous.custom_values) {
      return custom_went_down(*this, previous);
    }
    return some_went_down(
        cells_of(positive_spans, positive_buckets, nullptr),
        cells_of(previous.positive_spans, previous.positive_buckets, nullptr));
  }
  // A finer schema or a narrower zero bucket only come with a restart.
  if (schema > previous.schema) return true;
  if (zero_threshold < previous.zero_threshold) return true;
  Parts before = take_apart(previous, nullptr);
  double threshold = zero_threshold;
  const KahanSum zero = widened_zero(before, threshold);
  if (threshold != zero_threshold || zero_count < zero.sum) return true;
  reduce(before, schema, false);
  const auto inside = [&](const HistogramCell& cell) {
    return exponential_bound(cell.index, schema) <= zero_threshold;
  };
  std::erase_if(before.positive, inside);
  std::erase_if(before.negative, inside);
  const Parts now = take_apart(*this, nullptr);
  return some_went_down(now.positive, before.positive) ||
         some_went_down(now.negative, before.negative);
}

bool FloatHistogram::has_overflow() const {
  const auto infinite = [](double value) { return std::isinf(value); };
  return infinite(zero_count) || infinite(count) || infinite(sum) ||
         std::ranges::any_of(positive_buckets, infinite) ||
         std::ranges::any_of(negative_buckets, infinite) ||
         std::ranges::any_of(custom_values, infinite);
}

}  // namespace prom
