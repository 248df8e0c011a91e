#include "libprom/chunk/histogram_column.h"

#include <bit>
#include <random>

#include <gtest/gtest.h>

#include "libprom/model/sample.h"

namespace prom::chunk {
namespace {

using Histograms = std::vector<FloatHistogram>;

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

void expect_same(const FloatHistogram& a, const FloatHistogram& b) {
  EXPECT_EQ(a.counter_reset_hint, b.counter_reset_hint);
  EXPECT_EQ(a.integer, b.integer);
  EXPECT_EQ(a.schema, b.schema);
  EXPECT_TRUE(same_bits(a.zero_threshold, b.zero_threshold));
  EXPECT_TRUE(same_bits(a.zero_count, b.zero_count));
  EXPECT_TRUE(same_bits(a.count, b.count));
  EXPECT_TRUE(same_bits(a.sum, b.sum));
  EXPECT_EQ(a.positive_spans, b.positive_spans);
  EXPECT_EQ(a.negative_spans, b.negative_spans);
  EXPECT_EQ(a.positive_buckets, b.positive_buckets);
  EXPECT_EQ(a.negative_buckets, b.negative_buckets);
  EXPECT_EQ(a.custom_values, b.custom_values);
}

std::string encode(const Histograms& histograms) {
  std::vector<const FloatHistogram*> pointers;
  for (const FloatHistogram& each : histograms) pointers.push_back(&each);
  ValueEncoder encoder;
  std::string out;
  encode_histograms(pointers, encoder, out);
  return out;
}

Result<HistogramColumn> open(std::string& bytes, std::size_t count) {
  const std::size_t size = bytes.size();
  bytes.append(kOverread, '\x5a');
  return HistogramColumn::open(as_bytes(bytes).first(size), count);
}

void expect_round_trip(const Histograms& histograms) {
  for (const FloatHistogram& each : histograms) ASSERT_TRUE(each.validate());
  std::string bytes = encode(histograms);
  const std::size_t size = bytes.size();
  const std::size_t count = histograms.size();
  const auto column = open(bytes, count);
  ASSERT_TRUE(column) << column.error().message;
  EXPECT_EQ(column->bytes().size(), size);
  for (std::size_t first = 0; first < count; first += 1 + count / 5) {
    std::deque<FloatHistogram> decoded(1);
    const auto status = column->decode(first, count - first, decoded);
    ASSERT_TRUE(status) << status.error().message;
    ASSERT_EQ(decoded.size(), 1 + count - first);
    for (std::size_t i = first; i < count; ++i)
      expect_same(decoded[1 + i - first], histograms[i]);
    std::vector<std::uint64_t> sums(count - first);
    std::vector<std::uint64_t> counts(count - first);
    ASSERT_TRUE(column->decode_sums(first, count - first, sums.data()));
    ASSERT_TRUE(column->decode_counts(first, count - first, counts.data()));
    for (std::size_t i = first; i < count; ++i) {
      EXPECT_TRUE(
          same_bits(std::bit_cast<double>(sums[i - first]), histograms[i].sum));
      EXPECT_TRUE(same_bits(std::bit_cast<double>(counts[i - first]),
                            histograms[i].count));
    }
  }
}

FloatHistogram native(bool integer) {
  FloatHistogram made;
  made.integer = integer;
  made.schema = 3;
  made.zero_threshold = 0x1p-128;
  made.positive_spans = {{-3, 4}, {2, 3}};
  made.positive_buckets.assign(7, 0);
  made.negative_spans = {{1, 2}};
  made.negative_buckets.assign(2, 0);
  return made;
}

FloatHistogram custom() {
  FloatHistogram made;
  made.integer = true;
  made.schema = kCustomBucketsSchema;
  made.custom_values = {0.1, 0.5, 1, 2.5};
  made.positive_spans = {{0, 5}};
  made.positive_buckets.assign(5, 0);
  return made;
}

FloatHistogram stale() {
  FloatHistogram made;
  made.sum = stale_nan();
  return made;
}

// One more observation.
void observe(FloatHistogram& histogram, std::mt19937_64& random) {
  const double weight = histogram.integer ? 1 : 0.25;
  const std::size_t bucket = random() % histogram.positive_buckets.size();
  histogram.positive_buckets[bucket] += weight;
  if (!histogram.negative_buckets.empty() && random() % 4 == 0) {
    histogram.negative_buckets[0] += weight;
    histogram.count += weight;
  }
  histogram.count += weight;
  histogram.sum += static_cast<double>(random() % 1000) * 1e-3;
}

Histograms series(FloatHistogram histogram, std::size_t count,
                  std::mt19937_64& random) {
  Histograms made;
  histogram.counter_reset_hint = CounterResetHint::kReset;
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t seen = random() % 20; seen > 0; --seen)
      observe(histogram, random);
    made.push_back(histogram);
    histogram.counter_reset_hint = CounterResetHint::kNotReset;
  }
  return made;
}

TEST(HistogramColumn, BringsEveryKindBack) {
  std::mt19937_64 random(1);
  for (const std::size_t count : {1U, 2U, 100U, 600U}) {
    expect_round_trip(series(native(true), count, random));
    expect_round_trip(series(native(false), count, random));
    expect_round_trip(series(custom(), count, random));
    expect_round_trip(Histograms(count, stale()));
  }
}

TEST(HistogramColumn, BringsMixedLayoutsBack) {
  std::mt19937_64 random(2);
  Histograms mixed = series(native(true), 200, random);
  for (const FloatHistogram& each : series(native(false), 50, random))
    mixed.push_back(each);
  for (std::size_t i = 0; i < mixed.size(); i += 7) mixed[i] = stale();
  mixed[20] = custom();
  mixed[21].counter_reset_hint = CounterResetHint::kGauge;
  mixed[22].schema = 2;
  mixed[23].zero_threshold = 0.5;
  mixed[24].positive_spans = {{-3, 7}};
  mixed[25].sum = -0.0;
  mixed[26].sum = std::bit_cast<double>(kNormalNanBits);
  expect_round_trip(mixed);
}

TEST(HistogramColumn, PaysForALayoutOnce) {
  std::mt19937_64 random(3);
  const Histograms calm = series(native(true), 400, random);
  Histograms flapping = calm;
  for (std::size_t i = 0; i < flapping.size(); i += 2) flapping[i] = stale();
  EXPECT_LE(encode(flapping).size(), encode(calm).size() + 1700);
}

TEST(HistogramColumn, NoticesThatItWasCut) {
  std::mt19937_64 random(4);
  const std::string bytes = encode(series(native(true), 300, random));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(HistogramColumn::open(as_bytes(bytes).first(size), 300));
}

TEST(HistogramColumn, GivesValidHistogramsOrNone) {
  std::mt19937_64 random(5);
  Histograms mixed = series(native(true), 60, random);
  for (std::size_t i = 0; i < mixed.size(); i += 9) mixed[i] = custom();
  const std::string sound = encode(mixed);
  for (int round = 0; round < 5000; ++round) {
    std::string bytes = sound;
    bytes[random() % bytes.size()] = static_cast<char>(random());
    const auto column = open(bytes, mixed.size());
    if (!column) continue;
    std::deque<FloatHistogram> decoded;
    if (column->decode(0, mixed.size(), decoded)) {
      ASSERT_EQ(decoded.size(), mixed.size());
      for (const FloatHistogram& each : decoded) EXPECT_TRUE(each.validate());
    } else {
      EXPECT_TRUE(decoded.empty());
    }
  }
}

TEST(HistogramColumn, LimitsWhatOneCallUnpacks) {
  // Constant columns are a byte each, and there are as many as one likes.
  FloatHistogram wide;
  wide.schema = 0;
  wide.positive_spans = {{0, 4096}};
  wide.positive_buckets.assign(4096, 0);
  std::vector<const FloatHistogram*> many(10000, &wide);
  ValueEncoder encoder;
  std::string bytes;
  encode_histograms(many, encoder, bytes);
  const auto column = open(bytes, many.size());
  ASSERT_TRUE(column);
  std::deque<FloatHistogram> decoded;
  const auto status = column->decode(0, many.size(), decoded);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::kLimit);
  EXPECT_TRUE(column->decode(5000, 1, decoded));
}

}  // namespace
}  // namespace prom::chunk
