#include "libprom/model/histogram.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <string_view>

#include "libprom/base/number.h"
#include "libprom/model/histogram_cells.h"

namespace prom {

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr std::size_t kFractions = 1U << kHistogramSchemaMax;

// Upstream's table of bounds in [0.5, 1) was made by repeated multiplication
// and is up to four units in the last place below the exact values.  Bounds
// are shown to users and compared, so we reproduce it: digit i is one more
// than the distance of bound i of schema 8.
constexpr std::string_view kBoundError =
    "1111112111211111112311222222222211211121122211221122102211221122"
    "1111112222332132112111211112111111121011213311221222112121332222"
    "2121223322322122222222323233323311221121223321332233212232332232"
    "2243223233433343333333444455435422322333324422333243223333543344";

std::array<double, kFractions> make_fractions() {
  std::array<double, kFractions> table{};
  for (std::size_t i = 0; i < kFractions; ++i) {
    const auto exact = static_cast<double>(
        0.5L * std::exp2(static_cast<long double>(i) /
                         static_cast<long double>(kFractions)));
    const int error = kBoundError[i] - '1';
    table[i] = std::bit_cast<double>(std::bit_cast<std::int64_t>(exact) -
                                     static_cast<std::int64_t>(error));
  }
  return table;
}

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

bool same_cells(const HistogramCells& a, const HistogramCells& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
    return x.index == y.index && same_bits(x.count, y.count);
  });
}

Status check_spans(const std::vector<BucketSpan>& spans, std::size_t buckets,
                   std::int64_t index_max) {
  std::int64_t index = 0;
  std::size_t covered = 0;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    if (i > 0 && spans[i].offset < 0) {
      return fail(Code::kBadData, "span with a negative offset");
    }
    index += static_cast<std::int64_t>(spans[i].offset) + spans[i].length;
    covered += spans[i].length;
    if (index > index_max || index < std::numeric_limits<std::int32_t>::min()) {
      return fail(Code::kBadData, "spans reach past the last bucket");
    }
  }
  if (covered != buckets) {
    return fail(Code::kBadData, "spans need " + std::to_string(covered) +
                                    " buckets, have " +
                                    std::to_string(buckets));
  }
  return {};
}

Status check_counts(const std::vector<double>& buckets) {
  if (std::ranges::any_of(buckets, [](double count) { return count < 0; })) {
    return fail(Code::kBadData, "bucket with a negative count");
  }
  return {};
}

Status check_custom(const FloatHistogram& h) {
  for (std::size_t i = 0; i < h.custom_values.size(); ++i) {
    const double bound = h.custom_values[i];
    if (std::isnan(bound) || bound == kInf) {
      return fail(Code::kBadData, "custom bound that is not finite");
    }
    if (i > 0 && bound <= h.custom_values[i - 1]) {
      return fail(Code::kBadData, "custom bounds do not ascend");
    }
  }
  if (!h.positive_spans.empty() && h.positive_spans.front().offset < 0) {
    return fail(Code::kBadData, "span with a negative offset");
  }
  if (h.zero_count != 0 || h.zero_threshold != 0) {
    return fail(Code::kBadData, "custom buckets with a zero bucket");
  }
  if (!h.negative_spans.empty() || !h.negative_buckets.empty()) {
    return fail(Code::kBadData, "custom buckets with negative buckets");
  }
  return check_spans(h.positive_spans, h.positive_buckets.size(),
                     static_cast<std::int64_t>(h.custom_values.size()) + 1);
}

Status check_exponential(const FloatHistogram& h) {
  constexpr std::int64_t kIndexMax = std::numeric_limits<std::int32_t>::max();
  auto spans =
      check_spans(h.positive_spans, h.positive_buckets.size(), kIndexMax);
  if (!spans) return fail(std::move(spans).error().in("positive side"));
  spans = check_spans(h.negative_spans, h.negative_buckets.size(), kIndexMax);
  if (!spans) return fail(std::move(spans).error().in("negative side"));
  auto counts = check_counts(h.negative_buckets);
  if (!counts) return fail(std::move(counts).error().in("negative side"));
  if (h.zero_count < 0) {
    return fail(Code::kBadData, "zero bucket with a negative count");
  }
  if (!(h.zero_threshold >= 0)) {
    return fail(Code::kBadData, "zero bucket with a negative width");
  }
  if (!h.custom_values.empty()) {
    return fail(Code::kBadData, "exponential schema with custom bounds");
  }
  return {};
}

HistogramBucket bucket_at(const FloatHistogram& h, const HistogramCell& cell,
                          bool positive) {
  HistogramBucket bucket;
  bucket.count = cell.count;
  bucket.index = cell.index;
  if (h.uses_custom_buckets()) {
    const auto& bounds = h.custom_values;
    const auto at = static_cast<std::size_t>(cell.index);
    bucket.lower = cell.index == 0 ? -kInf : bounds[at - 1];
    bucket.upper = at < bounds.size() ? bounds[at] : kInf;
    bucket.lower_inclusive = cell.index == 0;
    bucket.upper_inclusive = true;
    return bucket;
  }
  const double outer = exponential_bound(cell.index, h.schema);
  const double inner = exponential_bound(cell.index - 1, h.schema);
  bucket.lower = positive ? inner : -outer;
  bucket.upper = positive ? outer : -inner;
  bucket.lower_inclusive = bucket.lower < 0;
  bucket.upper_inclusive = bucket.upper > 0;
  return bucket;
}

void append_bucket(std::string& out, const HistogramBucket& bucket) {
  if (bucket.count == 0) return;
  out += ", ";
  out += bucket.lower_inclusive ? '[' : '(';
  append_float_go_g(out, bucket.lower);
  out += ',';
  append_float_go_g(out, bucket.upper);
  out += bucket.upper_inclusive ? ']' : ')';
  out += ':';
  append_float_go_g(out, bucket.count);
}

}  // namespace

double exponential_bound(std::int32_t index, std::int32_t schema) {
  static const std::array<double, kFractions> kBounds = make_fractions();
  // The bucket that ends at 2^1024 holds the largest finite numbers; the next
  // one only infinities.
  constexpr std::int64_t kExponentMax = 1024;
  constexpr std::int64_t kClamp = 5000;  // far outside of any double
  double fraction = 0.5;
  std::int64_t exponent = index;
  if (schema < 0) {
    exponent = std::int64_t{index} * (std::int64_t{1} << -schema) + 1;
  } else {
    const std::int32_t mask = (1 << schema) - 1;
    const auto at = static_cast<std::size_t>(index & mask);
    fraction = kBounds[at << (kHistogramSchemaMax - schema)];
    exponent = (std::int64_t{index} >> schema) + 1;
  }
  if (fraction == 0.5 && exponent == kExponentMax + 1) {
    return std::numeric_limits<double>::max();
  }
  return std::ldexp(fraction,
                    static_cast<int>(std::clamp(exponent, -kClamp, kClamp)));
}

double HistogramBucket::fraction_below(double value, bool linear) const {
  if (linear) return (value - lower) / (upper - lower);
  const double log_lower = std::log2(std::fabs(lower));
  const double log_upper = std::log2(std::fabs(upper));
  const double log_value = std::log2(std::fabs(value));
  if (value > 0) return (log_value - log_lower) / (log_upper - log_lower);
  return 1 - (log_value - log_upper) / (log_lower - log_upper);
}

Status FloatHistogram::validate() const {
  if (uses_custom_buckets()) {
    auto custom = check_custom(*this);
    if (!custom) return fail(std::move(custom).error().in("custom buckets"));
  } else if (schema >= kHistogramSchemaMin && schema <= kHistogramSchemaMax) {
    auto exponential = check_exponential(*this);
    if (!exponential) return exponential;
  } else {
    return fail(Code::kBadData, "schema " + std::to_string(schema) +
                                    " is neither -4 to 8 nor -53");
  }
  if (count < 0) return fail(Code::kBadData, "negative count of observations");
  auto counts = check_counts(positive_buckets);
  if (!counts) return fail(std::move(counts).error().in("positive side"));
  return {};
}

bool FloatHistogram::equals(const FloatHistogram& other) const {
  if (schema != other.schema || !same_bits(count, other.count) ||
      !same_bits(sum, other.sum) || zero_threshold != other.zero_threshold ||
      !same_bits(zero_count, other.zero_count)) {
    return false;
  }
  if (uses_custom_buckets() && custom_values != other.custom_values) {
    return false;
  }
  return same_cells(
             cells_of(negative_spans, negative_buckets, nullptr),
             cells_of(other.negative_spans, other.negative_buckets, nullptr)) &&
         same_cells(
             cells_of(positive_spans, positive_buckets, nullptr),
             cells_of(other.positive_spans, other.positive_buckets, nullptr));
}

HistogramBucket FloatHistogram::zero_bucket() const {
  return {-zero_threshold, zero_threshold, true, true, zero_count, 0};
}

std::vector<HistogramBucket> FloatHistogram::side(bool positive) const {
  const HistogramCells cells =
      positive ? cells_of(positive_spans, positive_buckets, nullptr)
               : cells_of(negative_spans, negative_buckets, nullptr);
  std::vector<HistogramBucket> result;
  result.reserve(cells.size());
  for (const HistogramCell& cell : cells) {
    result.push_back(bucket_at(*this, cell, positive));
  }
  return result;
}

std::vector<HistogramBucket> FloatHistogram::buckets() const {
  std::vector<HistogramBucket> all = side(false);
  std::ranges::reverse(all);
  if (zero_count > 0) all.push_back(zero_bucket());
  const std::vector<HistogramBucket> positive = side(true);
  all.insert(all.end(), positive.begin(), positive.end());
  for (HistogramBucket& bucket : all) {
    if (bucket.upper < 0 && bucket.upper > -zero_threshold) {
      bucket.upper = -zero_threshold;
    } else if (bucket.lower > 0 && bucket.lower < zero_threshold) {
      bucket.lower = zero_threshold;
    }
  }
  return all;
}

std::string FloatHistogram::to_string() const {
  std::string out = "{count:";
  append_float_go_g(out, count);
  out += ", sum:";
  append_float_go_g(out, sum);
  std::vector<HistogramBucket> negative = side(false);
  std::ranges::reverse(negative);
  for (const HistogramBucket& bucket : negative) append_bucket(out, bucket);
  if (zero_count != 0) append_bucket(out, zero_bucket());
  for (const HistogramBucket& bucket : side(true)) append_bucket(out, bucket);
  out += '}';
  return out;
}

namespace {

void append_list(std::string& out, std::string_view name,
                 const std::vector<double>& values) {
  out += name;
  out += ":[";
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += ' ';
    append_float_go_g(out, values[i]);
  }
  out += "] ";
}

void append_field(std::string& out, std::string_view name, double value) {
  if (value == 0) return;
  out += name;
  out += ':';
  append_float_go_g(out, value);
  out += ' ';
}

void append_side(std::string& out, std::string_view prefix,
                 const std::vector<BucketSpan>& spans,
                 const std::vector<double>& buckets) {
  if (!spans.empty() && spans.front().offset != 0) {
    out += prefix;
    out += "offset:" + std::to_string(spans.front().offset) + ' ';
  }
  if (!buckets.empty()) {
    append_list(out, std::string(prefix) + "buckets", buckets);
  }
}

}  // namespace

std::string FloatHistogram::to_test_expression() const {
  // The notation knows one run per side; gaps become empty buckets.
  constexpr std::int32_t kGapMax = 4096;
  FloatHistogram h = *this;
  h.compact(kGapMax);
  if (h.positive_spans.size() > 1 || h.negative_spans.size() > 1) {
    return to_string();
  }
  std::string out = "{{";
  if (schema != 0) out += "schema:" + std::to_string(schema) + ' ';
  append_field(out, "count", h.count);
  append_field(out, "sum", h.sum);
  append_field(out, "z_bucket", h.zero_count);
  append_field(out, "z_bucket_w", h.zero_threshold);
  if (uses_custom_buckets()) append_list(out, "custom_values", custom_values);
  constexpr std::array<std::string_view, 4> kHints = {"", "reset", "not_reset",
                                                      "gauge"};
  const auto hint = static_cast<std::size_t>(counter_reset_hint);
  if (hint != 0) {
    out += "counter_reset_hint:";
    out += kHints.at(hint);
    out += ' ';
  }
  append_side(out, "", h.positive_spans, h.positive_buckets);
  append_side(out, "n_", h.negative_spans, h.negative_buckets);
  if (out.back() == ' ') out.pop_back();
  return out + "}}";
}

std::size_t FloatHistogram::sample_weight() const {
  // Upstream counts a histogram as its size in memory over that of a sample.
  constexpr std::size_t kFixedBytes = 168;
  constexpr std::size_t kItemBytes = 8;
  constexpr std::size_t kSampleBytes = 16;
  const std::size_t items = positive_spans.size() + negative_spans.size() +
                            positive_buckets.size() + negative_buckets.size() +
                            custom_values.size();
  return (kFixedBytes + kItemBytes * items) / kSampleBytes;
}

}  // namespace prom
