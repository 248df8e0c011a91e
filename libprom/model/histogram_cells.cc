#include "libprom/model/histogram_cells.h"

#include <algorithm>
#include <cstddef>

#include "libprom/base/kahan.h"

namespace prom {

namespace {

void add_to(HistogramCell& cell, double count, bool compensated) {
  if (compensated) {
    kahan_add(count, cell.count, cell.lost);
  } else {
    cell.count += count;
  }
}

// Index in the coarser schema of a bucket of the finer one.
std::int32_t coarser(std::int32_t index, std::int32_t shift) {
  return ((index - 1) >> shift) + 1;
}

}  // namespace

HistogramCells cells_of(const std::vector<BucketSpan>& spans,
                        const std::vector<double>& buckets,
                        const std::vector<double>* lost) {
  HistogramCells cells;
  cells.reserve(buckets.size());
  std::int32_t index = 0;
  for (const BucketSpan& span : spans) {
    index += span.offset;
    for (std::uint32_t i = 0; i < span.length; ++i, ++index) {
      const std::size_t at = cells.size();
      if (at == buckets.size()) return cells;
      cells.push_back({index, buckets[at], lost != nullptr ? (*lost)[at] : 0});
    }
  }
  return cells;
}

void cells_to(const HistogramCells& cells, std::vector<BucketSpan>& spans,
              std::vector<double>& buckets, std::vector<double>* lost) {
  spans.clear();
  buckets.clear();
  if (lost != nullptr) lost->clear();
  std::int32_t next = 0;
  for (const HistogramCell& cell : cells) {
    if (spans.empty() || cell.index != next) {
      spans.push_back({cell.index - next, 0});
    }
    ++spans.back().length;
    next = cell.index + 1;
    buckets.push_back(cell.count);
    if (lost != nullptr) lost->push_back(cell.lost);
  }
}

void reduce_cells(HistogramCells& cells, std::int32_t from, std::int32_t to,
                  bool compensated) {
  const std::int32_t shift = std::min(from - to, 31);
  if (shift <= 0) return;
  std::size_t kept = 0;
  for (const HistogramCell& cell : cells) {
    const std::int32_t index = coarser(cell.index, shift);
    if (kept > 0 && cells[kept - 1].index == index) {
      add_to(cells[kept - 1], cell.count, compensated);
      if (compensated) add_to(cells[kept - 1], cell.lost, true);
    } else {
      cells[kept++] = {index, cell.count, cell.lost};
    }
  }
  cells.resize(kept);
}

void merge_cells(HistogramCells& into, const HistogramCells& from, double sign,
                 bool compensated) {
  HistogramCells merged;
  merged.reserve(into.size() + from.size());
  auto a = into.begin();
  auto b = from.begin();
  while (a != into.end() || b != from.end()) {
    if (b == from.end() || (a != into.end() && a->index < b->index)) {
      merged.push_back(*a++);
    } else if (a == into.end() || b->index < a->index) {
      merged.push_back({b->index, sign * b->count, sign * b->lost});
      ++b;
    } else {
      add_to(*a, sign * b->count, compensated);
      if (b->lost != 0) add_to(*a, sign * b->lost, compensated);
      merged.push_back(*a++);
      ++b;
    }
  }
  into = std::move(merged);
}

std::vector<double> common_bounds(const std::vector<double>& a,
                                  const std::vector<double>& b) {
  std::vector<double> common;
  std::ranges::set_intersection(a, b, std::back_inserter(common));
  return common;
}

void fold_cells(HistogramCells& into, const HistogramCells& cells,
                const std::vector<double>& bounds,
                const std::vector<double>& common, double sign) {
  for (const HistogramCell& cell : cells) {
    std::size_t target = common.size();
    const auto index = static_cast<std::size_t>(cell.index);
    if (index < bounds.size()) {
      const auto at = std::ranges::lower_bound(common, bounds[index]);
      target = static_cast<std::size_t>(at - common.begin());
    }
    HistogramCell& sum = into[target];
    kahan_add(sign * cell.count, sum.count, sum.lost);
    if (cell.lost != 0) kahan_add(sign * cell.lost, sum.count, sum.lost);
  }
}

}  // namespace prom
