// One side of a histogram as a list of cells instead of runs: what merging,
// reducing and comparing work on.  Internal to model/histogram*.cc.
#pragma once

#include <cstdint>
#include <vector>

#include "libprom/model/histogram.h"

namespace prom {

// A bucket with its absolute index and, where sums are compensated, what
// rounding lost so far.
struct HistogramCell {
  std::int32_t index = 0;
  double count = 0;
  double lost = 0;
};
using HistogramCells = std::vector<HistogramCell>;

// `lost` is null or parallel to `buckets`.
HistogramCells cells_of(const std::vector<BucketSpan>& spans,
                        const std::vector<double>& buckets,
                        const std::vector<double>* lost);
// The other way round; adjacent cells share a run.
void cells_to(const HistogramCells& cells, std::vector<BucketSpan>& spans,
              std::vector<double>& buckets, std::vector<double>* lost);

// Merges cells that share a bucket of the coarser schema `to`.
void reduce_cells(HistogramCells& cells, std::int32_t from, std::int32_t to,
                  bool compensated);

// Adds `sign` times the counts of `from`, cell by cell.
void merge_cells(HistogramCells& into, const HistogramCells& from, double sign,
                 bool compensated);

// The bounds that both have.
std::vector<double> common_bounds(const std::vector<double>& a,
                                  const std::vector<double>& b);
// Adds custom buckets into the wider ones of `common`, a subset of `bounds`.
// REQUIRES: `into` has a cell per common bound and one for the bucket to +Inf.
void fold_cells(HistogramCells& into, const HistogramCells& cells,
                const std::vector<double>& bounds,
                const std::vector<double>& common, double sign);

}  // namespace prom
