// A line of small bars a series.
#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <vector>

#include "libprom/base/utf8.h"
#include "libprom/cli/diagnostics.h"
#include "libprom/cli/table.h"
#include "libprom/query/chart.h"
#include "libprom/query/format_internal.h"

namespace prom::query {
namespace {

constexpr std::size_t kBarsMin = 8;
constexpr std::size_t kBarsMax = 60;
constexpr std::size_t kNameMin = 6;
constexpr std::size_t kGap = 2;

constexpr std::array<std::string_view, 8> kBars = {"▁", "▂", "▃", "▄",
                                                   "▅", "▆", "▇", "█"};
constexpr std::array<std::string_view, 8> kAsciiBars = {"_", ".", ",", "-",
                                                        "=", "+", "*", "#"};

// The mean of what falls into each cell; NaN where nothing does.
std::vector<double> resample(const Series& series, const Extent& times,
                             std::size_t cells) {
  std::vector<double> sum(cells);
  std::vector<double> count(cells);
  for (const FloatPoint& point : series.floats) {
    if (!std::isfinite(point.value)) continue;
    const auto cell = std::min(
        cells - 1, static_cast<std::size_t>(times.along(point.t_ms) *
                                            static_cast<double>(cells)));
    ++count[cell];
    // A running mean, since a sum of the largest numbers is infinite.
    sum[cell] += (point.value - sum[cell]) / count[cell];
  }
  for (std::size_t i = 0; i < cells; ++i) {
    if (count[i] == 0) sum[i] = std::nan("");
  }
  return sum;
}

std::string bars_of(const std::vector<double>& values, const Extent& extent,
                    bool utf8) {
  std::string text;
  for (const double value : values) {
    if (std::isnan(value)) {
      text += ' ';
      continue;
    }
    const double up = extent.low == extent.high ? 0.5 : extent.up(value);
    const auto level = std::min<std::size_t>(
        kBars.size() - 1, static_cast<std::size_t>(up * kBars.size()));
    text += utf8 ? kBars[level] : kAsciiBars[level];
  }
  return text;
}

struct Row {
  std::string name, bars, low, high, last;
};

std::size_t widest(const std::vector<Row>& rows, std::string Row::* member,
                   std::size_t least) {
  for (const Row& row : rows)
    least = std::max(least, cli::display_width(row.*member));
  return least;
}

}  // namespace

void write_sparkline(const QueryResult& result, const View& view,
                     os::Output& out) {
  const std::vector<const Series*> series = lines_of(result, view);
  Extent times = extent_of(series);
  if (result.type != promql::ValueType::kMatrix || times.empty()) {
    write_table(result, view, out);
    return;
  }
  const std::size_t total = view.columns == 0 ? 120 : view.columns;
  std::size_t points = 0;
  std::vector<Row> rows;
  rows.reserve(series.size());
  const Split split = split_labels(series);
  for (const Series* one : series) {
    const Extent own = extent_of({one});
    points = std::max(points, one->floats.size());
    rows.push_back({.name = distinct_name(*one, split),
                    .bars = {},
                    .low = own.empty() ? "-" : axis_label(own.low),
                    .high = own.empty() ? "-" : axis_label(own.high),
                    .last = axis_label(one->floats.back().value)});
  }
  // The bars make room for the names down to their least width, and the names
  // take what the others leave.
  const std::size_t numbers = widest(rows, &Row::low, 3) +
                              widest(rows, &Row::high, 3) +
                              widest(rows, &Row::last, 4) + 4 * kGap;
  const std::size_t names = widest(rows, &Row::name, kNameMin);
  const std::size_t free =
      total > numbers + names ? total - numbers - names : 0;
  const std::size_t cells = std::min(
      points,
      std::clamp(free, kBarsMin, std::clamp(total / 3, kBarsMin, kBarsMax)));
  const bool utf8 = view.utf8 && view.style != GraphStyle::kAscii;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].bars = bars_of(resample(*series[i], times, cells),
                           extent_of({series[i]}), utf8);
  }
  const std::size_t others = numbers + cells;
  const std::size_t name_width =
      view.columns == 0 ? SIZE_MAX
                        : std::max(kNameMin, total > others ? total - others
                                                            : std::size_t{0});
  if (!split.common.empty()) {
    const std::string common = printable(split.common.to_string());
    out.write(cli::palette(view.color).dim);
    out.write(view.columns == 0 ? common
                                : cli::fit(common, view.columns, view.utf8));
    out.write(cli::palette(view.color).reset);
    out.write("\n");
  }
  constexpr auto kRight = cli::Table::Align::kRight;
  cli::Table table({{.title = "SERIES"},
                    {.title = cli::fit("GRAPH", cells)},
                    {.title = "MIN", .align = kRight},
                    {.title = "MAX", .align = kRight},
                    {.title = "LAST", .align = kRight}});
  for (const Row& row : rows) {
    table.add({cli::fit(row.name, name_width, view.utf8), row.bars, row.low,
               row.high, row.last});
  }
  table.write(out, 0, view.color);
}

}  // namespace prom::query
