#include <algorithm>
#include <map>

#include "libprom/base/duration.h"
#include "libprom/base/utf8.h"
#include "libprom/cli/diagnostics.h"
#include "libprom/cli/table.h"
#include "libprom/query/format.h"
#include "libprom/query/format_internal.h"

namespace prom::query {
namespace {

std::string title_of(const std::string& name) {
  if (name == kMetricName) return "METRIC";
  std::string title;
  for (const char c : printable(name))
    title += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return title;
}

void add_rows(cli::Table& table, const Series& series,
              const std::vector<std::string>& label_cells, bool with_time) {
  const auto add = [&](const std::string& value, std::int64_t t_ms) {
    std::vector<std::string> cells = label_cells;
    if (with_time) cells.push_back(format_rfc3339(t_ms));
    cells.push_back(value);
    table.add(cells);
  };
  for (const FloatPoint& point : series.floats)
    add(value_text(point.value), point.t_ms);
  for (const HistogramPoint& point : series.histograms)
    add(value_text(*point.histogram), point.t_ms);
}

}  // namespace

Split split_labels(const std::vector<const Series*>& series) {
  Split split;
  LabelsBuilder common;
  for (const std::string& name : label_names(series)) {
    const std::string_view first = series.front()->labels.get(name);
    const bool shared = std::ranges::all_of(series, [&](const Series* one) {
      return one->labels.get(name) == first;
    });
    if (shared && series.size() > 1) {
      common.set(name, first);
    } else {
      split.differing.push_back(name);
    }
  }
  split.common = common.build();
  return split;
}

std::string distinct_name(const Series& series, const Split& split) {
  if (split.common.empty()) return printable(series.labels.to_string());
  LabelsBuilder rest(series.labels);
  for (const auto& [name, value] : split.common) rest.remove(name);
  return printable(rest.build().to_string());
}

void write_table(const QueryResult& result, const View& view, os::Output& out) {
  if (result.type == promql::ValueType::kScalar ||
      result.type == promql::ValueType::kString) {
    write_plain(result, view, out);
    return;
  }
  const std::vector<const Series*> series = ordered(result, view);
  if (series.empty()) return;
  const bool with_time = result.type == promql::ValueType::kMatrix;
  const Split split = split_labels(series);
  const cli::Palette colors = cli::palette(view.color);
  if (!split.common.empty()) {
    out.write(colors.dim);
    out.write(printable(split.common.to_string()));
    out.write(colors.reset);
    out.write("\n");
  }
  std::vector<cli::Table::Column> columns;
  for (const std::string& name : split.differing)
    columns.push_back({.title = title_of(name)});
  if (with_time) columns.push_back({.title = "TIME"});
  columns.push_back({.title = "VALUE", .align = cli::Table::Align::kRight});
  cli::Table table(columns);
  for (const Series* one : series) {
    std::vector<std::string> cells;
    for (const std::string& name : split.differing)
      cells.emplace_back(one->labels.get(name));
    add_rows(table, *one, cells, with_time);
  }
  table.write(out, view.columns, view.color, view.utf8);
}

namespace {

void write_wide_vector(const QueryResult& result, const View& view,
                       os::Output& out) {
  const std::vector<const Series*> series = ordered(result, view);
  if (series.empty()) return;
  const std::vector<std::string> names = label_names(series);
  std::vector<cli::Table::Column> columns;
  columns.reserve(names.size() + 1);
  for (const std::string& name : names)
    columns.push_back({.title = title_of(name)});
  columns.push_back({.title = "VALUE", .align = cli::Table::Align::kRight});
  cli::Table table(columns);
  for (const Series* one : series) {
    std::vector<std::string> cells;
    cells.reserve(columns.size());
    for (const std::string& name : names)
      cells.emplace_back(one->labels.get(name));
    add_rows(table, *one, cells, false);
  }
  table.write(out, 0, view.color);
}

// A row a time and a column a series.
void write_wide_matrix(const QueryResult& result, const View& view,
                       os::Output& out) {
  const std::vector<const Series*> series = ordered(result, view);
  if (series.empty()) return;
  std::vector<cli::Table::Column> columns = {{.title = "TIME"}};
  std::map<std::int64_t, std::vector<std::string>> rows;
  for (std::size_t i = 0; i < series.size(); ++i) {
    columns.push_back({.title = printable(series[i]->labels.to_string()),
                       .align = cli::Table::Align::kRight});
    const auto put = [&](std::int64_t t_ms, std::string text) {
      std::vector<std::string>& row = rows[t_ms];
      row.resize(series.size());
      row[i] = std::move(text);
    };
    for (const FloatPoint& point : series[i]->floats)
      put(point.t_ms, value_text(point.value));
    for (const HistogramPoint& point : series[i]->histograms)
      put(point.t_ms, value_text(*point.histogram));
  }
  cli::Table table(columns);
  for (auto& [t_ms, values] : rows) {
    values.insert(values.begin(), format_rfc3339(t_ms));
    table.add(values);
  }
  table.write(out, 0, view.color);
}

}  // namespace

void write_wide(const QueryResult& result, const View& view, os::Output& out) {
  if (result.type == promql::ValueType::kMatrix) {
    write_wide_matrix(result, view, out);
  } else if (result.type == promql::ValueType::kVector) {
    write_wide_vector(result, view, out);
  } else {
    write_plain(result, view, out);
  }
}

}  // namespace prom::query
