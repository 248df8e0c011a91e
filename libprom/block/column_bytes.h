// How much of a block is whose: for prom-store stats.
#pragma once

#include <cstdint>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/block/block.h"

namespace prom::block {

// Bytes of the times and values of each series.  A column that several series
// share, as those of a target do their times, counts for the first of them.
// Series whose columns are damaged have what can be read of them.
std::vector<std::uint64_t> column_bytes(const Block& block);

}  // namespace prom::block
