#include "libprom/query/histogram_rebuild.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace prom::query {
namespace {

// Bounds are printed in full, so only rounding of logarithms is between them
// and whole indexes; the finest schema has 256 buckets between powers of two.
constexpr double kIndexError = 1e-3;

using Indexed = std::map<std::int32_t, double>;  // index to count

bool is_zero_bucket(const HistogramBucket& bucket) {
  return bucket.lower_inclusive && bucket.upper_inclusive;
}

// Bounds of a bucket seen from zero: what is negative is mirrored.
struct Distance {
  double near = 0;
  double far = 0;
};
Distance distance(const HistogramBucket& bucket) {
  if (bucket.upper <= 0) return {-bucket.upper, -bucket.lower};
  return {bucket.lower, bucket.upper};
}

// The schema that most buckets agree on: one beside the zero bucket may be cut
// and then looks finer.
std::optional<std::int32_t> common_schema(
    const std::vector<HistogramBucket>& buckets) {
  std::map<std::int32_t, std::size_t> votes;
  for (const HistogramBucket& bucket : buckets) {
    if (is_zero_bucket(bucket)) continue;
    const Distance d = distance(bucket);
    if (!(d.near > 0) || !std::isfinite(d.far)) continue;
    const double width = std::log2(d.far) - std::log2(d.near);
    if (!(width > 0)) continue;
    const double schema = std::round(-std::log2(width));
    if (schema < kHistogramSchemaMin || schema > kHistogramSchemaMax) continue;
    ++votes[static_cast<std::int32_t>(schema)];
  }
  if (votes.empty()) return std::nullopt;
  return std::ranges::max_element(votes, {},
                                  [](const auto& vote) { return vote.second; })
      ->first;
}

// Fills both sides; false when a bound is none of the schema's.
bool index_exponential(const std::vector<HistogramBucket>& buckets,
                       std::int32_t schema, Indexed& positive,
                       Indexed& negative) {
  for (const HistogramBucket& bucket : buckets) {
    if (is_zero_bucket(bucket)) continue;
    const Distance d = distance(bucket);
    if (!(d.far > 0) || !std::isfinite(d.far)) return false;
    const double exact = std::ldexp(std::log2(d.far), schema);
    const double index = std::round(exact);
    if (std::abs(exact - index) > kIndexError) return false;
    Indexed& side = bucket.upper <= 0 ? negative : positive;
    side[static_cast<std::int32_t>(index)] += bucket.count;
  }
  return true;
}

void append_side(const Indexed& side, std::vector<BucketSpan>& spans,
                 std::vector<double>& counts) {
  std::int32_t next = 0;
  for (const auto& [index, count] : side) {
    if (spans.empty() || index != next)
      spans.push_back({.offset = index - next, .length = 0});
    ++spans.back().length;
    counts.push_back(count);
    next = index + 1;
  }
}

void fill_custom(const std::vector<HistogramBucket>& buckets,
                 FloatHistogram& into) {
  std::set<double> bounds;
  for (const HistogramBucket& bucket : buckets) {
    if (std::isfinite(bucket.lower)) bounds.insert(bucket.lower);
    if (std::isfinite(bucket.upper)) bounds.insert(bucket.upper);
  }
  into.schema = kCustomBucketsSchema;
  into.custom_values.assign(bounds.begin(), bounds.end());
  Indexed side;
  for (const HistogramBucket& bucket : buckets) {
    const auto at = std::ranges::lower_bound(into.custom_values, bucket.upper);
    side[static_cast<std::int32_t>(at - into.custom_values.begin())] +=
        bucket.count;
  }
  append_side(side, into.positive_spans, into.positive_buckets);
}

}  // namespace

FloatHistogram rebuild_histogram(double count, double sum,
                                 std::vector<HistogramBucket> buckets) {
  std::erase_if(buckets, [](const HistogramBucket& bucket) {
    return std::isnan(bucket.lower) || std::isnan(bucket.upper) ||
           !(bucket.lower <= bucket.upper);
  });
  FloatHistogram histogram;
  histogram.count = count;
  histogram.sum = sum;
  for (const HistogramBucket& bucket : buckets) {
    if (!is_zero_bucket(bucket)) continue;
    histogram.zero_count += bucket.count;
    histogram.zero_threshold =
        std::max(histogram.zero_threshold, std::abs(bucket.upper));
  }
  const FloatHistogram bare = histogram;
  Indexed positive;
  Indexed negative;
  histogram.schema = common_schema(buckets).value_or(0);
  if (index_exponential(buckets, histogram.schema, positive, negative)) {
    append_side(positive, histogram.positive_spans, histogram.positive_buckets);
    append_side(negative, histogram.negative_spans, histogram.negative_buckets);
  } else {
    histogram = bare;
    histogram.zero_count = 0;
    histogram.zero_threshold = 0;
    fill_custom(buckets, histogram);
  }
  // A server may answer anything; what contradicts itself has no buckets.
  if (histogram.validate()) return histogram;
  FloatHistogram plain;
  plain.count = count;
  plain.sum = sum;
  return plain;
}

}  // namespace prom::query
