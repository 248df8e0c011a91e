// Native histograms, as PromQL computes with them: every count is a double.
// Parsers, the wire, the store and the engine exchange this type.  A value:
// copied deeply, no locks, safe to share while nobody changes it.
//
// Upstream's data model: https://prometheus.io/docs/specs/native_histograms/.
// A schema n of -4..8 has exponential buckets, 2^n of them between two powers
// of two; bucket i covers (2^((i-1)/2^n), 2^(i/2^n)].  Schema -53 has bounds
// of its own: bucket i covers (custom_values[i-1], custom_values[i]], the last
// one reaches +Inf, and there are neither zero nor negative buckets.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "libprom/base/result.h"

namespace prom {

// The numbers are those of upstream's chunks and protocol buffers.
enum class CounterResetHint : std::uint8_t {
  kUnknown = 0,
  kReset = 1,
  kNotReset = 2,
  kGauge = 3,
};

constexpr std::int32_t kHistogramSchemaMin = -4;
constexpr std::int32_t kHistogramSchemaMax = 8;
// Schemas that senders may use; they are reduced to kHistogramSchemaMax.
constexpr std::int32_t kHistogramSchemaReservedMin = -9;
constexpr std::int32_t kHistogramSchemaReservedMax = 52;
constexpr std::int32_t kCustomBucketsSchema = -53;

// A run of `length` buckets that follows a gap of `offset` buckets after the
// run before; the offset of the first run is the index of its first bucket.
struct BucketSpan {
  std::int32_t offset = 0;
  std::uint32_t length = 0;

  bool operator==(const BucketSpan&) const = default;
};

struct HistogramBucket {
  double lower = 0;
  double upper = 0;
  bool lower_inclusive = false;
  bool upper_inclusive = false;
  double count = 0;
  std::int32_t index = 0;  // meaningless for the zero bucket

  // The part of the bucket's width at or below `value`, linear or on a
  // logarithmic scale.  REQUIRES: lower < value < upper, both finite.
  [[nodiscard]] double fraction_below(double value, bool linear) const;
};

// What an addition or subtraction had to settle; both become annotations.
struct HistogramMerge {
  bool counter_reset_conflict = false;  // one side says reset, the other not
  bool bounds_reconciled = false;       // custom bounds were intersected
};

struct FloatHistogram {
  CounterResetHint counter_reset_hint = CounterResetHint::kUnknown;
  // It came as whole numbers (all at most 2^53), and is stored, sent and
  // exported as such.  Nothing in this type looks at it or keeps it up.
  bool integer = false;
  std::int32_t schema = 0;
  double zero_threshold = 0;
  double zero_count = 0;
  double count = 0;
  double sum = 0;  // the stale NaN marks a stale series
  std::vector<BucketSpan> positive_spans;
  std::vector<BucketSpan> negative_spans;
  std::vector<double> positive_buckets;  // absolute counts
  std::vector<double> negative_buckets;
  std::vector<double> custom_values;  // ascending, finite upper bounds

  [[nodiscard]] bool uses_custom_buckets() const {
    return schema == kCustomBucketsSchema;
  }

  // Fails with kBadData and upstream's reason when spans, buckets, bounds and
  // schema contradict each other or a count is negative.  Everything below
  // REQUIRES a valid histogram.
  [[nodiscard]] Status validate() const;

  // Same layout and bit-equal counts.  The hint and how runs are cut do not
  // matter; explicit empty buckets do.
  [[nodiscard]] bool equals(const FloatHistogram& other) const;

  // Drops empty buckets at the ends of runs and runs of more than
  // `empty_buckets_max` empty buckets inside; merges runs that are that close.
  static constexpr std::int32_t kOneRun =
      std::numeric_limits<std::int32_t>::max();
  FloatHistogram& compact(std::int32_t empty_buckets_max = 0);

  // Reduces to a coarser exponential schema.  REQUIRES: both exponential,
  // target <= schema.
  void reduce_schema(std::int32_t target);

  // Every count and the sum; a negative factor makes a gauge.
  FloatHistogram& multiply(double factor);
  // Division by zero leaves no buckets.
  FloatHistogram& divide(double divisor);

  // The lower of two schemas, the wider of two zero buckets and the common
  // custom bounds win.  Fails with kBadData on a mix of exponential and custom
  // buckets and changes nothing then.
  Result<HistogramMerge> add(const FloatHistogram& other);
  Result<HistogramMerge> subtract(const FloatHistogram& other);
  // The same with Kahan-Neumaier compensation.  `compensation` begins as
  // compensation_for(*this), and is added at the end with add().
  Result<HistogramMerge> add(const FloatHistogram& other,
                             FloatHistogram& compensation);
  static FloatHistogram compensation_for(const FloatHistogram& histogram);

  // True when a counter restarted between `previous` and this: by the hint
  // where it says so, else because some count went down.
  [[nodiscard]] bool is_reset_since(const FloatHistogram& previous) const;

  // Some count or the sum left the range of a double.
  [[nodiscard]] bool has_overflow() const;

  // Keeps what was observed below (or, upper = false, above) `bound` and
  // estimates count and sum anew when that cut something.
  void trim(double bound, bool keep_below);

  // All buckets, the zero bucket included when it is populated, ascending.
  // Bounds next to the zero bucket are cut at the zero threshold.
  [[nodiscard]] std::vector<HistogramBucket> buckets() const;
  // One side, by ascending distance from zero, as stored.
  [[nodiscard]] std::vector<HistogramBucket> side(bool positive) const;
  // REQUIRES: exponential buckets.
  [[nodiscard]] HistogramBucket zero_bucket() const;

  // "{count:4, sum:5, [-1,1]:2, (1,2]:2}", as upstream prints a value.
  [[nodiscard]] std::string to_string() const;
  // "{{schema:1 count:4 …}}", as test files write one.
  [[nodiscard]] std::string to_test_expression() const;

  // How many samples this one stands for where samples are limited.
  [[nodiscard]] std::size_t sample_weight() const;
};

// The upper bound of bucket `index` of an exponential schema.
double exponential_bound(std::int32_t index, std::int32_t schema);

}  // namespace prom
