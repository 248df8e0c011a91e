// The texts of annotations.  They are upstream's word for word, since users
// and tests know them.  Internal to query/.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "libprom/base/diagnostic.h"
#include "libprom/model/labels.h"
#include "libprom/query/annotations.h"

namespace prom::query::notes {

// False also for NaN.
bool is_quantile(double value);
// Warns of every value that is no quantile.
void check_quantiles(std::span<const double> values, TextRange where,
                     Annotations& annotations);

// -- Warnings
std::string quantile_out_of_range(double quantile);
std::string ratio_out_of_range(double ratio, double capped);
std::string bad_bucket_label(std::string_view metric, std::string_view label);
std::string mixed_floats_histograms(std::string_view metric);
std::string mixed_in_aggregation();
std::string mixed_classic_native(std::string_view metric);
std::string not_a_counter(std::string_view metric);
std::string not_a_gauge(std::string_view metric);
std::string mixed_schemas(std::string_view metric);
std::string incompatible_layout(std::string_view op);
std::string sort_in_range();
// `operation`: "addition", "subtraction", "aggregation".
std::string conflicting_resets(std::string_view operation);

// -- Infos
std::string maybe_no_counter(std::string_view metric);
std::string maybe_no_counter_type(std::string_view metric,
                                  std::string_view type);
std::string incompatible_types(std::string_view op, std::string_view lhs,
                               std::string_view rhs);
std::string histogram_ignored(std::string_view aggregation);
std::string histogram_ignored_in_range(std::string_view metric);
std::string quantile_is_nan(std::string_view metric);
std::string quantile_is_skewed(std::string_view metric);
std::string fraction_excludes_nan(std::string_view metric);
std::string reconciled_buckets(std::string_view operation);

// Not upstream's: windows so long stand for samples.
std::string statistics_only(std::string_view metric, std::int64_t window_ms);

// -- Completed by Annotations with what it counted
std::string repaired_histogram(std::string_view metric);
std::string overlapping_start_time(std::string_view metric);

// A label set as upstream's errors show it: the metric name is a label like
// others.
std::string label_set(const Labels& labels);

}  // namespace prom::query::notes
