#include "libprom/model/histogram_codec.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "libprom/base/number.h"
#include "libprom/model/sample.h"

namespace prom {
namespace {

constexpr double kWholeMax = 9007199254740992.0;  // 2^53

// Bits of the first byte of a layout.
constexpr unsigned kHintMask = 3;
constexpr unsigned kIntegerBit = 4;
constexpr unsigned kThresholdBit = 8;
constexpr unsigned kKnownBits = 15;

bool is_whole(double count) {
  return count >= 0 && !std::signbit(count) && count <= kWholeMax &&
         count == std::trunc(count);
}

void append_spans(std::string& out, const std::vector<BucketSpan>& spans) {
  append_varint(out, spans.size());
  for (const BucketSpan& span : spans) {
    append_varint(out, zigzag(span.offset));
    append_varint(out, span.length);
  }
}

bool read_spans(ByteReader& in, std::vector<BucketSpan>& spans,
                std::vector<double>& buckets) {
  const std::uint64_t count = in.varint();
  // Each takes two bytes at least.
  if (count > kHistogramBucketsMax || count > in.remaining() / 2) return false;
  spans.resize(static_cast<std::size_t>(count));
  std::uint64_t total = 0;
  for (BucketSpan& span : spans) {
    const std::int64_t offset = unzigzag(in.varint());
    const std::uint64_t length = in.varint();
    if (!in.ok() || offset < INT32_MIN || offset > INT32_MAX ||
        length > kHistogramBucketsMax)
      return false;
    span = {static_cast<std::int32_t>(offset),
            static_cast<std::uint32_t>(length)};
    total += length;
  }
  if (total > kHistogramBucketsMax) return false;
  buckets.assign(static_cast<std::size_t>(total), 0);
  return true;
}

// The counts of `from` at the buckets that `spans` have, 0 where it has none.
void align(const std::vector<BucketSpan>& from_spans,
           const std::vector<double>& from,
           const std::vector<BucketSpan>& spans, std::size_t count,
           std::vector<double>& into) {
  const std::size_t begin = into.size();
  if (from_spans == spans) {
    into.insert(into.end(), from.begin(), from.end());
    return;
  }
  into.resize(begin + count, 0);
  std::size_t run = 0;     // of from_spans
  std::size_t run_at = 0;  // buckets of `from` before it
  std::int64_t run_index = from_spans.empty() ? 0 : from_spans[0].offset;
  std::int64_t index = 0;
  std::size_t at = begin;
  for (const BucketSpan& span : spans) {
    index += span.offset;
    for (std::uint32_t i = 0; i < span.length; ++i, ++index, ++at) {
      while (run < from_spans.size() &&
             run_index + from_spans[run].length <= index) {
        run_at += from_spans[run].length;
        run_index += from_spans[run].length;
        if (++run < from_spans.size()) run_index += from_spans[run].offset;
      }
      if (run < from_spans.size() && index >= run_index)
        into[at] = from[run_at + static_cast<std::size_t>(index - run_index)];
    }
  }
}

// What the counts of a histogram of this layout are differences from: count,
// zero count, positive and negative buckets.
std::vector<double> references(const FloatHistogram& layout,
                               const FloatHistogram* reference) {
  const std::size_t positive = layout.positive_buckets.size();
  const std::size_t negative = layout.negative_buckets.size();
  std::vector<double> all;
  all.reserve(2 + positive + negative);
  if (reference == nullptr || reference->integer != layout.integer ||
      reference->schema != layout.schema ||
      reference->custom_values != layout.custom_values) {
    all.assign(2 + positive + negative, 0);
    return all;
  }
  all.push_back(reference->count);
  all.push_back(reference->zero_count);
  align(reference->positive_spans, reference->positive_buckets,
        layout.positive_spans, positive, all);
  align(reference->negative_spans, reference->negative_buckets,
        layout.negative_spans, negative, all);
  return all;
}

void append_difference(std::string& out, bool integer, double value,
                       double reference) {
  if (integer) {
    append_varint(out, zigzag(static_cast<std::int64_t>(value) -
                              static_cast<std::int64_t>(reference)));
    return;
  }
  const std::uint64_t difference = std::bit_cast<std::uint64_t>(value) ^
                                   std::bit_cast<std::uint64_t>(reference);
  const auto low = static_cast<unsigned>(std::countr_zero(difference)) / 8;
  const unsigned size =
      8 - low - static_cast<unsigned>(std::countl_zero(difference)) / 8;
  out += static_cast<char>(low | (size - 1) << 4U);
  char raw[8];
  store_le(raw, difference >> 8 * low);
  out.append(raw, size);
}

bool read_difference(ByteReader& in, bool integer, double& value) {
  if (integer) {
    const auto sum = static_cast<std::int64_t>(
        static_cast<std::uint64_t>(static_cast<std::int64_t>(value)) +
        static_cast<std::uint64_t>(unzigzag(in.varint())));
    value = static_cast<double>(sum);
    return in.ok() && is_whole(value);
  }
  const auto control = in.fixed<std::uint8_t>();
  const unsigned low = control & 15U;
  const unsigned size = (control >> 4U) + 1;
  const Bytes bytes = in.take(size);
  if (!in.ok() || low + size > 8) return false;
  char raw[8] = {};
  std::memcpy(raw, bytes.data(), size);
  value = std::bit_cast<double>(std::bit_cast<std::uint64_t>(value) ^
                                load_le<std::uint64_t>(raw) << 8 * low);
  return true;
}

// Whether every bucket has an index that fits.
bool in_range(const std::vector<BucketSpan>& spans) {
  std::int64_t index = 0;
  for (const BucketSpan& span : spans) {
    index += span.offset;
    if (index < INT32_MIN) return false;
    index += span.length;
    if (index > INT32_MAX) return false;
  }
  return true;
}

bool all_whole(const FloatHistogram& h) {
  return is_whole(h.count) && is_whole(h.zero_count) &&
         std::ranges::all_of(h.positive_buckets, is_whole) &&
         std::ranges::all_of(h.negative_buckets, is_whole);
}

// NaNs were observed, but are in no bucket; they show in the sum.
Status check_sum_of_buckets(const FloatHistogram& h) {
  double all = h.zero_count;
  for (const double count : h.positive_buckets) all += count;
  for (const double count : h.negative_buckets) all += count;
  if (all == h.count || (std::isnan(h.sum) && all < h.count)) return {};
  std::string what;
  append_float(what, all);
  what += " observations in buckets, the count is ";
  append_float(what, h.count);
  return fail(Code::kBadData, what);
}

}  // namespace

Status admit(FloatHistogram& histogram) {
  if (is_stale_nan(histogram.sum))
    return fail(Code::kBadData, "a stale marker is no histogram");
  // One NaN for all, none of which means anything else.
  if (std::isnan(histogram.sum)) histogram.sum = normal_nan();
  if (histogram.positive_buckets.size() + histogram.negative_buckets.size() >
          kHistogramBucketsMax ||
      histogram.positive_spans.size() + histogram.negative_spans.size() >
          kHistogramBucketsMax ||
      histogram.custom_values.size() > kHistogramBucketsMax)
    return fail(Code::kLimit, "a histogram of more than " +
                                  std::to_string(kHistogramBucketsMax) +
                                  " buckets");
  if (!in_range(histogram.positive_spans) ||
      !in_range(histogram.negative_spans))
    return fail(Code::kBadData, "a bucket out of any range");
  const std::int32_t schema = histogram.schema;
  const bool reserved =
      schema > kHistogramSchemaMax && schema <= kHistogramSchemaReservedMax;
  // Reducing needs consistent runs, which do not depend on the schema.
  if (reserved) histogram.schema = kHistogramSchemaMax;
  if (Status valid = histogram.validate(); !valid) return valid;
  if (reserved) {
    histogram.schema = schema;
    histogram.reduce_schema(kHistogramSchemaMax);
  }
  histogram.integer = histogram.integer && all_whole(histogram);
  if (histogram.integer) return check_sum_of_buckets(histogram);
  return {};
}

void append_histogram_layout(std::string& out,
                             const FloatHistogram& histogram) {
  const bool has_threshold =
      std::bit_cast<std::uint64_t>(histogram.zero_threshold) != 0;
  auto flags = static_cast<unsigned>(histogram.counter_reset_hint);
  if (histogram.integer) flags |= kIntegerBit;
  if (has_threshold) flags |= kThresholdBit;
  out += static_cast<char>(flags);
  append_varint(out, zigzag(histogram.schema));
  if (has_threshold) append_le(out, histogram.zero_threshold);
  append_spans(out, histogram.positive_spans);
  append_spans(out, histogram.negative_spans);
  append_varint(out, histogram.custom_values.size());
  for (const double bound : histogram.custom_values) append_le(out, bound);
}

bool read_histogram_layout(ByteReader& in, FloatHistogram& into) {
  into = FloatHistogram();
  const unsigned flags = in.fixed<std::uint8_t>();
  const std::int64_t schema = unzigzag(in.varint());
  if (!in.ok() || (flags & ~kKnownBits) != 0 || schema < INT8_MIN ||
      schema > INT8_MAX)
    return false;
  into.counter_reset_hint = static_cast<CounterResetHint>(flags & kHintMask);
  into.integer = (flags & kIntegerBit) != 0;
  into.schema = static_cast<std::int32_t>(schema);
  if ((flags & kThresholdBit) != 0) into.zero_threshold = in.fixed<double>();
  if (!read_spans(in, into.positive_spans, into.positive_buckets) ||
      !read_spans(in, into.negative_spans, into.negative_buckets) ||
      into.positive_buckets.size() + into.negative_buckets.size() >
          kHistogramBucketsMax)
    return false;
  const std::uint64_t bounds = in.varint();
  if (bounds > kHistogramBucketsMax || bounds > in.remaining() / 8)
    return false;
  into.custom_values.reserve(static_cast<std::size_t>(bounds));
  for (std::uint64_t i = 0; i < bounds; ++i)
    into.custom_values.push_back(in.fixed<double>());
  return in.ok();
}

bool same_layout(const FloatHistogram& a, const FloatHistogram& b) {
  return a.counter_reset_hint == b.counter_reset_hint &&
         a.integer == b.integer && a.schema == b.schema &&
         std::bit_cast<std::uint64_t>(a.zero_threshold) ==
             std::bit_cast<std::uint64_t>(b.zero_threshold) &&
         a.positive_spans == b.positive_spans &&
         a.negative_spans == b.negative_spans &&
         a.custom_values == b.custom_values;
}

void append_histogram_counts(std::string& out, const FloatHistogram& histogram,
                             const FloatHistogram* reference) {
  const std::vector<double> before = references(histogram, reference);
  const std::size_t bitmap_at = out.size();
  out.resize(bitmap_at + (before.size() + 7) / 8);
  std::size_t at = 0;
  const auto append = [&](double value) {
    if (std::bit_cast<std::uint64_t>(value) !=
        std::bit_cast<std::uint64_t>(before[at])) {
      char& byte = out[bitmap_at + at / 8];
      byte = static_cast<char>(static_cast<unsigned char>(byte) | 1U << at % 8);
      append_difference(out, histogram.integer, value, before[at]);
    }
    ++at;
  };
  append(histogram.count);
  append(histogram.zero_count);
  for (const double count : histogram.positive_buckets) append(count);
  for (const double count : histogram.negative_buckets) append(count);
}

bool read_histogram_counts(ByteReader& in, const FloatHistogram* reference,
                           FloatHistogram& into) {
  std::vector<double> values = references(into, reference);
  const Bytes bitmap = in.take((values.size() + 7) / 8);
  if (!in.ok()) return false;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto byte = std::to_integer<unsigned>(bitmap[i / 8]);
    if ((byte >> i % 8 & 1U) == 0) continue;
    if (!read_difference(in, into.integer, values[i])) return false;
  }
  into.count = values[0];
  into.zero_count = values[1];
  const auto positive =
      static_cast<std::ptrdiff_t>(into.positive_buckets.size());
  std::copy_n(values.begin() + 2, positive, into.positive_buckets.begin());
  std::copy(values.begin() + 2 + positive, values.end(),
            into.negative_buckets.begin());
  return true;
}

}  // namespace prom
