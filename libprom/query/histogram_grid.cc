#include "libprom/query/histogram_grid.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "libprom/base/number.h"

namespace prom::query {
namespace {

// The counts of one time, by the upper bounds of their buckets.
struct Slice {
  std::map<double, double> counts;
  std::map<double, double> lower;  // of each upper bound
};
using Slices = std::map<std::int64_t, Slice>;

void add_bucket(Slice& slice, double lower, double upper, double count) {
  if (!(count > 0)) return;  // also a classic one that was reset
  slice.counts[upper] += count;
  const auto [at, is_new] = slice.lower.try_emplace(upper, lower);
  if (!is_new) at->second = std::min(at->second, lower);
}

void add_native(const Series& series, Slices& slices) {
  for (const HistogramPoint& point : series.histograms) {
    for (const HistogramBucket& bucket : point.histogram->buckets())
      add_bucket(slices[point.t_ms], bucket.lower, bucket.upper, bucket.count);
  }
}

// What is left of its labels says which histogram a series of buckets is of.
using Classic = std::map<Labels, std::map<double, const Series*>>;

std::optional<double> bound_of(const Series& series) {
  const std::string_view le = series.labels.get("le");
  if (le.empty() || series.floats.empty()) return std::nullopt;
  const auto bound = parse_float(le);
  if (!bound || std::isnan(*bound)) return std::nullopt;
  return bound;
}

void add_classic(const Classic& histograms, Slices& slices) {
  for (const auto& [labels, buckets] : histograms) {
    // Each bucket counts everything below it as well.
    std::map<std::int64_t, double> below;
    double lower = -std::numeric_limits<double>::infinity();
    if (buckets.begin()->first > 0) lower = 0;
    for (const auto& [upper, series] : buckets) {
      for (const FloatPoint& point : series->floats) {
        double& before = below[point.t_ms];
        add_bucket(slices[point.t_ms], lower, upper, point.value - before);
        before = std::max(before, point.value);
      }
      lower = upper;
    }
  }
}

// Rows from all bounds that occur; at most `rows_max` of them, each of the
// same number of buckets.
std::vector<HistogramGrid::Row> rows_of(const Slices& slices,
                                        std::size_t rows_max) {
  std::map<double, double> lower_of;
  for (const auto& [t_ms, slice] : slices) {
    for (const auto& [upper, lower] : slice.lower) {
      const auto [at, is_new] = lower_of.try_emplace(upper, lower);
      if (!is_new) at->second = std::min(at->second, lower);
    }
  }
  const std::size_t joined = (lower_of.size() + rows_max - 1) / rows_max;
  std::vector<HistogramGrid::Row> rows;
  std::size_t in_row = 0;
  for (const auto& [upper, lower] : lower_of) {
    if (in_row == 0) rows.push_back({lower, upper});
    rows.back().upper = upper;
    in_row = in_row + 1 == joined ? 0 : in_row + 1;
  }
  return rows;
}

void fill(HistogramGrid& grid, const Slices& slices) {
  const double span_ms =
      std::max(1.0, static_cast<double>(grid.last_ms - grid.first_ms));
  std::vector<double> times(grid.columns);
  for (const auto& [t_ms, slice] : slices) {
    const double along = static_cast<double>(t_ms - grid.first_ms) / span_ms;
    const auto column = std::min(
        grid.columns - 1,
        static_cast<std::size_t>(along * static_cast<double>(grid.columns)));
    ++times[column];
    for (const auto& [upper, count] : slice.counts) {
      const auto row = std::ranges::lower_bound(grid.rows, upper, {},
                                                &HistogramGrid::Row::upper);
      const auto index = static_cast<std::size_t>(row - grid.rows.begin());
      grid.cells[index * grid.columns + column] += count;
    }
  }
  for (std::size_t i = 0; i < grid.cells.size(); ++i) {
    if (times[i % grid.columns] > 0) grid.cells[i] /= times[i % grid.columns];
    if (std::isfinite(grid.cells[i]))
      grid.greatest = std::max(grid.greatest, grid.cells[i]);
  }
}

}  // namespace

HistogramGrid make_histogram_grid(const std::vector<Series>& series,
                                  std::size_t rows_max,
                                  std::size_t columns_max) {
  Slices slices;
  Classic classic;
  for (const Series& one : series) {
    add_native(one, slices);
    if (const auto bound = bound_of(one)) {
      LabelsBuilder rest(one.labels);
      classic[rest.remove("le").build()][*bound] = &one;
    }
  }
  add_classic(classic, slices);
  HistogramGrid grid;
  if (slices.empty()) return grid;
  grid.rows = rows_of(slices, rows_max);
  grid.columns = std::min(columns_max, slices.size());
  grid.first_ms = slices.begin()->first;
  grid.last_ms = slices.rbegin()->first;
  grid.cells.resize(grid.rows.size() * grid.columns);
  fill(grid, slices);
  return grid;
}

}  // namespace prom::query
