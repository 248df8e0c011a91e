#include "libprom/query/format.h"

#include <algorithm>
#include <set>

#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/query/format_internal.h"

namespace prom::query {
namespace {

// What csv and tsv differ in.
struct Dialect {
  char separator;
  void (*append_field)(std::string& out, std::string_view field);
};

// Quotes a field of CSV only when it has to be.
void append_csv_field(std::string& out, std::string_view field) {
  if (field.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += field;
    return;
  }
  out += '"';
  for (const char c : field) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

void append_tsv_field(std::string& out, std::string_view field) {
  for (const char c : field) {
    switch (c) {
      case '\t':
        out += "\\t";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\\':
        out += "\\\\";
        break;
      default:
        out += c;
    }
  }
}

constexpr Dialect kCsv = {',', append_csv_field};
constexpr Dialect kTsv = {'\t', append_tsv_field};

void append_seconds(std::string& out, std::int64_t t_ms) {
  out += format_float_fixed(static_cast<double>(t_ms) / 1000);
}

}  // namespace

std::vector<const Series*> ordered(const QueryResult& result,
                                   const View& view) {
  std::vector<const Series*> series;
  series.reserve(result.series.size());
  for (const Series& one : result.series) series.push_back(&one);
  if (!view.keep_order) {
    std::ranges::stable_sort(series, [](const Series* a, const Series* b) {
      return a->labels < b->labels;
    });
  }
  return series;
}

std::string value_text(double value) {
  return format_float_fixed(value);
}

std::string value_text(const FloatHistogram& histogram) {
  return histogram.to_string();
}

std::vector<std::string> label_names(const std::vector<const Series*>& series) {
  std::set<std::string, std::less<>> names;
  for (const Series* one : series) {
    for (const auto& [name, value] : one->labels) {
      if (!names.contains(name)) names.emplace(name);
    }
  }
  std::vector<std::string> ascending(names.begin(), names.end());
  const auto metric = std::ranges::find(ascending, kMetricName);
  if (metric != ascending.end())
    std::rotate(ascending.begin(), metric, metric + 1);
  return ascending;
}

void write_plain(const QueryResult& result, const View& view, os::Output& out) {
  switch (result.type) {
    case promql::ValueType::kScalar:
      out.write(value_text(result.scalar.value) + "\n");
      return;
    case promql::ValueType::kString:
      out.write(printable(result.text) + "\n");
      return;
    default:
      break;
  }
  const bool with_time = result.type == promql::ValueType::kMatrix;
  std::string line;
  for (const Series* one : ordered(result, view)) {
    const std::string name = one->labels.to_string();
    const auto write_line = [&](const std::string& value, std::int64_t t_ms) {
      line = name;
      line += ' ';
      line += value;
      if (with_time) {
        line += ' ';
        append_int(line, t_ms);
      }
      line += '\n';
      out.write(line);
    };
    for (const FloatPoint& point : one->floats)
      write_line(value_text(point.value), point.t_ms);
    for (const HistogramPoint& point : one->histograms)
      write_line(value_text(*point.histogram), point.t_ms);
  }
}

namespace {

void write_separated(const QueryResult& result, const View& view,
                     const Dialect& dialect, os::Output& out) {
  std::string line;
  if (result.type == promql::ValueType::kScalar) {
    line = "value";
    line += dialect.separator;
    line += "timestamp\n" + value_text(result.scalar.value);
    line += dialect.separator;
    append_seconds(line, result.scalar.t_ms);
    out.write(line + "\n");
    return;
  }
  if (result.type == promql::ValueType::kString) {
    line = "value\n";
    dialect.append_field(line, result.text);
    out.write(line + "\n");
    return;
  }
  const std::vector<const Series*> series = ordered(result, view);
  const std::vector<std::string> names = label_names(series);
  for (const std::string& name : names) {
    dialect.append_field(line, name);
    line += dialect.separator;
  }
  line += "value";
  line += dialect.separator;
  out.write(line + "timestamp\n");
  for (const Series* one : series) {
    std::string labels;
    for (const std::string& name : names) {
      dialect.append_field(labels, one->labels.get(name));
      labels += dialect.separator;
    }
    const auto write_row = [&](const std::string& value, std::int64_t t_ms) {
      line = labels;
      dialect.append_field(line, value);
      line += dialect.separator;
      append_seconds(line, t_ms);
      out.write(line + "\n");
    };
    for (const FloatPoint& point : one->floats)
      write_row(value_text(point.value), point.t_ms);
    for (const HistogramPoint& point : one->histograms)
      write_row(value_text(*point.histogram), point.t_ms);
  }
}

}  // namespace

void write_csv(const QueryResult& result, const View& view, os::Output& out) {
  write_separated(result, view, kCsv, out);
}

void write_tsv(const QueryResult& result, const View& view, os::Output& out) {
  write_separated(result, view, kTsv, out);
}

}  // namespace prom::query
