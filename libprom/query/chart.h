// What graphs on a terminal and pictures have in common: which values and times
// are shown, and how an axis names them.  Internal to query/.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "libprom/query/engine.h"
#include "libprom/query/format.h"

namespace prom::query {

struct Extent {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  std::int64_t first_ms = std::numeric_limits<std::int64_t>::max();
  std::int64_t last_ms = std::numeric_limits<std::int64_t>::min();

  [[nodiscard]] bool empty() const { return low > high; }
  [[nodiscard]] std::int64_t span_ms() const { return last_ms - first_ms; }
  // Where a value and a time are within the extent, 0 to 1.
  [[nodiscard]] double up(double value) const;
  [[nodiscard]] double along(std::int64_t t_ms) const;
};

// Of all finite values and all times.
Extent extent_of(const std::vector<const Series*>& series);

// Widens the values to round numbers, a flat line to a band around it, and
// down to zero when zero is near.
void round_out(Extent& extent);

// The series that are lines: those with floats, in the order in which they are
// shown.
std::vector<const Series*> lines_of(const QueryResult& result,
                                    const View& view);

// The longest distance over which two points are joined: the step of the query,
// which is the shortest there is, and a half.
std::int64_t gap_of(const std::vector<const Series*>& series);

// At most four significant digits and a magnitude: 1.5M, 20k, 0.25.
std::string axis_label(double value);

// "15:04:05", with the day where the chart spans one or more.
std::string clock_label(std::int64_t t_ms, std::int64_t span_ms);

// Three to `count_max` round values within the extent, ascending.
std::vector<double> value_ticks(const Extent& extent, std::size_t count_max);
// Times on round minutes, hours or days, ascending.
std::vector<std::int64_t> time_ticks(const Extent& extent,
                                     std::size_t count_max);

}  // namespace prom::query
