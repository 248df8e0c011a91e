// Samples of one series that came from several places, made one column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "libprom/model/samples.h"

namespace prom::store {

// Orders the samples from `begin` on by time; of equal times the first stays.
void put_in_order(Samples& samples, std::size_t begin);

struct TimeRange {
  std::int64_t min_ms = 0;
  std::int64_t max_ms = 0;  // inclusive
};

// Takes out the samples from `begin` on that lie in one of the ranges.
void drop_ranges(Samples& samples, std::size_t begin,
                 std::span<const TimeRange> ranges);

}  // namespace prom::store
