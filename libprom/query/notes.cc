#include "libprom/query/notes.h"

#include "libprom/base/duration.h"
#include "libprom/base/number.h"
#include "libprom/base/utf8.h"

namespace prom::query::notes {

namespace {

std::string go_float(double value) {
  std::string text;
  append_float_go_g(text, value);
  return text;
}

std::string with_metric(std::string text, std::string_view metric) {
  if (!metric.empty()) text += " for metric name " + quote(metric);
  return text;
}

std::string joined(std::string_view text, std::string_view tail) {
  return std::string(text) + std::string(tail);
}

}  // namespace

bool is_quantile(double value) {
  return value >= 0 && value <= 1;
}

void check_quantiles(std::span<const double> values, TextRange where,
                     Annotations& annotations) {
  for (const double value : values) {
    if (is_quantile(value)) continue;
    annotations.warn(quantile_out_of_range(value), where);
  }
}

std::string statistics_only(std::string_view metric, std::int64_t window_ms) {
  return with_metric("statistics of windows of " + format_duration(window_ms) +
                         " stand for samples",
                     metric);
}

std::string quantile_out_of_range(double quantile) {
  return "quantile value should be between 0 and 1, got " + go_float(quantile);
}

std::string ratio_out_of_range(double ratio, double capped) {
  return "ratio value should be between -1 and 1, got " + go_float(ratio) +
         ", capping to " + go_float(capped);
}

std::string bad_bucket_label(std::string_view metric, std::string_view label) {
  return with_metric(
      "bucket label \"le\" is missing or has a malformed value of " +
          quote(label),
      metric);
}

std::string mixed_floats_histograms(std::string_view metric) {
  return "encountered a mix of histograms and floats for metric name " +
         quote(metric);
}

std::string mixed_in_aggregation() {
  return "encountered a mix of histograms and floats for aggregation";
}

std::string mixed_classic_native(std::string_view metric) {
  return with_metric("vector contains a mix of classic and native histograms",
                     metric);
}

std::string not_a_counter(std::string_view metric) {
  return "this native histogram metric is not a counter: " + quote(metric);
}

std::string not_a_gauge(std::string_view metric) {
  return "this native histogram metric is not a gauge: " + quote(metric);
}

std::string mixed_schemas(std::string_view metric) {
  return "vector contains a mix of histograms with exponential and custom "
         "buckets schemas for metric name " +
         quote(metric);
}

std::string incompatible_layout(std::string_view op) {
  return joined("incompatible bucket layout encountered for binary operator ",
                op);
}

std::string sort_in_range() {
  return "sort is ineffective for range queries since results are always "
         "ordered by labels";
}

std::string conflicting_resets(std::string_view operation) {
  return joined("conflicting counter resets during histogram ", operation);
}

std::string maybe_no_counter(std::string_view metric) {
  return "metric might not be a counter, name does not end in "
         "_total/_sum/_count/_bucket: " +
         quote(metric);
}

std::string maybe_no_counter_type(std::string_view metric,
                                  std::string_view type) {
  return "metric might not be a counter, __type__ label is not set to "
         "\"counter\" or \"histogram\", got " +
         quote(type) + ": " + quote(metric);
}

std::string incompatible_types(std::string_view op, std::string_view lhs,
                               std::string_view rhs) {
  std::string text =
      "incompatible sample types encountered for binary operator " + quote(op) +
      ": ";
  text += lhs;
  text += ' ';
  text += op;
  text += ' ';
  text += rhs;
  return text;
}

std::string histogram_ignored(std::string_view aggregation) {
  return joined("ignored histogram in ", aggregation) + " aggregation";
}

std::string histogram_ignored_in_range(std::string_view metric) {
  return "ignored histograms in a range containing both floats and "
         "histograms for metric name " +
         quote(metric);
}

std::string quantile_is_nan(std::string_view metric) {
  return with_metric(
      "input to histogram_quantile has NaN observations, result is NaN",
      metric);
}

std::string quantile_is_skewed(std::string_view metric) {
  return with_metric(
      "input to histogram_quantile has NaN observations, result is skewed "
      "higher",
      metric);
}

std::string fraction_excludes_nan(std::string_view metric) {
  return with_metric(
      "input to histogram_fraction has NaN observations, which are excluded "
      "from all fractions",
      metric);
}

std::string reconciled_buckets(std::string_view operation) {
  return joined("mismatched custom buckets were reconciled during ", operation);
}

std::string repaired_histogram(std::string_view metric) {
  return with_metric(
      "input to histogram_quantile needed to be fixed for monotonicity (see "
      "https://prometheus.io/docs/prometheus/latest/querying/functions/"
      "#histogram_quantile)",
      metric);
}

std::string overlapping_start_time(std::string_view metric) {
  return "sample has start time that overlaps with previous sample timestamp "
         "for metric " +
         quote(metric);
}

std::string label_set(const Labels& labels) {
  std::string text = "{";
  for (const LabelView& label : labels) {
    if (text.size() > 1) text += ", ";
    if (is_legacy_label_name(label.name)) {
      text += label.name;
    } else {
      append_quoted(text, label.name);
    }
    text += '=';
    append_quoted(text, label.value);
  }
  return text + "}";
}

}  // namespace prom::query::notes
