// Histograms over time as a grid: a row for each range of values, a column for
// each span of time.  Native histograms and classic ones (series with le) are
// taken; several of them are added up.  Internal to query/.
#pragma once

#include <cstdint>
#include <vector>

#include "libprom/query/engine.h"

namespace prom::query {

struct HistogramGrid {
  struct Row {
    double lower = 0;
    double upper = 0;
  };
  std::vector<Row> rows;  // ascending
  std::size_t columns = 0;
  // The mean of the counts of a column's times; row after row.
  std::vector<double> cells;
  double greatest = 0;  // of the cells
  std::int64_t first_ms = 0;
  std::int64_t last_ms = 0;

  [[nodiscard]] bool empty() const { return rows.empty(); }
  [[nodiscard]] double at(std::size_t row, std::size_t column) const {
    return cells[row * columns + column];
  }
};

// Neighbouring rows are joined until there are at most `rows_max`.  Empty when
// there are no histograms.  REQUIRES: both limits positive.
HistogramGrid make_histogram_grid(const std::vector<Series>& series,
                                  std::size_t rows_max,
                                  std::size_t columns_max);

}  // namespace prom::query
