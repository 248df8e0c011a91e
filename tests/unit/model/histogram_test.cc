#include "libprom/model/histogram.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace prom {
namespace {

FloatHistogram exponential(std::int32_t schema, std::int32_t offset,
                           std::vector<double> buckets) {
  FloatHistogram h;
  h.schema = schema;
  for (const double count : buckets) h.count += count;
  h.positive_spans = {{offset, static_cast<std::uint32_t>(buckets.size())}};
  h.positive_buckets = std::move(buckets);
  return h;
}

FloatHistogram custom(std::vector<double> bounds, std::vector<double> buckets) {
  FloatHistogram h = exponential(kCustomBucketsSchema, 0, std::move(buckets));
  h.custom_values = std::move(bounds);
  return h;
}

TEST(Histogram, KnowsTheBoundsOfEverySchema) {
  EXPECT_EQ(1, exponential_bound(0, 0));
  EXPECT_EQ(2, exponential_bound(1, 0));
  EXPECT_EQ(0.25, exponential_bound(-2, 0));
  EXPECT_EQ(16, exponential_bound(1, -2));
  EXPECT_EQ(2, exponential_bound(256, 8));
  // Upstream's table, one unit below the exact square root.
  EXPECT_EQ(1.414213562373095, exponential_bound(1, 1));
  EXPECT_EQ(std::numeric_limits<double>::max(), exponential_bound(1024, 0));
  EXPECT_TRUE(std::isinf(exponential_bound(1025, 0)));
  EXPECT_EQ(std::numeric_limits<double>::max(), exponential_bound(64, -4));
  EXPECT_EQ(0, exponential_bound(std::numeric_limits<std::int32_t>::min(), 0));
}

TEST(Histogram, AddsAtTheCoarserSchema) {
  FloatHistogram h = exponential(1, 1, {1, 2, 3, 4});
  ASSERT_TRUE(h.add(exponential(0, 1, {10, 0, 20})));
  EXPECT_EQ("{count:40, sum:0, (1,2]:13, (2,4]:7, (4,8]:20}", h.to_string());
}

TEST(Histogram, SubtractsWhatItAdded) {
  FloatHistogram h = exponential(0, -3, {1, 2, 3});
  const FloatHistogram before = h;
  ASSERT_TRUE(h.add(exponential(0, 5, {7})));
  ASSERT_TRUE(h.subtract(exponential(0, 5, {7})));
  EXPECT_TRUE(h.compact().equals(before));
}

TEST(Histogram, WidensTheZeroBucketToAPopulatedBound) {
  FloatHistogram narrow = exponential(0, 0, {1, 2, 4});  // up to 1, 2, 4
  narrow.zero_threshold = 0.001;
  FloatHistogram wide;
  wide.zero_threshold = 1.5;
  wide.zero_count = 8;
  wide.count = 8;
  ASSERT_TRUE(narrow.add(wide));
  EXPECT_EQ(2, narrow.zero_threshold);
  EXPECT_EQ(11, narrow.zero_count);
  EXPECT_EQ("{count:15, sum:0, [-2,2]:11, (2,4]:4}", narrow.to_string());
}

TEST(Histogram, IntersectsCustomBounds) {
  FloatHistogram h = custom({1, 2, 3}, {1, 1, 1, 1});
  const auto merged = h.add(custom({1, 3, 5}, {10, 10, 10, 10}));
  ASSERT_TRUE(merged);
  EXPECT_TRUE(merged->bounds_reconciled);
  EXPECT_EQ((std::vector<double>{1, 3}), h.custom_values);
  EXPECT_EQ((std::vector<double>{11, 12, 21}), h.positive_buckets);
}

TEST(Histogram, RefusesToMixSchemas) {
  FloatHistogram h = custom({1}, {1, 1});
  const FloatHistogram before = h;
  EXPECT_FALSE(h.add(exponential(0, 0, {1})));
  EXPECT_TRUE(h.equals(before));
}

TEST(Histogram, SettlesCounterResetHints) {
  using enum CounterResetHint;
  const struct {
    CounterResetHint a, b, sum;
    bool conflict;
  } kCases[] = {{kReset, kNotReset, kUnknown, true},
                {kReset, kReset, kReset, false},
                {kUnknown, kReset, kUnknown, false},
                {kGauge, kReset, kGauge, false},
                {kNotReset, kGauge, kGauge, false}};
  for (const auto& c : kCases) {
    FloatHistogram a = exponential(0, 0, {1});
    FloatHistogram b = a;
    a.counter_reset_hint = c.a;
    b.counter_reset_hint = c.b;
    const auto merged = a.add(b);
    ASSERT_TRUE(merged);
    EXPECT_EQ(c.sum, a.counter_reset_hint);
    EXPECT_EQ(c.conflict, merged->counter_reset_conflict);
  }
}

TEST(Histogram, DetectsResets) {
  const FloatHistogram before = exponential(1, 0, {1, 2, 3});
  EXPECT_FALSE(exponential(1, 0, {1, 2, 3}).is_reset_since(before));
  EXPECT_FALSE(exponential(1, 0, {1, 2, 4}).is_reset_since(before));
  EXPECT_FALSE(exponential(0, 0, {1, 5})
                   .is_reset_since(
                       exponential(1, 0, {1, 2, 3})));  // coarser, nothing lost
  EXPECT_TRUE(exponential(1, 0, {1, 1, 9}).is_reset_since(before));
  EXPECT_TRUE(exponential(2, 0, {9, 9, 9}).is_reset_since(before));
  FloatHistogram hinted = exponential(1, 0, {0, 0, 0});
  hinted.counter_reset_hint = CounterResetHint::kNotReset;
  EXPECT_FALSE(hinted.is_reset_since(before));
}

TEST(Histogram, CompactsRuns) {
  FloatHistogram h = exponential(0, 0, {0, 1, 0, 0, 2, 0});
  h.compact();
  EXPECT_EQ((std::vector<BucketSpan>{{1, 1}, {2, 1}}), h.positive_spans);
  h.compact(2);
  EXPECT_EQ((std::vector<BucketSpan>{{1, 4}}), h.positive_spans);
  EXPECT_EQ((std::vector<double>{1, 0, 0, 2}), h.positive_buckets);
}

TEST(Histogram, ValidatesHostileInput) {
  EXPECT_TRUE(exponential(0, 0, {1}).validate());
  EXPECT_FALSE(exponential(9, 0, {1}).validate());
  EXPECT_FALSE(exponential(0, 0, {-1}).validate());
  FloatHistogram h = exponential(0, 0, {1});
  h.positive_spans[0].length = 2;
  EXPECT_FALSE(h.validate());
  h.positive_spans = {{0, 1}, {-1, 0}};
  EXPECT_FALSE(h.validate());
  h.positive_spans = {{std::numeric_limits<std::int32_t>::max(), 1}};
  EXPECT_FALSE(h.validate());
  EXPECT_FALSE(custom({2, 1}, {1}).validate());
  EXPECT_FALSE(custom({1}, {1, 1, 1}).validate());
  h = exponential(0, 0, {1});
  h.zero_threshold = std::nan("");
  EXPECT_FALSE(h.validate());
}

TEST(Histogram, TrimsWithInterpolation) {
  FloatHistogram h = custom({10, 20}, {4, 4, 4});
  h.trim(15, true);
  EXPECT_EQ(6, h.count);
  EXPECT_EQ(4 * 5 + 2 * 12.5, h.sum);
  h = custom({10, 20}, {4, 4, 4});
  h.trim(20, false);
  EXPECT_EQ(4, h.count);
}

TEST(Histogram, WritesItsTestExpression) {
  FloatHistogram h = exponential(1, 2, {1, 0, 2});
  h.sum = 5;
  h.counter_reset_hint = CounterResetHint::kGauge;
  EXPECT_EQ(
      "{{schema:1 count:3 sum:5 counter_reset_hint:gauge offset:2 "
      "buckets:[1 0 2]}}",
      h.to_test_expression());
}

}  // namespace
}  // namespace prom
