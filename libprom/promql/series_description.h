// The language in which promqltest files and rule unit tests write series:
//
//   http_requests_total{job="a"} 1+2x3 _x2 4 stale
//   latency {{schema:0 sum:5 count:4 buckets:[1 2 1]}}x3
//
// A name with labels, then values: numbers, `_` for none, `stale` for the
// staleness marker, and sequences: `3x2` is 3 3 3, `1+2x3` is 1 3 5 7,
// `_x2` is none twice.  Not part of what a query may contain.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/model/labels.h"
#include "libprom/promql/parser.h"

namespace prom::promql {

// One line may not describe more values than this.
constexpr std::size_t kSeriesValuesMax = std::size_t{1} << 20;

enum class CounterResetHint : std::uint8_t {
  kUnknown,
  kReset,
  kNotReset,
  kGauge
};

// A native histogram as it is described.  What is absent is zero or empty.
// Buckets are absolute populations; bucket i has index offset + i.
struct HistogramDescription {
  std::int32_t schema = 0;
  double sum = 0;
  double count = 0;
  double zero_count = 0;
  double zero_threshold = 0;
  std::vector<double> custom_values;
  std::vector<double> buckets;
  std::int32_t offset = 0;
  std::vector<double> negative_buckets;
  std::int32_t negative_offset = 0;
  // Unset: the test does not care.
  std::optional<CounterResetHint> counter_reset_hint;
};

// A run of values: an item as it is written.
struct SequenceItem {
  enum class Kind : std::uint8_t { kOmitted, kFloat, kHistogram };
  enum class Change : std::uint8_t { kNone, kAdd, kSubtract };
  Kind kind = Kind::kOmitted;
  std::size_t count = 1;  // how many values it stands for, at least 0
  double value = 0;       // kFloat: of the first; a stale NaN for `stale`
  // kFloat: what is added for each further value, one addition after the
  // other, as upstream does and as rounding shows.
  double increment = 0;
  // kHistogram: the first value, and what is added to or taken from it again
  // and again.  The arithmetic of histograms is the caller's.
  HistogramDescription histogram;
  Change histogram_change = Change::kNone;
  HistogramDescription histogram_increment;
};

struct SeriesDescription {
  Labels labels;
  std::vector<SequenceItem> items;
};

// Parses a whole description.
Parsed<SeriesDescription> parse_series_description(std::string_view text);

}  // namespace prom::promql
