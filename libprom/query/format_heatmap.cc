// Histograms over time: a row a range of values, shaded by how many
// observations it has.
#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "libprom/cli/table.h"
#include "libprom/query/chart.h"
#include "libprom/query/format_internal.h"
#include "libprom/query/histogram_grid.h"

namespace prom::query {
namespace {

constexpr std::size_t kRowsMax = 24;
constexpr std::size_t kRowsMin = 4;
constexpr std::size_t kColumnsMin = 10;
constexpr std::size_t kFrameRows = 4;  // time axis, scale, prompt

constexpr std::array<std::string_view, 4> kShades = {"░", "▒", "▓", "█"};
constexpr std::array<std::string_view, 9> kAsciiShades = {
    ".", ":", "-", "=", "+", "*", "#", "%", "@"};
// From dark blue to yellow, of the 256 colours of terminals.
constexpr std::array<int, 12> kHeat = {17, 18, 25,  31,  37,  36,
                                       35, 71, 107, 143, 185, 227};

// Small counts are told apart better by the square root.
std::size_t level_of(double count, double greatest, std::size_t levels) {
  const double share = std::sqrt(std::min(1.0, count / greatest));
  const auto level =
      static_cast<std::size_t>(share * static_cast<double>(levels));
  return std::min(level, levels - 1);
}

class Shader {
 public:
  Shader(const View& view, double greatest)
      : color_(view.color),
        utf8_(view.utf8 && view.style != GraphStyle::kAscii),
        greatest_(greatest) {}

  [[nodiscard]] std::size_t levels() const {
    if (color_) return kHeat.size();
    return utf8_ ? kShades.size() : kAsciiShades.size();
  }

  void append_level(std::string& out, std::size_t level) const {
    if (color_) {
      out += "\x1b[48;5;" + std::to_string(kHeat[level]) + "m ";
    } else {
      out += utf8_ ? kShades[level] : kAsciiShades[level];
    }
  }

  void append(std::string& out, double count) const {
    if (!(count > 0)) {
      out += color_ ? "\x1b[0m " : " ";
    } else {
      append_level(out, level_of(count, greatest_, levels()));
    }
  }

  [[nodiscard]] std::string_view end() const { return color_ ? "\x1b[0m" : ""; }

 private:
  const bool color_;
  const bool utf8_;
  const double greatest_;
};

void write_scale(const Shader& shader, const HistogramGrid& grid,
                 std::size_t indent, os::Output& out) {
  std::string line(indent, ' ');
  line += "0 ";
  for (std::size_t level = 0; level < shader.levels(); ++level)
    shader.append_level(line, level);
  line += shader.end();
  out.write(line + " " + axis_label(grid.greatest) + "\n");
}

void write_times(const HistogramGrid& grid, std::size_t indent,
                 os::Output& out) {
  const std::int64_t span_ms = grid.last_ms - grid.first_ms;
  const std::string first = clock_label(grid.first_ms, span_ms);
  const std::string last = clock_label(grid.last_ms, span_ms) + " UTC";
  std::string line(indent, ' ');
  line += first;
  const std::size_t end = indent + grid.columns;
  line += std::string(
      std::max<std::size_t>(
          end > line.size() + last.size() ? end - line.size() - last.size() : 1,
          1),
      ' ');
  out.write(line + last + "\n");
}

}  // namespace

void write_heatmap(const QueryResult& result, const View& view,
                   os::Output& out) {
  const std::size_t width = view.columns == 0 ? 80 : view.columns;
  constexpr std::size_t kLabelMax = 8;  // of axis_label, and the axis itself
  const std::size_t columns =
      std::max(kColumnsMin, width > kLabelMax + 1 ? width - kLabelMax - 1 : 0);
  const std::size_t rows = std::clamp(
      view.rows > kFrameRows ? view.rows - kFrameRows : 0, kRowsMin, kRowsMax);
  const HistogramGrid grid = make_histogram_grid(result.series, rows, columns);
  if (grid.empty() || !(grid.greatest > 0)) {
    write_table(result, view, out);
    return;
  }
  const Shader shader(view, grid.greatest);
  std::size_t label_width = 0;
  for (const HistogramGrid::Row& row : grid.rows)
    label_width = std::max(label_width, axis_label(row.upper).size());
  for (std::size_t row = grid.rows.size(); row-- > 0;) {
    const std::string label = axis_label(grid.rows[row].upper);
    std::string line(label_width - label.size(), ' ');
    line += label + (view.utf8 ? " ┤" : " |");
    for (std::size_t column = 0; column < grid.columns; ++column)
      shader.append(line, grid.at(row, column));
    line += shader.end();
    out.write(line + "\n");
  }
  write_times(grid, label_width + 2, out);
  write_scale(shader, grid, label_width + 2, out);
}

}  // namespace prom::query
