// A picture of lines over time, as one SVG.  Nothing in it comes from outside:
// no scripts, no fonts, and every text is escaped.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "libprom/base/duration.h"
#include "libprom/base/utf8.h"
#include "libprom/cli/table.h"
#include "libprom/query/chart.h"
#include "libprom/query/markup.h"

namespace prom::query {
namespace {

constexpr double kWidth = 960;
constexpr double kPlotHeight = 320;
constexpr double kLeft = 64;
constexpr double kRight = 16;
constexpr double kTop = 40;
constexpr double kAxisHeight = 28;
constexpr double kLegendLine = 18;
constexpr std::size_t kLegendMax = 20;
constexpr std::size_t kLegendColumns = 120;  // letters of a legend's line

std::string coordinate(double value) {
  std::array<char, 32> text{};
  (void)std::snprintf(text.data(), text.size(), "%.1f", value);
  return text.data();
}

class Picture {
 public:
  Picture(Extent extent, std::vector<const Series*> series)
      : extent_(extent), series_(std::move(series)) {}

  void write(const View& view, os::Output& out) const {
    const std::size_t shown = std::min(series_.size(), kLegendMax);
    const std::size_t lines = shown + (series_.size() > shown ? 1 : 0);
    const double height = kTop + kPlotHeight + kAxisHeight +
                          static_cast<double>(lines) * kLegendLine + 10;
    const std::string size = "width=\"" + coordinate(kWidth) + "\" height=\"" +
                             coordinate(height) + "\"";
    out.write("<svg xmlns=\"http://www.w3.org/2000/svg\" " + size +
              " viewBox=\"0 0 " + coordinate(kWidth) + " " +
              coordinate(height) +
              "\" font-family=\"sans-serif\" "
              "font-size=\"12\">\n");
    out.write("<rect " + size + " fill=\"#fff\"/>\n");
    out.write(text_at(kLeft, 24, "start", "#222",
                      markup_escape(cli::fit(printable(view.title), 110))));
    write_values(out);
    write_times(out);
    for (std::size_t i = series_.size(); i-- > 0;) write_line(i, out);
    write_legend(shown, out);
    out.write("</svg>\n");
  }

 private:
  static std::string text_at(double x, double y, std::string_view anchor,
                             std::string_view color, std::string_view text) {
    std::string element = "<text x=\"" + coordinate(x) + "\" y=\"" +
                          coordinate(y) + "\" text-anchor=\"";
    element.append(anchor).append("\" fill=\"").append(color).append("\">");
    return element.append(text).append("</text>\n");
  }

  [[nodiscard]] double x_of(std::int64_t t_ms) const {
    return kLeft + extent_.along(t_ms) * (kWidth - kLeft - kRight);
  }
  [[nodiscard]] double y_of(double value) const {
    return kTop + (1 - extent_.up(value)) * kPlotHeight;
  }

  void write_values(os::Output& out) const {
    for (const double tick : value_ticks(extent_, 6)) {
      const std::string y = coordinate(y_of(tick));
      out.write("<path d=\"M" + coordinate(kLeft) + " " + y + "H" +
                coordinate(kWidth - kRight) + "\" stroke=\"#ddd\"/>\n");
      out.write(
          text_at(kLeft - 8, y_of(tick) + 4, "end", "#555", axis_label(tick)));
    }
  }

  void write_times(os::Output& out) const {
    const double bottom = kTop + kPlotHeight;
    for (const std::int64_t tick : time_ticks(extent_, 7)) {
      out.write("<path d=\"M" + coordinate(x_of(tick)) + " " +
                coordinate(bottom) + "v5\" stroke=\"#888\"/>\n");
      out.write(text_at(x_of(tick), bottom + 18, "middle", "#555",
                        clock_label(tick, extent_.span_ms())));
    }
    out.write(text_at(
        kWidth - kRight, 24, "end", "#888",
        format_rfc3339(extent_.first_ms / 1000 * 1000).substr(0, 10) + " UTC"));
  }

  void write_line(std::size_t index, os::Output& out) const {
    std::string path;
    const std::int64_t gap_ms = gap_of(series_);
    bool connected = false;
    std::int64_t last_ms = 0;
    for (const FloatPoint& point : series_[index]->floats) {
      if (!std::isfinite(point.value)) {
        connected = false;
        continue;
      }
      const bool joins = connected && point.t_ms - last_ms <= gap_ms;
      path += joins ? 'L' : 'M';
      path +=
          coordinate(x_of(point.t_ms)) + " " + coordinate(y_of(point.value));
      // A point by itself is a line without length, which round ends show.
      if (!joins) path += "h0";
      connected = true;
      last_ms = point.t_ms;
    }
    out.write("<path d=\"" + path + "\" fill=\"none\" stroke=\"" +
              std::string(chart_color(index)) +
              "\" stroke-width=\"1.5\" stroke-linecap=\"round\" "
              "stroke-linejoin=\"round\"/>\n");
  }

  void write_legend(std::size_t shown, os::Output& out) const {
    double y = kTop + kPlotHeight + kAxisHeight + kLegendLine;
    for (std::size_t i = 0; i < shown; ++i, y += kLegendLine) {
      out.write("<rect x=\"" + coordinate(kLeft) + "\" y=\"" +
                coordinate(y - 9) + "\" width=\"16\" height=\"8\" fill=\"" +
                std::string(chart_color(i)) + "\"/>\n");
      const std::string name =
          cli::fit(printable(series_[i]->labels.to_string()), kLegendColumns);
      out.write(text_at(kLeft + 24, y, "start", "#222", markup_escape(name)));
    }
    if (series_.size() > shown) {
      out.write(text_at(
          kLeft + 24, y, "start", "#888",
          "+" + std::to_string(series_.size() - shown) + " more series"));
    }
  }

  const Extent extent_;
  const std::vector<const Series*> series_;
};

}  // namespace

void write_svg(const QueryResult& result, const View& view, os::Output& out) {
  std::vector<const Series*> series = lines_of(result, view);
  Extent extent = extent_of(series);
  // An empty picture has axes too, so that a report shows that there is none.
  if (extent.empty()) {
    extent = {.low = 0,
              .high = 1,
              .first_ms = result.t_ms,
              .last_ms = result.t_ms + 1};
  }
  round_out(extent);
  Picture(extent, std::move(series)).write(view, out);
}

}  // namespace prom::query
