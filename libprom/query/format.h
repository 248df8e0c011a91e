// Results for people, for pipes and for files: one function a format, and the
// table of them that `-o` chooses from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "libprom/os/output.h"
#include "libprom/query/engine.h"

namespace prom::query {

// What lines are drawn with; kAuto is braille where UTF-8 is shown.
enum class GraphStyle : std::uint8_t { kAuto, kBraille, kBlocks, kAscii };

// How a result is shown.
struct View {
  std::size_t columns = 80;  // of the terminal; 0: unlimited
  std::size_t rows = 24;
  bool color = false;
  bool utf8 = true;         // braille and box drawing may be used
  bool keep_order = false;  // the order means something: sort(), topk()
  GraphStyle style = GraphStyle::kAuto;
  std::string title = {};  // the expression, for pages
  // Of series without a name, where a format needs one.
  std::string metric_name = "query_result";
};

struct OutputFormat {
  std::string_view name;
  std::string_view summary;  // for help and completions
  void (*write)(const QueryResult&, const View&, os::Output&);
  // Bytes of labels come out as they are: not for a terminal as it is.
  bool is_raw = false;
};
// In the order in which help lists them.
std::span<const OutputFormat> formats();
const OutputFormat* find_format(std::string_view name);

// -- For people

// A column for each label whose value differs, the common ones above.
void write_table(const QueryResult& result, const View& view, os::Output& out);
// Nothing folded or cut: every label a column; of a range, a row a time and a
// column a series.
void write_wide(const QueryResult& result, const View& view, os::Output& out);
// Lines over time, with axes and a legend.  What has no floats over time is
// written as a table.
void write_graph(const QueryResult& result, const View& view, os::Output& out);
// A line of small bars a series, with its least, greatest and last value.
void write_sparkline(const QueryResult& result, const View& view,
                     os::Output& out);
// Histograms over time, native ones or series with le; a table without any.
void write_heatmap(const QueryResult& result, const View& view,
                   os::Output& out);

// -- For pipes

// One line a sample: series, value and, for ranges, milliseconds, separated
// by blanks: what grep and awk expect, and what our tools read.
void write_plain(const QueryResult& result, const View& view, os::Output& out);
// As promtool prints a result: `up{job="a"} => 1 @[1.5]`.
void write_promql(const QueryResult& result, const View& view, os::Output& out);
// An object of the HTTP API a line, one for each series.
void write_jsonl(const QueryResult& result, const View& view, os::Output& out);
// RFC 4180.  Instant: labels…, value, timestamp.  Range: the same, a row a
// sample.
void write_csv(const QueryResult& result, const View& view, os::Output& out);
// The same with tabs; tab, newline and backslash come out as \t, \n, \\.
void write_tsv(const QueryResult& result, const View& view, os::Output& out);

// -- Expositions.  Native histograms come out as classic ones, and a string is
// no sample.

void write_text(const QueryResult& result, const View& view, os::Output& out);
void write_openmetrics(const QueryResult& result, const View& view,
                       os::Output& out);
// Text without timestamps and the last sample only: what node_exporter's
// textfile collector takes.
void write_textfile(const QueryResult& result, const View& view,
                    os::Output& out);

// -- Pages, whole and without anything to load

void write_svg(const QueryResult& result, const View& view, os::Output& out);
void write_html(const QueryResult& result, const View& view, os::Output& out);

}  // namespace prom::query
