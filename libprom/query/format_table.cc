#include <algorithm>
#include <set>

#include "libprom/base/duration.h"
#include "libprom/base/utf8.h"
#include "libprom/cli/diagnostics.h"
#include "libprom/cli/table.h"
#include "libprom/query/format.h"
#include "libprom/query/format_internal.h"

namespace prom::query {
namespace {

// Labels that differ between the series get a column; those that all share
// are said once, above.
struct Split {
  Labels common;
  std::vector<std::string> differing;
};

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

std::string title_of(const std::string& name) {
  if (name == kMetricName) return "METRIC";
  std::string title;
  for (const char c : name)
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
  table.write(out, view.columns, view.color);
}

}  // namespace prom::query
