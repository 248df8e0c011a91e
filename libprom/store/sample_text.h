// Sample values as JSON lines and CSV have them, so that every float64 comes
// back as it was: the shortest decimal that reads back, and words for what no
// decimal says.
//
//   1.5  -0  1e+300      finite
//   NaN  Infinity  -Infinity
//   stale                the marker that ends a series
//   nan(0x7ff8000000000000)   any other NaN
//
// In JSON the words are strings, but for NaN, which is null, as VictoriaMetrics
// has it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libprom/base/result.h"
#include "libprom/model/histogram.h"

namespace prom::store {

void append_value_text(std::string& out, double value);
void append_value_json(std::string& out, double value);
// Also "Inf", "+Inf", "-Inf", "inf", "nan"; nullopt for no value.
std::optional<double> parse_value_text(std::string_view text);

// A native histogram as a JSON object:
//   {"schema":3,"count":6,"sum":2.5,"zero_threshold":…,"zero_count":…,
//    "positive_spans":[[offset,length],…],"positive_buckets":[absolute,…],
//    "negative_spans":…,"negative_buckets":…,"custom_values":[…],
//    "counter_reset_hint":"reset","integer":true}
// What is zero, empty, unknown or false is left out, but for the first three.
void append_histogram_json(std::string& out, const FloatHistogram& histogram);

}  // namespace prom::store
