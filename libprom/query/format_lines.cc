// Formats of lines that other programs made: promtool's, and JSON by the line.
#include "libprom/base/json_writer.h"
#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/query/format.h"
#include "libprom/query/format_internal.h"
#include "libprom/query/json.h"

namespace prom::query {
namespace {

std::string seconds_text(std::int64_t t_ms) {
  return format_float_fixed(static_cast<double>(t_ms) / 1000);
}

// name{a="b", c="d"}: upstream's older form, with the name in front.
std::string metric_text(const Labels& labels) {
  std::string text(labels.metric_name());
  const bool quoted_name = !text.empty() && !is_legacy_metric_name(text);
  std::string inside = quoted_name ? quote(text) : "";
  if (quoted_name) text.clear();
  for (const auto& [name, value] : labels) {
    if (name == kMetricName) continue;
    if (!inside.empty()) inside += ", ";
    inside += is_legacy_label_name(name) ? std::string(name) : quote(name);
    inside += '=';
    append_quoted(inside, value);
  }
  if (!inside.empty() || text.empty()) text += "{" + inside + "}";
  return printable(text);
}

void write_promql_series(const Series& series, bool is_range, os::Output& out) {
  out.write(metric_text(series.labels) + (is_range ? " =>\n" : " => "));
  for (const FloatPoint& point : series.floats) {
    out.write(value_text(point.value) + " @[" + seconds_text(point.t_ms) +
              "]\n");
  }
  for (const HistogramPoint& point : series.histograms) {
    out.write(value_text(*point.histogram) + " @[" + seconds_text(point.t_ms) +
              "]\n");
  }
}

}  // namespace

void write_promql(const QueryResult& result, const View& view,
                  os::Output& out) {
  switch (result.type) {
    case promql::ValueType::kScalar:
      out.write("scalar: " + value_text(result.scalar.value) + " @[" +
                seconds_text(result.scalar.t_ms) + "]\n");
      return;
    case promql::ValueType::kString:
      out.write(printable(result.text) + "\n");
      return;
    default:
      break;
  }
  const bool is_range = result.type == promql::ValueType::kMatrix;
  for (const Series* one : ordered(result, view))
    write_promql_series(*one, is_range, out);
}

void write_jsonl(const QueryResult& result, const View& view, os::Output& out) {
  const bool is_range = result.type == promql::ValueType::kMatrix;
  std::string line;
  const auto end_line = [&] {
    line += '\n';
    out.write(line);
    line.clear();
  };
  if (result.type == promql::ValueType::kScalar) {
    JsonWriter json(line);
    json.begin_object().key("value").begin_array();
    json.time_ms(result.scalar.t_ms).sample_value(result.scalar.value);
    json.end_array().end_object();
    end_line();
    return;
  }
  if (result.type == promql::ValueType::kString) {
    JsonWriter json(line);
    json.begin_object().key("value").begin_array();
    json.time_ms(result.t_ms).string(result.text).end_array().end_object();
    end_line();
    return;
  }
  for (const Series* one : ordered(result, view)) {
    JsonWriter json(line);
    write_json_series(*one, is_range, json);
    end_line();
  }
}

}  // namespace prom::query
