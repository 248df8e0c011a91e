#include "libprom/query/histogram_quantile.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace prom::query {

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Sorts by bound and joins buckets of one bound.
void normalize(std::vector<ClassicBucket>& buckets) {
  std::ranges::stable_sort(buckets, {}, &ClassicBucket::upper);
  std::size_t last = 0;
  for (std::size_t i = 1; i < buckets.size(); ++i) {
    if (buckets[i].upper == buckets[last].upper) {
      buckets[last].count += buckets[i].count;
    } else {
      buckets[++last] = buckets[i];
    }
  }
  buckets.resize(last + 1);
}

// Counts of scrapes and rates differ in the last digits without meaning it.
bool almost_equal(double a, double b) {
  constexpr double kTolerance = 1e-12;
  constexpr double kTiny = std::numeric_limits<double>::min();
  const double sum = std::fabs(a) + std::fabs(b);
  const double difference = std::fabs(a - b);
  if (a == 0 || b == 0 || sum < kTiny) return difference < kTolerance * kTiny;
  return difference / std::min(sum, std::numeric_limits<double>::max()) <
         kTolerance;
}

// A cumulative count cannot go down.
void repair(std::vector<ClassicBucket>& buckets, ClassicQuantile& result) {
  result.bucket_min = kInf;
  result.bucket_max = -kInf;
  double before = buckets.front().count;
  for (ClassicBucket& bucket : buckets) {
    const double count = bucket.count;
    if (count == before) continue;
    if (almost_equal(before, count)) {
      bucket.count = before;
    } else if (count < before) {
      bucket.count = before;
      result.repaired = true;
      result.bucket_min = std::min(result.bucket_min, bucket.upper);
      result.bucket_max = std::max(result.bucket_max, bucket.upper);
      result.difference_max = std::max(result.difference_max, before - count);
    } else {
      before = count;
    }
  }
}

double interpolated_quantile(double quantile,
                             const std::vector<ClassicBucket>& buckets) {
  const double observations = buckets.back().count;
  if (buckets.size() < 2 || observations == 0) return kNan;
  double rank = quantile * observations;
  std::size_t at = 0;
  while (at + 1 < buckets.size() && !(buckets[at].count >= rank)) ++at;
  if (at + 1 == buckets.size()) return buckets[at - 1].upper;
  if (at == 0 && buckets[0].upper <= 0) return buckets[0].upper;
  const double lower = at == 0 ? 0 : buckets[at - 1].upper;
  const double below = at == 0 ? 0 : buckets[at - 1].count;
  rank -= below;
  return lower +
         (buckets[at].upper - lower) * (rank / (buckets[at].count - below));
}

// Where the observations of the zero bucket lie: on the sides that have
// others.
void narrow_zero_bucket(const FloatHistogram& h, HistogramBucket& bucket) {
  if (h.negative_buckets.empty() && !h.positive_buckets.empty()) {
    bucket.lower = 0;
  } else if (h.positive_buckets.empty() && !h.negative_buckets.empty()) {
    bucket.upper = 0;
  }
}

// Ranks of two bounds among the observations, found in one pass.
class Ranks {
 public:
  Ranks(double lower, double upper) : bounds_{lower, upper} {}

  [[nodiscard]] bool done() const { return set_[0] && set_[1]; }

  // A bucket of (lower, upper] after `rank` observations; rank_at(v) is the
  // rank of a value inside of it.
  template <typename F>
  void add(double lower, double upper, double rank, F rank_at) {
    for (int i = 0; i < 2; ++i) {
      if (!set_[i] && lower >= bounds_[i]) set(i, rank);
    }
    if (done()) return;
    for (int i = 0; i < 2; ++i) {
      if (!set_[i] && lower < bounds_[i] && upper > bounds_[i]) {
        set(i, rank_at(bounds_[i]));
      }
    }
  }

  // Observations between the bounds; `count` of them in all.
  [[nodiscard]] double between(double count) const {
    const double low = set_[0] && !(ranks_[0] > count) ? ranks_[0] : count;
    const double high = set_[1] && !(ranks_[1] > count) ? ranks_[1] : count;
    return high - low;
  }

 private:
  void set(int i, double rank) {
    ranks_[i] = rank;
    set_[i] = true;
  }
  double bounds_[2];
  double ranks_[2] = {0, 0};
  bool set_[2] = {false, false};
};

}  // namespace

ClassicQuantile classic_quantile(double quantile,
                                 std::vector<ClassicBucket> buckets) {
  ClassicQuantile result;
  if (std::isnan(quantile)) {
    result.value = kNan;
  } else if (quantile < 0) {
    result.value = -kInf;
  } else if (quantile > 1) {
    result.value = kInf;
  } else {
    normalize(buckets);
    if (buckets.back().upper != kInf) {
      result.value = kNan;
      return result;
    }
    repair(buckets, result);
    result.value = interpolated_quantile(quantile, buckets);
  }
  return result;
}

double classic_fraction(double lower, double upper,
                        std::vector<ClassicBucket> buckets) {
  normalize(buckets);
  if (buckets.back().upper != kInf) return kNan;
  const double count = buckets.back().count;
  if (count == 0 || std::isnan(lower) || std::isnan(upper)) return kNan;
  if (lower >= upper) return 0;
  Ranks ranks(lower, upper);
  double rank = 0;
  double from = buckets.front().upper <= 0 ? -kInf : 0;
  for (const ClassicBucket& bucket : buckets) {
    ranks.add(from, bucket.upper, rank, [&](double value) {
      if (from == -kInf) return bucket.count;
      return rank +
             (bucket.count - rank) * (value - from) / (bucket.upper - from);
    });
    if (ranks.done()) break;
    rank = bucket.count;
    from = bucket.upper;
  }
  return ranks.between(count) / count;
}

NativeValue native_quantile(double quantile, const FloatHistogram& h) {
  if (quantile < 0) return {-kInf};
  if (quantile > 1) return {kInf};
  if (h.count == 0 || std::isnan(quantile)) return {kNan};

  // From the nearer end, unless NaN was observed: it is in no bucket, so that
  // only ranks from below are known.
  constexpr double kHalf = 0.5;
  const bool has_nan = std::isnan(h.sum);
  const bool forward = has_nan || quantile < kHalf;
  std::vector<HistogramBucket> buckets = h.buckets();
  if (!forward) std::ranges::reverse(buckets);
  double rank = (forward ? quantile : 1 - quantile) * h.count;
  double count = 0;
  std::size_t next = 0;
  HistogramBucket bucket;
  while (next < buckets.size()) {
    bucket = buckets[next++];
    if (bucket.count == 0) continue;
    count += bucket.count;
    if (count >= rank) break;
  }
  if (h.uses_custom_buckets()) {
    if (bucket.lower == -kInf) {
      if (bucket.upper <= 0) return {bucket.upper};
      bucket.lower = 0;
    } else if (bucket.upper == kInf) {
      return {bucket.lower};
    }
  } else if (bucket.lower < 0 && bucket.upper > 0) {
    narrow_zero_bucket(h, bucket);
  }
  // Rounding may count more than there are.
  count = std::min(count, h.count);
  if (count < rank) {
    if (has_nan) return {kNan, NanNote::kResultIsNan};
    return {bucket.upper};
  }
  rank = forward ? rank - (count - bucket.count) : count - rank;
  NativeValue result;
  if (has_nan) {
    for (; next < buckets.size(); ++next) count += buckets[next].count;
    if (count < h.count) result.note = NanNote::kSkewed;
  }
  const double fraction = rank / bucket.count;
  if (h.uses_custom_buckets() || (bucket.lower <= 0 && bucket.upper >= 0)) {
    result.value = bucket.lower + (bucket.upper - bucket.lower) * fraction;
    return result;
  }
  // The buckets grow exponentially; so, it is assumed, do the values.
  const double low = std::log2(std::fabs(bucket.lower));
  const double high = std::log2(std::fabs(bucket.upper));
  result.value = bucket.lower > 0
                     ? std::exp2(low + (high - low) * fraction)
                     : -std::exp2(high + (low - high) * (1 - fraction));
  return result;
}

NativeValue native_fraction(double lower, double upper,
                            const FloatHistogram& h) {
  if (h.count == 0 || std::isnan(lower) || std::isnan(upper)) return {kNan};
  if (lower >= upper) return {0};
  Ranks ranks(lower, upper);
  const std::vector<HistogramBucket> buckets = h.buckets();
  double rank = 0;
  double count = 0;
  std::size_t next = 0;
  while (next < buckets.size() && !ranks.done()) {
    HistogramBucket bucket = buckets[next++];
    count += bucket.count;
    const bool zero = bucket.lower <= 0 && bucket.upper >= 0;
    if (zero) narrow_zero_bucket(h, bucket);
    const bool linear = h.uses_custom_buckets() || zero;
    ranks.add(bucket.lower, bucket.upper, rank, [&](double value) {
      if (linear && bucket.lower == -kInf) return bucket.count;
      return rank + bucket.count * bucket.fraction_below(value, linear);
    });
    rank += bucket.count;
  }
  NativeValue result;
  if (std::isnan(h.sum)) {
    for (; next < buckets.size(); ++next) count += buckets[next].count;
    if (count < h.count) result.note = NanNote::kExcluded;
  } else {
    count = h.count;
  }
  result.value = ranks.between(count) / h.count;
  return result;
}

}  // namespace prom::query
