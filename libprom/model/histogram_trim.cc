// Cutting a native histogram at a bound: the trim operators of PromQL.
#include <cmath>
#include <cstddef>

#include "libprom/model/histogram.h"

namespace prom {

namespace {

// What stays of a bucket, and the value that stands for each observation.
struct Kept {
  double count = 0;
  double middle = 0;
};

// Geometric for exponential buckets, arithmetic for linear ones; an infinite
// end leaves the other one.
double middle_of(double lower, double upper, bool positive, bool linear) {
  if (std::isinf(lower)) {
    if (std::isinf(upper)) return 0;
    return upper > 0 ? upper / 2 : upper;
  }
  if (std::isinf(upper)) return lower;
  if (linear) return (lower + upper) / 2;
  const double middle = std::sqrt(std::fabs(lower * upper));
  return positive ? middle : -middle;
}

// Nothing is known about where observations lie in a bucket without end, so
// it goes as a whole, except where zero is a natural other end.
Kept cut_endless(const HistogramBucket& b, double bound, bool keep_below) {
  if (std::isinf(b.lower) && b.lower < 0) {
    const bool zero_based = b.upper > 0 && std::isfinite(b.upper);
    if (keep_below) {
      if (bound > 0 && zero_based) {
        return {b.count * bound / b.upper, bound / 2};
      }
      if (b.upper <= 0) return {b.count, bound};
      return {};
    }
    if (bound >= 0 && zero_based) {
      return {b.count * (1 - bound / b.upper), (bound + b.upper) / 2};
    }
    return {};
  }
  if (keep_below) return {};
  return {b.count, bound};
}

// REQUIRES: b.lower < bound < b.upper.
Kept cut(const HistogramBucket& b, double bound, bool keep_below, bool positive,
         bool linear) {
  if (std::isinf(b.lower) || std::isinf(b.upper)) {
    return cut_endless(b, bound, keep_below);
  }
  const double below = b.count * b.fraction_below(bound, linear);
  if (keep_below) return {below, middle_of(b.lower, bound, positive, linear)};
  return {b.count - below, middle_of(bound, b.upper, positive, linear)};
}

Kept keep(const HistogramBucket& b, double bound, bool keep_below,
          bool positive, bool linear) {
  const bool whole = keep_below ? b.upper <= bound : b.lower >= bound;
  if (whole) return {b.count, middle_of(b.lower, b.upper, positive, linear)};
  const bool part = keep_below ? b.lower < bound : b.upper > bound;
  if (part) return cut(b, bound, keep_below, positive, linear);
  return {};
}

// Observations in the zero bucket lie on the sides that have others.
Kept keep_zero(const FloatHistogram& h, double bound, bool keep_below,
               bool has_negative, bool has_positive) {
  const double lower = has_positive && !has_negative ? 0 : -h.zero_threshold;
  const double upper = has_negative && !has_positive ? 0 : h.zero_threshold;
  const Kept whole = {h.zero_count, (lower + upper) / 2};
  if (bound <= lower) return keep_below ? Kept{} : whole;
  if (bound >= upper) return keep_below ? whole : Kept{};
  if (keep_below) {
    return {h.zero_count * ((bound - lower) / (upper - lower)),
            (lower + bound) / 2};
  }
  return {h.zero_count * ((upper - bound) / (upper - lower)),
          (bound + upper) / 2};
}

struct Totals {
  double count = 0;
  double sum = 0;
  bool changed = false;

  void add(const Kept& kept, double before) {
    count += kept.count;
    if (kept.count != 0) sum += kept.middle * kept.count;
    if (kept.count != before) changed = true;
  }
};

// True when the side has observations.
bool trim_side(FloatHistogram& h, bool positive, double bound, bool keep_below,
               Totals& totals) {
  std::vector<double>& counts =
      positive ? h.positive_buckets : h.negative_buckets;
  bool populated = false;
  std::size_t at = 0;
  for (const HistogramBucket& bucket : h.side(positive)) {
    double& count = counts[at++];
    if (bucket.count == 0) continue;
    populated = true;
    const Kept kept =
        keep(bucket, bound, keep_below, positive, h.uses_custom_buckets());
    totals.add(kept, count);
    count = kept.count;
  }
  return populated;
}

}  // namespace

void FloatHistogram::trim(double bound, bool keep_below) {
  Totals totals;
  const bool has_positive = trim_side(*this, true, bound, keep_below, totals);
  const bool has_negative = trim_side(*this, false, bound, keep_below, totals);
  if (zero_count > 0) {
    const Kept kept =
        keep_zero(*this, bound, keep_below, has_negative, has_positive);
    totals.add(kept, zero_count);
    zero_count = kept.count;
  }
  if (!totals.changed) return;
  count = totals.count;
  sum = totals.sum;
  compact();
}

}  // namespace prom
