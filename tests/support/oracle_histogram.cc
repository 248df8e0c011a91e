#include "tests/support/oracle_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <set>

namespace prom::test {

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

// The upper bound of an exponential bucket: 2^(index / 2^schema).
double bound_of(std::int32_t index, std::int32_t schema) {
  const double exponent =
      std::ldexp(static_cast<double>(index), -static_cast<int>(schema));
  constexpr double kExponentMax = 1024;
  if (exponent == kExponentMax) return std::numeric_limits<double>::max();
  if (exponent > kExponentMax) return kInf;
  const double whole = std::floor(exponent);
  return std::ldexp(std::exp2(exponent - whole), static_cast<int>(whole));
}

// One bucket of the positive side, as it is stored.
OracleBucket stored(const OracleHistogram& h, std::int32_t index,
                    double count) {
  if (!h.is_custom()) {
    return {bound_of(index - 1, h.schema), bound_of(index, h.schema), count};
  }
  const auto at = static_cast<std::size_t>(index);
  return {at == 0 ? -kInf : h.bounds.at(at - 1),
          at < h.bounds.size() ? h.bounds[at] : kInf, count};
}

OracleBucket mirrored(const OracleBucket& b) {
  return {-b.upper, -b.lower, b.count};
}

std::map<std::int32_t, double> unpacked(const std::vector<BucketSpan>& spans,
                                        const std::vector<double>& counts) {
  std::map<std::int32_t, double> buckets;
  std::int32_t index = 0;
  std::size_t next = 0;
  for (const BucketSpan& span : spans) {
    index += span.offset;
    for (std::uint32_t i = 0; i < span.length; ++i) {
      buckets[index++] = counts.at(next++);
    }
  }
  return buckets;
}

void pack(const std::map<std::int32_t, double>& buckets,
          std::vector<BucketSpan>& spans, std::vector<double>& counts) {
  std::int32_t next = 0;
  for (const auto& [index, count] : buckets) {
    if (spans.empty() || index != next) {
      spans.push_back({index - (spans.empty() ? 0 : next), 0});
    }
    ++spans.back().length;
    counts.push_back(count);
    next = index + 1;
  }
}

std::map<std::int32_t, double> reduced(
    const std::map<std::int32_t, double>& buckets, std::int32_t by) {
  std::map<std::int32_t, double> result;
  for (const auto& [index, count] : buckets) {
    // Bucket i covers (2^(i-1), 2^i] steps, so rounding is upwards.
    const auto target = static_cast<std::int32_t>(
        std::ceil(std::ldexp(static_cast<double>(index), -by)));
    result[target] += count;
  }
  return result;
}

// What the zero bucket holds once it is at least `threshold` wide; the
// threshold grows to the end of a populated bucket that it would cut.
double zero_count_within(const OracleHistogram& h, double& threshold) {
  for (bool grown = true; grown;) {
    grown = false;
    for (const auto* side : {&h.positive, &h.negative}) {
      for (const auto& [index, count] : *side) {
        const OracleBucket b = stored(h, index, count);
        if (count != 0 && b.lower < threshold && b.upper > threshold) {
          threshold = b.upper;
          grown = true;
        }
      }
    }
  }
  double total = h.zero_count;
  for (const auto* side : {&h.positive, &h.negative}) {
    for (const auto& [index, count] : *side) {
      if (stored(h, index, count).lower < threshold) total += count;
    }
  }
  return total;
}

void widen_zero(OracleHistogram& h, double threshold) {
  if (threshold <= h.zero_threshold) return;
  h.zero_count = zero_count_within(h, threshold);
  h.zero_threshold = threshold;
  for (auto* side : {&h.positive, &h.negative}) {
    std::erase_if(*side, [&](const auto& bucket) {
      return stored(h, bucket.first, bucket.second).lower < threshold;
    });
  }
  compact(h);
}

void rebucket(OracleHistogram& h, const std::vector<double>& bounds) {
  std::map<std::int32_t, double> buckets;
  for (const auto& [index, count] : h.positive) {
    const double upper = stored(h, index, count).upper;
    const auto at = std::ranges::lower_bound(bounds, upper) - bounds.begin();
    buckets[static_cast<std::int32_t>(at)] += count;
  }
  h.positive = std::move(buckets);
  h.bounds = bounds;
}

bool merge_hints(CounterResetHint& into, CounterResetHint other) {
  if (into == other || into == CounterResetHint::kGauge) return false;
  if (other == CounterResetHint::kGauge) {
    into = other;
    return false;
  }
  const bool conflict =
      into != CounterResetHint::kUnknown && other != CounterResetHint::kUnknown;
  into = CounterResetHint::kUnknown;
  return conflict;
}

bool equal_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

bool any_smaller(const std::map<std::int32_t, double>& now,
                 const std::map<std::int32_t, double>& before) {
  return std::ranges::any_of(before, [&](const auto& bucket) {
    const auto found = now.find(bucket.first);
    return (found == now.end() ? 0 : found->second) < bucket.second;
  });
}

double count_up_to(const OracleHistogram& h, double bound) {
  double total = 0;
  for (const auto& [index, count] : h.positive) {
    if (stored(h, index, count).upper <= bound) total += count;
  }
  return total;
}

// Custom buckets with different bounds: between bounds that both have.
bool is_custom_reset(const OracleHistogram& now,
                     const OracleHistogram& before) {
  std::vector<double> common;
  std::ranges::set_intersection(now.bounds, before.bounds,
                                std::back_inserter(common));
  common.push_back(kInf);
  double now_below = 0;
  double before_below = 0;
  for (const double bound : common) {
    const double a = count_up_to(now, bound);
    const double b = count_up_to(before, bound);
    if (a - now_below < b - before_below) return true;
    now_below = a;
    before_below = b;
  }
  return false;
}

}  // namespace

OracleHistogram to_oracle(const FloatHistogram& h) {
  OracleHistogram result;
  result.hint = h.counter_reset_hint;
  result.schema = h.schema;
  result.zero_threshold = h.zero_threshold;
  result.zero_count = h.zero_count;
  result.count = h.count;
  result.sum = h.sum;
  result.positive = unpacked(h.positive_spans, h.positive_buckets);
  result.negative = unpacked(h.negative_spans, h.negative_buckets);
  result.bounds = h.custom_values;
  return result;
}

FloatHistogram to_model(const OracleHistogram& h) {
  FloatHistogram result;
  result.counter_reset_hint = h.hint;
  result.schema = h.schema;
  result.zero_threshold = h.zero_threshold;
  result.zero_count = h.zero_count;
  result.count = h.count;
  result.sum = h.sum;
  pack(h.positive, result.positive_spans, result.positive_buckets);
  pack(h.negative, result.negative_spans, result.negative_buckets);
  result.custom_values = h.bounds;
  return result;
}

void compact(OracleHistogram& h) {
  for (auto* side : {&h.positive, &h.negative}) {
    std::erase_if(*side, [](const auto& bucket) { return bucket.second == 0; });
  }
}

void reduce(OracleHistogram& h, std::int32_t schema) {
  if (h.is_custom() || schema >= h.schema) return;
  h.positive = reduced(h.positive, h.schema - schema);
  h.negative = reduced(h.negative, h.schema - schema);
  h.schema = schema;
}

void multiply(OracleHistogram& h, double factor) {
  for (double* number : {&h.zero_count, &h.count, &h.sum}) *number *= factor;
  for (auto* side : {&h.positive, &h.negative}) {
    for (auto& [index, count] : *side) count *= factor;
  }
  if (factor < 0) h.hint = CounterResetHint::kGauge;
}

void divide(OracleHistogram& h, double divisor) {
  for (double* number : {&h.zero_count, &h.count, &h.sum}) *number /= divisor;
  for (auto* side : {&h.positive, &h.negative}) {
    if (divisor == 0) side->clear();
    for (auto& [index, count] : *side) count /= divisor;
  }
  if (divisor < 0) h.hint = CounterResetHint::kGauge;
}

namespace {

// Gives both the same layout.
OracleMerge align(OracleHistogram& a, OracleHistogram& b) {
  OracleMerge merge;
  if (a.is_custom() != b.is_custom()) {
    merge.incompatible = true;
    return merge;
  }
  if (a.is_custom()) {
    if (a.bounds == b.bounds) return merge;
    merge.reconciled = true;
    std::vector<double> common;
    std::ranges::set_intersection(a.bounds, b.bounds,
                                  std::back_inserter(common));
    rebucket(a, common);
    rebucket(b, common);
    return merge;
  }
  while (a.zero_threshold != b.zero_threshold) {
    widen_zero(a, b.zero_threshold);
    widen_zero(b, a.zero_threshold);
  }
  const std::int32_t schema = std::min(a.schema, b.schema);
  reduce(a, schema);
  reduce(b, schema);
  return merge;
}

void add_compensated(double value, double& sum, double& lost) {
  const double total = sum + value;
  if (std::isinf(total)) {
    lost = 0;
  } else if (std::fabs(sum) >= std::fabs(value)) {
    lost += (sum - total) + value;
  } else {
    lost += (value - total) + sum;
  }
  sum = total;
}

// What was lost takes the layout of what it was lost from.
void follow(OracleHistogram& lost, const OracleHistogram& of) {
  if (of.is_custom()) {
    if (lost.bounds != of.bounds) rebucket(lost, of.bounds);
    return;
  }
  for (auto* side : {&lost.positive, &lost.negative}) {
    std::erase_if(*side, [&](const auto& bucket) {
      const bool inside =
          stored(lost, bucket.first, 0).lower < of.zero_threshold;
      if (inside) lost.zero_count += bucket.second;
      return inside;
    });
  }
  lost.zero_threshold = of.zero_threshold;
  reduce(lost, of.schema);
}

OracleMerge combine_compensated(OracleHistogram& into, OracleHistogram& lost,
                                OracleHistogram other) {
  OracleMerge merge = align(into, other);
  if (merge.incompatible) return merge;
  merge.conflict = merge_hints(into.hint, other.hint);
  follow(lost, into);
  add_compensated(other.zero_count, into.zero_count, lost.zero_count);
  add_compensated(other.count, into.count, lost.count);
  add_compensated(other.sum, into.sum, lost.sum);
  for (const auto& [index, count] : other.positive) {
    add_compensated(count, into.positive[index], lost.positive[index]);
  }
  for (const auto& [index, count] : other.negative) {
    add_compensated(count, into.negative[index], lost.negative[index]);
  }
  return merge;
}

bool overflows(const OracleHistogram& h) {
  if (std::isinf(h.count) || std::isinf(h.sum) || std::isinf(h.zero_count)) {
    return true;
  }
  const auto infinite = [](const auto& bucket) {
    return std::isinf(bucket.second);
  };
  return std::ranges::any_of(h.positive, infinite) ||
         std::ranges::any_of(h.negative, infinite);
}

}  // namespace

OracleMerge combine(OracleHistogram& into, OracleHistogram other, int sign) {
  OracleMerge merge = align(into, other);
  if (merge.incompatible) return merge;
  merge.conflict = merge_hints(into.hint, other.hint);
  if (!into.is_custom()) into.zero_count += sign * other.zero_count;
  into.count += sign * other.count;
  into.sum += sign * other.sum;
  for (const auto& [index, count] : other.positive) {
    into.positive[index] += sign * count;
  }
  for (const auto& [index, count] : other.negative) {
    into.negative[index] += sign * count;
  }
  if (merge.reconciled) compact(into);
  return merge;
}

OracleTotal total_of(const std::vector<const OracleHistogram*>& histograms,
                     bool average) {
  OracleTotal result;
  result.value = *histograms.front();
  OracleHistogram lost;
  lost.schema = result.value.schema;
  lost.bounds = result.value.bounds;
  lost.zero_threshold = result.value.zero_threshold;
  bool incremental = false;
  double count = 1;
  for (result.looked_at = 1; result.looked_at < histograms.size();) {
    const OracleHistogram& next = *histograms[result.looked_at++];
    ++count;
    OracleMerge merge;
    if (!incremental) {
      OracleHistogram sum = result.value;
      OracleHistogram sum_lost = lost;
      merge = combine_compensated(sum, sum_lost, next);
      if (!average || merge.incompatible || !overflows(sum)) {
        if (!merge.incompatible) {
          result.value = std::move(sum);
          lost = std::move(sum_lost);
        }
      } else {
        // Too large for a sum, not for a mean.
        incremental = true;
        divide(result.value, count - 1);
        divide(lost, count - 1);
      }
    }
    if (incremental) {
      multiply(result.value, (count - 1) / count);
      multiply(lost, (count - 1) / count);
      OracleHistogram part = next;
      divide(part, count);
      merge = combine_compensated(result.value, lost, std::move(part));
    }
    result.merge.reconciled = result.merge.reconciled || merge.reconciled;
    if (merge.incompatible) {
      result.merge.incompatible = true;
      return result;
    }
  }
  if (average && !incremental) {
    divide(result.value, count);
    divide(lost, count);
  }
  lost.hint = result.value.hint;
  combine(result.value, std::move(lost), 1);
  return result;
}

bool is_reset(const OracleHistogram& now, const OracleHistogram& before) {
  if (now.hint == CounterResetHint::kReset) return true;
  if (now.hint == CounterResetHint::kNotReset) return false;
  if (now.count < before.count) return true;
  if (now.is_custom()) {
    if (!before.is_custom()) return true;
    if (now.bounds != before.bounds) return is_custom_reset(now, before);
    return any_smaller(now.positive, before.positive);
  }
  if (now.schema > before.schema) return true;
  if (now.zero_threshold < before.zero_threshold) return true;
  double threshold = now.zero_threshold;
  const double zero = threshold == before.zero_threshold
                          ? before.zero_count
                          : zero_count_within(before, threshold);
  if (threshold != now.zero_threshold || now.zero_count < zero) return true;
  // What is inside of the wider zero bucket was compared with it.
  OracleHistogram earlier = before;
  std::erase_if(earlier.positive, [&](const auto& bucket) {
    return stored(before, bucket.first, 0).lower < threshold;
  });
  std::erase_if(earlier.negative, [&](const auto& bucket) {
    return stored(before, bucket.first, 0).lower < threshold;
  });
  reduce(earlier, now.schema);
  return any_smaller(now.positive, earlier.positive) ||
         any_smaller(now.negative, earlier.negative);
}

bool same(const OracleHistogram& a, const OracleHistogram& b) {
  const auto equal = [](const auto& x, const auto& y) {
    return std::ranges::equal(x, y, [](const auto& p, const auto& q) {
      return p.first == q.first && equal_bits(p.second, q.second);
    });
  };
  return a.schema == b.schema && equal_bits(a.count, b.count) &&
         equal_bits(a.sum, b.sum) && a.bounds == b.bounds &&
         a.zero_threshold == b.zero_threshold &&
         equal_bits(a.zero_count, b.zero_count) &&
         equal(a.positive, b.positive) && equal(a.negative, b.negative);
}

OracleBucket zero_bucket_of(const OracleHistogram& h) {
  return {-h.zero_threshold, h.zero_threshold, h.zero_count};
}

std::vector<OracleBucket> buckets_of(const OracleHistogram& h) {
  std::vector<OracleBucket> all;
  for (auto it = h.negative.rbegin(); it != h.negative.rend(); ++it) {
    OracleBucket b = mirrored(stored(h, it->first, it->second));
    if (b.upper > -h.zero_threshold) b.upper = -h.zero_threshold;
    all.push_back(b);
  }
  if (h.zero_count > 0) all.push_back(zero_bucket_of(h));
  for (const auto& [index, count] : h.positive) {
    OracleBucket b = stored(h, index, count);
    if (b.lower > 0 && b.lower < h.zero_threshold) b.lower = h.zero_threshold;
    all.push_back(b);
  }
  return all;
}

// -- Trimming

namespace {

double middle(double lower, double upper, bool positive, bool linear) {
  if (std::isinf(lower) && std::isinf(upper)) return 0;
  if (std::isinf(lower)) return upper > 0 ? upper / 2 : upper;
  if (std::isinf(upper)) return lower;
  if (linear) return (lower + upper) / 2;
  const double size = std::sqrt(std::fabs(lower * upper));
  return positive ? size : -size;
}

double finite_or_zero(double value) {
  return std::isinf(value) ? 0 : value;
}

struct Kept {
  double count = 0;
  double middle = 0;
};

Kept keep_of_unbounded(const OracleBucket& b, double bound, bool below) {
  if (b.lower == -kInf) {
    if (below) {
      if (bound >= b.upper) return {b.count, 0};
      if (bound > 0 && b.upper > 0 && b.upper != kInf) {
        return {b.count * bound / b.upper, bound / 2};
      }
      if (b.upper <= 0) return {b.count, bound};
      return {0, finite_or_zero(b.upper)};
    }
    if (bound <= b.lower) return {b.count, 0};
    if (bound >= 0 && b.upper > bound && b.upper != kInf) {
      return {b.count * (1 - bound / b.upper), (bound + b.upper) / 2};
    }
    return {0, finite_or_zero(b.upper)};
  }
  if (below) return {0, finite_or_zero(b.lower)};
  return bound >= b.lower ? Kept{b.count, bound}
                          : Kept{0, finite_or_zero(b.lower)};
}

double part_below(const OracleBucket& b, double value, bool linear) {
  if (linear) return (value - b.lower) / (b.upper - b.lower);
  const double low = std::log2(std::fabs(b.lower));
  const double high = std::log2(std::fabs(b.upper));
  const double at = std::log2(std::fabs(value));
  if (value > 0) return (at - low) / (high - low);
  return 1 - (at - high) / (low - high);
}

Kept keep_of(const OracleBucket& b, double bound, bool below, bool positive,
             bool linear) {
  const bool whole = below ? b.upper <= bound : b.lower >= bound;
  if (whole) return {b.count, middle(b.lower, b.upper, positive, linear)};
  const bool cut = below ? b.lower < bound : b.upper > bound;
  if (!cut) return {0, 0};
  if (b.lower == -kInf || b.upper == kInf) {
    return keep_of_unbounded(b, bound, below);
  }
  double under = b.count;
  if (bound <= b.lower) {
    under = 0;
  } else if (bound < b.upper) {
    under = b.count * part_below(b, bound, linear);
  }
  if (below) return {under, middle(b.lower, bound, positive, linear)};
  return {b.count - under, middle(bound, b.upper, positive, linear)};
}

Kept keep_of_zero(OracleBucket b, double bound, bool below, bool has_negative,
                  bool has_positive) {
  if (has_negative && !has_positive) b.upper = 0;
  if (has_positive && !has_negative) b.lower = 0;
  const double centre = (b.lower + b.upper) / 2;
  if (bound <= b.lower) return below ? Kept{} : Kept{b.count, centre};
  if (bound >= b.upper) return below ? Kept{b.count, centre} : Kept{};
  const double width = b.upper - b.lower;
  if (below) {
    return {b.count * ((bound - b.lower) / width), (b.lower + bound) / 2};
  }
  return {b.count * ((b.upper - bound) / width), (bound + b.upper) / 2};
}

}  // namespace

void trim(OracleHistogram& h, double bound, bool keep_below) {
  double total = 0;
  double sum = 0;
  bool changed = false;
  bool populated[2] = {};
  for (const bool positive : {true, false}) {
    for (auto& [index, count] : positive ? h.positive : h.negative) {
      if (count == 0) continue;
      populated[positive ? 1 : 0] = true;
      OracleBucket b = stored(h, index, count);
      if (!positive) b = mirrored(b);
      const Kept kept = keep_of(b, bound, keep_below, positive, h.is_custom());
      total += kept.count;
      sum += kept.middle * kept.count;
      changed = changed || kept.count != count;
      count = kept.count;
    }
  }
  if (h.zero_count > 0) {
    const Kept kept = keep_of_zero(zero_bucket_of(h), bound, keep_below,
                                   populated[0], populated[1]);
    changed = changed || kept.count != h.zero_count;
    h.zero_count = kept.count;
    total += kept.count;
    sum += kept.middle * kept.count;
  }
  if (!changed) return;
  h.count = total;
  h.sum = sum;
  compact(h);
}

}  // namespace prom::test
