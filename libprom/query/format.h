// Results for people and for pipes.  JSON, as the HTTP API answers, is
// json.h's.
#pragma once

#include <cstddef>
#include <string_view>

#include "libprom/os/output.h"
#include "libprom/query/engine.h"

namespace prom::query {

// How a result is shown.
struct View {
  std::size_t columns = 80;  // of the terminal; 0: unlimited
  std::size_t rows = 24;
  bool color = false;
  bool utf8 = true;         // braille and box drawing may be used
  bool keep_order = false;  // the order means something: sort(), topk()
};

// One line a sample: series, value and, for ranges, milliseconds, separated
// by blanks: what grep and awk expect, and what our tools read.
void write_plain(const QueryResult& result, const View& view, os::Output& out);

// A column for each label whose value differs, the common ones above.
void write_table(const QueryResult& result, const View& view, os::Output& out);

// RFC 4180.  Instant: labels…, value, timestamp.  Range: the same, a row a
// sample.
void write_csv(const QueryResult& result, const View& view, os::Output& out);

// Lines over time, with axes and a legend.  What has no floats over time is
// written as a table.
void write_graph(const QueryResult& result, const View& view, os::Output& out);

}  // namespace prom::query
