// Samples of one series that came from several places, made one column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "libprom/block/block.h"
#include "libprom/model/samples.h"

namespace prom::store {

// Orders the samples from `begin` on by time; of equal times the first stays.
void put_in_order(Samples& samples, std::size_t begin);

// The same for exemplars, of which equal ones are one.
void put_in_order(std::vector<block::Exemplar>& exemplars);

struct TimeRange {
  std::int64_t min_ms = 0;
  std::int64_t max_ms = 0;  // inclusive
};

// Takes out the samples from `begin` on that lie in one of the ranges.
void drop_ranges(Samples& samples, std::size_t begin,
                 std::span<const TimeRange> ranges);

}  // namespace prom::store
