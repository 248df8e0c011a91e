#include "libprom/tsdb/histogram_layout.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <limits>

namespace prom::tsdb {
namespace {

// A zero threshold that is a power of two in this range takes one byte.
constexpr int kThresholdExponentMin = -242;
constexpr int kThresholdExponentMax = 11;
constexpr int kThresholdBias = 243;
constexpr std::uint64_t kThresholdWhole = 255;

// Custom bounds with at most three decimals are whole when multiplied.
constexpr double kBoundFactor = 1000;
constexpr double kBoundMax = 33554430;

void write_threshold(BitWriter& out, double threshold) {
  if (threshold == 0) return out.bits(0, 8);
  int exponent = 0;
  const double fraction = std::frexp(threshold, &exponent);
  if (fraction == 0.5 && exponent >= kThresholdExponentMin &&
      exponent <= kThresholdExponentMax) {
    return out.bits(static_cast<std::uint64_t>(exponent + kThresholdBias), 8);
  }
  out.bits(kThresholdWhole, 8);
  out.bits(std::bit_cast<std::uint64_t>(threshold), 64);
}

double read_threshold(BitReader& in) {
  const std::uint64_t code = in.bits(8);
  if (code == 0) return 0;
  if (code == kThresholdWhole) return std::bit_cast<double>(in.bits(64));
  return std::ldexp(0.5, static_cast<int>(code) - kThresholdBias);
}

void write_bound(BitWriter& out, double bound) {
  const double whole = std::round(bound * kBoundFactor);
  if (!(bound * kBoundFactor >= 0) || bound * kBoundFactor > kBoundMax ||
      whole / kBoundFactor != bound || std::signbit(bound)) {
    out.bits(0, 1);
    return out.bits(std::bit_cast<std::uint64_t>(bound), 64);
  }
  write_varbit_uint(out, static_cast<std::uint64_t>(whole) + 1);
}

double read_bound(BitReader& in) {
  const std::uint64_t code = read_varbit_uint(in);
  if (code == 0) return std::bit_cast<double>(in.bits(64));
  return static_cast<double>(code - 1) / kBoundFactor;
}

void write_spans(BitWriter& out, const std::vector<BucketSpan>& spans) {
  write_varbit_uint(out, spans.size());
  for (const BucketSpan& span : spans) {
    write_varbit_uint(out, span.length);
    write_varbit_int(out, span.offset);
  }
}

bool read_spans(BitReader& in, std::vector<BucketSpan>& spans) {
  const std::uint64_t count = read_varbit_uint(in);
  if (count > in.remaining() / 2) return false;
  spans.reserve(static_cast<std::size_t>(count));
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t length = read_varbit_uint(in);
    const std::int64_t offset = read_varbit_int(in);
    if (length > std::numeric_limits<std::int32_t>::max() ||
        offset < std::numeric_limits<std::int32_t>::min() ||
        offset > std::numeric_limits<std::int32_t>::max()) {
      return false;
    }
    spans.push_back({.offset = static_cast<std::int32_t>(offset),
                     .length = static_cast<std::uint32_t>(length)});
  }
  return true;
}

// Numbers of the buckets, ascending.
std::vector<std::int64_t> indexes(const std::vector<BucketSpan>& spans) {
  std::vector<std::int64_t> all;
  all.reserve(bucket_count(spans));
  std::int64_t next = 0;
  for (const BucketSpan& span : spans) {
    next += span.offset;
    for (std::uint32_t i = 0; i < span.length; ++i) all.push_back(next++);
  }
  return all;
}

void widen_side(std::vector<BucketSpan>& side,
                const std::vector<BucketSpan>& other) {
  if (side == other) return;
  const std::vector<std::int64_t> mine = indexes(side);
  const std::vector<std::int64_t> theirs = indexes(other);
  std::vector<std::int64_t> both;
  both.reserve(mine.size() + theirs.size());
  std::ranges::set_union(mine, theirs, std::back_inserter(both));
  side.clear();
  std::int64_t next = 0;
  for (const std::int64_t index : both) {
    if (side.empty() || index != next) {
      side.push_back(
          {.offset = static_cast<std::int32_t>(index - next), .length = 0});
    }
    ++side.back().length;
    next = index + 1;
  }
}

bool is_same(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

}  // namespace

std::size_t bucket_count(const std::vector<BucketSpan>& spans) {
  std::size_t count = 0;
  for (const BucketSpan& span : spans) count += span.length;
  return count;
}

HistogramLayout HistogramLayout::of(const FloatHistogram& histogram) {
  return {.schema = histogram.schema,
          .zero_threshold = histogram.zero_threshold,
          .positive = histogram.positive_spans,
          .negative = histogram.negative_spans,
          .custom_values = histogram.custom_values};
}

std::size_t HistogramLayout::bucket_count() const {
  return tsdb::bucket_count(positive) + tsdb::bucket_count(negative);
}

bool HistogramLayout::can_hold(const FloatHistogram& histogram) const {
  return schema == histogram.schema &&
         is_same(zero_threshold, histogram.zero_threshold) &&
         std::ranges::equal(custom_values, histogram.custom_values, is_same);
}

void HistogramLayout::widen(const FloatHistogram& histogram) {
  widen_side(positive, histogram.positive_spans);
  widen_side(negative, histogram.negative_spans);
}

std::vector<double> spread(const std::vector<BucketSpan>& from,
                           const std::vector<double>& counts,
                           const std::vector<BucketSpan>& to) {
  if (from == to) return counts;
  const std::vector<std::int64_t> places = indexes(from);
  std::vector<double> wide;
  wide.reserve(bucket_count(to));
  std::size_t at = 0;
  for (const std::int64_t index : indexes(to)) {
    const bool has = at < places.size() && places[at] == index;
    wide.push_back(has ? counts[at++] : 0);
  }
  return wide;
}

bool read_layout(BitReader& in, HistogramLayout& layout) {
  layout.zero_threshold = read_threshold(in);
  const std::int64_t schema = read_varbit_int(in);
  if (schema < kCustomBucketsSchema || schema > kHistogramSchemaReservedMax)
    return false;
  layout.schema = static_cast<std::int32_t>(schema);
  if (!read_spans(in, layout.positive) || !read_spans(in, layout.negative))
    return false;
  if (layout.schema == kCustomBucketsSchema) {
    const std::uint64_t count = read_varbit_uint(in);
    // The smallest bound takes five bits.
    if (count > in.remaining() / 5) return false;
    layout.custom_values.reserve(static_cast<std::size_t>(count));
    for (std::uint64_t i = 0; i < count; ++i)
      layout.custom_values.push_back(read_bound(in));
  }
  return in.ok() && layout.bucket_count() <= in.remaining();
}

void write_layout(BitWriter& out, const HistogramLayout& layout) {
  write_threshold(out, layout.zero_threshold);
  write_varbit_int(out, layout.schema);
  write_spans(out, layout.positive);
  write_spans(out, layout.negative);
  if (layout.schema != kCustomBucketsSchema) return;
  write_varbit_uint(out, layout.custom_values.size());
  for (const double bound : layout.custom_values) write_bound(out, bound);
}

std::uint8_t reset_bits(CounterResetHint hint) {
  switch (hint) {
    case CounterResetHint::kUnknown:
      return 0;
    case CounterResetHint::kReset:
      return 0x80;
    case CounterResetHint::kNotReset:
      return 0x40;
    case CounterResetHint::kGauge:
      return 0xC0;
  }
  return 0;
}

CounterResetHint hint_of(std::uint8_t reset_bits, std::size_t index) {
  if ((reset_bits & 0xC0U) == 0xC0U) return CounterResetHint::kGauge;
  return index > 0 ? CounterResetHint::kNotReset : CounterResetHint::kUnknown;
}

Status settle(FloatHistogram& histogram) {
  const std::int32_t schema = histogram.schema;
  const bool is_finer =
      schema > kHistogramSchemaMax && schema <= kHistogramSchemaReservedMax;
  if (!is_finer) return histogram.validate();
  // Its parts are checked as those of a schema that is known.
  histogram.schema = kHistogramSchemaMax;
  Status valid = histogram.validate();
  histogram.schema = schema;
  if (valid) histogram.reduce_schema(kHistogramSchemaMax);
  return valid;
}

}  // namespace prom::tsdb
