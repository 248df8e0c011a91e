#include <algorithm>
#include <cmath>
#include <limits>

#include "libprom/base/duration.h"
#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/cli/canvas.h"
#include "libprom/cli/diagnostics.h"
#include "libprom/cli/table.h"
#include "libprom/query/format.h"
#include "libprom/query/format_internal.h"

namespace prom::query {
namespace {

constexpr std::size_t kLegendMax = 12;
constexpr std::size_t kRowsMin = 4;
constexpr std::size_t kRowsMax = 20;
constexpr std::size_t kColumnsMin = 20;

struct Extent {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  std::int64_t first_ms = std::numeric_limits<std::int64_t>::max();
  std::int64_t last_ms = std::numeric_limits<std::int64_t>::min();

  [[nodiscard]] bool empty() const { return low > high; }
};

Extent extent_of(const std::vector<const Series*>& series) {
  Extent extent;
  for (const Series* one : series) {
    for (const FloatPoint& point : one->floats) {
      extent.first_ms = std::min(extent.first_ms, point.t_ms);
      extent.last_ms = std::max(extent.last_ms, point.t_ms);
      if (!std::isfinite(point.value)) continue;
      extent.low = std::min(extent.low, point.value);
      extent.high = std::max(extent.high, point.value);
    }
  }
  return extent;
}

// Widens the values to round numbers, a flat line to a band around it, and
// down to zero when zero is near.
void round_out(Extent& extent) {
  if (extent.low > 0 && extent.low < extent.high / 2) extent.low = 0;
  double span = extent.high - extent.low;
  if (!std::isfinite(span)) return;  // of the largest numbers there are
  if (span == 0) {
    const double band = extent.high == 0 ? 1 : std::abs(extent.high) / 2;
    extent.low -= extent.low == 0 ? 0 : band;
    extent.high += band;
    span = extent.high - extent.low;
  }
  const double unit = std::pow(10, std::floor(std::log10(span)) - 1);
  if (!std::isfinite(unit) || unit == 0) return;
  extent.low = std::floor(extent.low / unit) * unit;
  extent.high = std::ceil(extent.high / unit) * unit;
}

// At most four significant digits and a magnitude: 1.5M, 20k, 0.25.
std::string axis_label(double value) {
  struct Magnitude {
    double factor;
    std::string_view suffix;
  };
  constexpr Magnitude kMagnitudes[] = {
      {1e15, "P"}, {1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}};
  std::string_view suffix;
  for (const Magnitude& magnitude : kMagnitudes) {
    if (std::abs(value) < magnitude.factor) continue;
    value /= magnitude.factor;
    suffix = magnitude.suffix;
    break;
  }
  if (value != 0) {
    const double digits = std::floor(std::log10(std::abs(value)));
    const double scale = std::pow(10, 3 - digits);
    if (std::isfinite(scale)) value = std::round(value * scale) / scale;
  }
  std::string text;
  append_float_go_g(text, value);
  return text + std::string(suffix);
}

void draw(cli::Canvas& canvas, const Series& series, std::size_t line,
          const Extent& extent, std::int64_t gap_ms) {
  const double span_ms =
      std::max(1.0, static_cast<double>(extent.last_ms - extent.first_ms));
  // Halves, because the difference of the largest numbers is infinite.
  const double half_span = extent.high / 2 - extent.low / 2;
  bool connected = false;
  std::size_t last_x = 0;
  std::size_t last_y = 0;
  std::int64_t last_ms = 0;
  for (const FloatPoint& point : series.floats) {
    if (!std::isfinite(point.value)) {
      connected = false;
      continue;
    }
    const double along =
        static_cast<double>(point.t_ms - extent.first_ms) / span_ms;
    const double up =
        std::clamp((point.value / 2 - extent.low / 2) / half_span, 0.0, 1.0);
    const auto x = static_cast<std::size_t>(
        std::lround(along * static_cast<double>(canvas.width() - 1)));
    const auto y = static_cast<std::size_t>(
        std::lround(up * static_cast<double>(canvas.height() - 1)));
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

// The step of the query: the shortest distance of two points.  A line is not
// drawn over a longer one.
std::int64_t step_of(const std::vector<const Series*>& series) {
  std::int64_t step_ms = std::numeric_limits<std::int64_t>::max() / 2;
  for (const Series* one : series) {
    for (std::size_t i = 1; i < one->floats.size(); ++i)
      step_ms =
          std::min(step_ms, one->floats[i].t_ms - one->floats[i - 1].t_ms);
  }
  return step_ms;
}

std::string clock_label(std::int64_t t_ms, std::int64_t span_ms) {
  const std::string text = format_rfc3339(t_ms / 1000 * 1000);
  if (span_ms < kDayMs) return text.substr(11, 8);
  return text.substr(0, 16);
}

void write_time_axis(const Extent& extent, std::size_t indent,
                     std::size_t columns, os::Output& out) {
  const std::int64_t span_ms = extent.last_ms - extent.first_ms;
  const std::string first = clock_label(extent.first_ms, span_ms);
  const std::string middle =
      clock_label(extent.first_ms + span_ms / 2, span_ms);
  const std::string last = clock_label(extent.last_ms, span_ms);
  std::string line(indent + columns, ' ');
  line.replace(indent, first.size(), first);
  if (columns > 3 * first.size() + 4)
    line.replace(indent + (columns - middle.size()) / 2, middle.size(), middle);
  line.replace(indent + columns - last.size(), last.size(), last);
  out.write(line + " UTC\n");
}

void write_legend(const std::vector<const Series*>& series, const View& view,
                  os::Output& out) {
  const std::size_t shown = std::min(series.size(), kLegendMax);
  for (std::size_t i = 0; i < shown; ++i) {
    out.write("  ");
    out.write(cli::line_color(i, view.color));
    out.write(view.utf8 ? "━━" : std::string(2, cli::line_mark(i)));
    out.write(cli::palette(view.color).reset);
    const std::string value = series[i]->floats.empty()
                                  ? ""
                                  : value_text(series[i]->floats.back().value);
    std::string name = printable(series[i]->labels.to_string());
    if (view.columns > value.size() + 10)
      name = cli::fit(name, view.columns - value.size() - 8);
    out.write(" " + name + "  " + value + "\n");
  }
  if (series.size() > shown) {
    out.write("  +" + std::to_string(series.size() - shown) +
              " more series; topk() shows fewer\n");
  }
}

// A scalar over time has no labels but is a line like any other.
std::vector<Series> lines_of(const QueryResult& result, const View& view) {
  std::vector<Series> lines;
  for (const Series* one : ordered(result, view)) {
    if (!one->floats.empty()) lines.push_back(*one);
  }
  return lines;
}

}  // namespace

void write_graph(const QueryResult& result, const View& view, os::Output& out) {
  const std::vector<Series> lines = lines_of(result, view);
  std::vector<const Series*> series;
  for (const Series& line : lines) series.push_back(&line);
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
  const std::size_t legend = std::min(series.size(), kLegendMax) + 3;
  const std::size_t rows = std::clamp(
      view.rows > legend ? view.rows - legend : 0, kRowsMin, kRowsMax);
  cli::Canvas canvas(
      columns, rows,
      view.utf8 ? cli::Canvas::Style::kBraille : cli::Canvas::Style::kAscii);
  const std::int64_t gap_ms = step_of(series) * 3 / 2;
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
