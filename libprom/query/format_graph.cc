#include <algorithm>
#include <cmath>
#include <limits>

#include "libprom/base/duration.h"
#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/cli/canvas.h"
#include "libprom/cli/diagnostics.h"
#include "libprom/cli/table.h"
#include "libprom/query/chart.h"
#include "libprom/query/format_internal.h"

namespace prom::query {
namespace {

constexpr std::size_t kLegendMax = 12;
constexpr std::size_t kRowsMin = 4;
constexpr std::size_t kRowsMax = 20;
constexpr std::size_t kColumnsMin = 20;

void draw(cli::Canvas& canvas, const Series& series, std::size_t line,
          const Extent& extent, std::int64_t gap_ms) {
  bool connected = false;
  std::size_t last_x = 0;
  std::size_t last_y = 0;
  std::int64_t last_ms = 0;
  for (const FloatPoint& point : series.floats) {
    if (!std::isfinite(point.value)) {
      connected = false;
      continue;
    }
    const auto x = static_cast<std::size_t>(std::lround(
        extent.along(point.t_ms) * static_cast<double>(canvas.width() - 1)));
    const auto y = static_cast<std::size_t>(std::lround(
        extent.up(point.value) * static_cast<double>(canvas.height() - 1)));
    if (connected && point.t_ms - last_ms <= gap_ms) {
      canvas.connect(last_x, last_y, x, y, line);
    } else {
      canvas.dot(x, y, line);
    }
    connected = true;
    last_x = x;
    last_y = y;
    last_ms = point.t_ms;
  }
}

cli::Canvas::Style canvas_style(const View& view) {
  switch (view.style) {
    case GraphStyle::kBraille:
      return cli::Canvas::Style::kBraille;
    case GraphStyle::kBlocks:
      return cli::Canvas::Style::kBlocks;
    case GraphStyle::kAscii:
      return cli::Canvas::Style::kAscii;
    case GraphStyle::kAuto:
      break;
  }
  return view.utf8 ? cli::Canvas::Style::kBraille : cli::Canvas::Style::kAscii;
}

void write_time_axis(const Extent& extent, std::size_t indent,
                     std::size_t columns, os::Output& out) {
  const std::int64_t span_ms = extent.span_ms();
  const std::string first = clock_label(extent.first_ms, span_ms);
  const std::string middle =
      clock_label(extent.first_ms + span_ms / 2, span_ms);
  const std::string last = clock_label(extent.last_ms, span_ms) + " UTC";
  std::string line(indent + columns, ' ');
  line.replace(indent, first.size(), first);
  if (columns > 3 * first.size() + 10)
    line.replace(indent + (columns - middle.size()) / 2, middle.size(), middle);
  line.replace(indent + columns - last.size(), last.size(), last);
  out.write(line + "\n");
}

void write_legend(const std::vector<const Series*>& series, const View& view,
                  os::Output& out) {
  const std::size_t shown = std::min(series.size(), kLegendMax);
  const Split split = split_labels(series);
  if (!split.common.empty()) {
    const std::string common = printable(split.common.to_string());
    out.write("  ");
    out.write(cli::palette(view.color).dim);
    out.write(view.columns > 4 ? cli::fit(common, view.columns - 2, view.utf8)
                               : common);
    out.write(cli::palette(view.color).reset);
    out.write("\n");
  }
  for (std::size_t i = 0; i < shown; ++i) {
    out.write("  ");
    out.write(cli::line_color(i, view.color));
    out.write(view.utf8 ? "━━" : std::string(2, cli::line_mark(i)));
    out.write(cli::palette(view.color).reset);
    const std::string value = series[i]->floats.empty()
                                  ? ""
                                  : value_text(series[i]->floats.back().value);
    std::string name = distinct_name(*series[i], split);
    if (view.columns > value.size() + 10)
      name = cli::fit(name, view.columns - value.size() - 8, view.utf8);
    out.write(" " + name + "  " + value + "\n");
  }
  if (series.size() > shown) {
    out.write("  +" + std::to_string(series.size() - shown) +
              " more series; topk() shows fewer\n");
  }
}

}  // namespace

void write_graph(const QueryResult& result, const View& view, os::Output& out) {
  const std::vector<const Series*> series = lines_of(result, view);
  Extent extent = extent_of(series);
  if (result.type != promql::ValueType::kMatrix || extent.empty() ||
      extent.first_ms == extent.last_ms) {
    write_table(result, view, out);
    return;
  }
  round_out(extent);
  const std::string high = axis_label(extent.high);
  const std::string middle = axis_label((extent.low + extent.high) / 2);
  const std::string low = axis_label(extent.low);
  const std::size_t indent =
      std::max({high.size(), middle.size(), low.size()}) + 2;
  const std::size_t width = view.columns == 0 ? 80 : view.columns;
  const std::size_t columns =
      std::max(kColumnsMin, width > indent + 1 ? width - indent - 1 : 0);
  const bool has_common = !split_labels(series).common.empty();
  const std::size_t legend =
      std::min(series.size(), kLegendMax) + (has_common ? 4 : 3);
  const std::size_t rows = std::clamp(
      view.rows > legend ? view.rows - legend : 0, kRowsMin, kRowsMax);
  cli::Canvas canvas(columns, rows, canvas_style(view));
  const std::int64_t gap_ms = gap_of(series);
  for (std::size_t i = series.size(); i-- > 0;)
    draw(canvas, *series[i], i, extent, gap_ms);
  for (std::size_t row = 0; row < rows; ++row) {
    const std::string& label = row == 0          ? high
                               : row + 1 == rows ? low
                               : row == rows / 2 ? middle
                                                 : std::string();
    out.write(std::string(indent - 2 - label.size(), ' ') + label +
              (view.utf8 ? " ┤" : " |"));
    out.write(canvas.row(row, view.color));
    out.write("\n");
  }
  write_time_axis(extent, indent, columns, out);
  write_legend(series, view, out);
}

}  // namespace prom::query
