#include "libprom/exposition/custom_buckets.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "libprom/model/histogram_codec.h"

namespace prom::exposition {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// How many empty buckets a run may have inside, as upstream compacts them.
constexpr std::int32_t kEmptyBucketsMax = 2;

}  // namespace

void CustomBuckets::clear() {
  buckets_.clear();
  count_ = sum_ = 0;
  has_count_ = false;
}

void CustomBuckets::add_bucket(double upper_bound, double cumulative_count) {
  buckets_.push_back({upper_bound, cumulative_count});
}

void CustomBuckets::set_count(double count) {
  count_ = count;
  has_count_ = true;
}

Result<FloatHistogram> CustomBuckets::convert() {
  const auto wrong = [](std::string_view what) {
    return fail(Code::kBadData,
                "classic histogram not converted: " + std::string(what));
  };
  if (std::ranges::any_of(
          buckets_, [](const Bucket& b) { return std::isnan(b.upper_bound); }))
    return wrong("a bound is no number");
  std::ranges::stable_sort(buckets_, {}, &Bucket::upper_bound);
  const auto repeated = std::ranges::unique(buckets_, {}, &Bucket::upper_bound);
  buckets_.erase(repeated.begin(), repeated.end());
  if (!has_count_ && !buckets_.empty()) count_ = buckets_.back().cumulative;
  if (buckets_.empty() || buckets_.back().upper_bound != kInfinity)
    buckets_.push_back({kInfinity, count_});
  FloatHistogram h;
  h.schema = kCustomBucketsSchema;
  h.integer = true;
  h.count = count_;
  h.sum = sum_;
  double before = 0;
  for (const Bucket& bucket : buckets_) {
    // Says no to a NaN as well.
    if (!(bucket.cumulative >= before)) return wrong("counts go down");
    h.integer = h.integer && std::trunc(bucket.cumulative) == bucket.cumulative;
    h.positive_buckets.push_back(bucket.cumulative - before);
    before = bucket.cumulative;
    if (bucket.upper_bound != kInfinity)
      h.custom_values.push_back(bucket.upper_bound);
  }
  if (before != count_) return wrong("the last bucket is not the count");
  h.positive_spans.push_back(
      {0, static_cast<std::uint32_t>(h.positive_buckets.size())});
  h.compact(h.integer ? kEmptyBucketsMax : 0);
  if (Status admitted = admit(h); !admitted)
    return fail(std::move(admitted).error());
  return h;
}

}  // namespace prom::exposition
