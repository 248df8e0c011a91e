#include <algorithm>
#include <array>

#include "libprom/query/format.h"
#include "libprom/query/json.h"

namespace prom::query {
namespace {

void write_json_line(const QueryResult& result, const View& /*view*/,
                     os::Output& out) {
  write_json(result, out);
  out.write("\n");
}

constexpr auto kFormats = std::to_array<OutputFormat>({
    {"table", "a column for each label that differs", write_table},
    {"wide", "every label a column; of a range a column a series", write_wide},
    {"plain", "series, value and milliseconds, a line a sample", write_plain},
    {"graph", "lines over time", write_graph},
    {"sparkline", "small bars, a line a series", write_sparkline},
    {"heatmap", "histograms over time", write_heatmap},
    {"json", "what Prometheus' HTTP API answers", write_json_line, true},
    {"jsonl", "the API's objects, a line a series", write_jsonl, true},
    {"csv", "RFC 4180", write_csv, true},
    {"tsv", "the same with tabs", write_tsv, true},
    {"promql", "what promtool prints", write_promql},
    {"text", "exposition text with timestamps", write_text, true},
    {"openmetrics", "OpenMetrics", write_openmetrics, true},
    {"textfile", "for node_exporter's textfile collector", write_textfile,
     true},
    {"svg", "a picture", write_svg, true},
    {"html", "a page with a chart, in one file", write_html, true},
});

}  // namespace

std::span<const OutputFormat> formats() {
  return kFormats;
}

const OutputFormat* find_format(std::string_view name) {
  const auto* const found =
      std::ranges::find(kFormats, name, &OutputFormat::name);
  return found == kFormats.end() ? nullptr : found;
}

}  // namespace prom::query
