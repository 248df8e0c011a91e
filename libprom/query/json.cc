#include "libprom/query/json.h"

#include <cmath>

#include "libprom/base/json_writer.h"

namespace prom::query {
namespace {

// Which ends of a bucket belong to it, as upstream numbers the cases.
int boundary_rule(const HistogramBucket& bucket) {
  if (bucket.lower_inclusive) return bucket.upper_inclusive ? 3 : 1;
  return bucket.upper_inclusive ? 0 : 2;
}

void write_labels(const Labels& labels, JsonWriter& json) {
  json.begin_object();
  for (const auto& [name, value] : labels) json.key(name).string(value);
  json.end_object();
}

void write_histogram(const FloatHistogram& histogram, JsonWriter& json) {
  json.begin_object();
  json.key("count").sample_value(histogram.count);
  json.key("sum").sample_value(histogram.sum);
  bool any = false;
  for (const HistogramBucket& bucket : histogram.buckets()) {
    if (bucket.count == 0) continue;
    if (!any) json.key("buckets").begin_array();
    any = true;
    json.begin_array().integer(boundary_rule(bucket));
    json.sample_value(bucket.lower).sample_value(bucket.upper);
    json.sample_value(bucket.count).end_array();
  }
  if (any) json.end_array();
  json.end_object();
}

void write_point(const FloatPoint& point, JsonWriter& json) {
  json.begin_array().time_ms(point.t_ms).sample_value(point.value);
  json.end_array();
}

void write_point(const HistogramPoint& point, JsonWriter& json) {
  json.begin_array().time_ms(point.t_ms);
  write_histogram(*point.histogram, json);
  json.end_array();
}

template <typename Point>
void write_points(std::string_view name, const std::vector<Point>& points,
                  JsonWriter& json) {
  if (points.empty()) return;
  json.key(name).begin_array();
  for (const Point& point : points) write_point(point, json);
  json.end_array();
}

void write_texts(std::string_view name, const std::vector<std::string>& texts,
                 JsonWriter& json) {
  if (texts.empty()) return;
  json.key(name).begin_array();
  for (const std::string& text : texts) json.string(text);
  json.end_array();
}

std::string_view type_name(promql::ValueType type) {
  switch (type) {
    case promql::ValueType::kScalar:
      return "scalar";
    case promql::ValueType::kString:
      return "string";
    case promql::ValueType::kMatrix:
      return "matrix";
    default:
      return "vector";
  }
}

}  // namespace

void write_json_series(const Series& series, bool is_range, JsonWriter& json) {
  json.begin_object().key("metric");
  write_labels(series.labels, json);
  if (is_range) {
    write_points("values", series.floats, json);
    write_points("histograms", series.histograms, json);
  } else if (!series.floats.empty()) {
    json.key("value");
    write_point(series.floats.front(), json);
  } else if (!series.histograms.empty()) {
    json.key("histogram");
    write_point(series.histograms.front(), json);
  }
  json.end_object();
}

void write_json(const QueryResult& result, os::Output& out) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("status").string("success").key("data");
  json.begin_object();
  json.key("resultType").string(type_name(result.type)).key("result");
  if (result.type == promql::ValueType::kScalar) {
    write_point(result.scalar, json);
  } else if (result.type == promql::ValueType::kString) {
    json.begin_array().time_ms(result.t_ms).string(result.text).end_array();
  } else {
    json.begin_array();
    for (const Series& series : result.series) {
      write_json_series(series, result.type == promql::ValueType::kMatrix,
                        json);
      out.write(text);
      text.clear();
    }
    json.end_array();
  }
  json.end_object();
  write_texts("warnings", result.warnings, json);
  write_texts("infos", result.infos, json);
  json.end_object();
  out.write(text);
}

void write_json_error(const Error& error, os::Output& out) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("status").string("error");
  json.key("errorType").string(error_type(error.code));
  json.key("error").string(error.message).end_object();
  out.write(text);
}

std::string_view error_type(Code code) {
  switch (code) {
    case Code::kBadData:
    case Code::kUsage:
      return "bad_data";
    case Code::kExecution:
    case Code::kLimit:
      return "execution";
    case Code::kTimeout:
      return "timeout";
    case Code::kCancelled:
      return "canceled";
    case Code::kMissing:
      return "not_found";
    case Code::kUnavailable:
    case Code::kBusy:
      return "unavailable";
    default:
      return "internal";
  }
}

}  // namespace prom::query
