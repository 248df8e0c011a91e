// Statistics of a series' floats: made by the writer, put together when blocks
// are merged, read by queries over whole blocks.
#pragma once

#include <span>

#include "libprom/base/result.h"
#include "libprom/block/block.h"
#include "libprom/block/checked_file.h"
#include "libprom/block/format.h"

namespace prom::block {

SeriesStatistics statistics_of(std::span<const double> values);

// Of the values of `first` and then those of `second`.
SeriesStatistics combine(const SeriesStatistics& first,
                         const SeriesStatistics& second);

StatisticsEntry pack(const SeriesStatistics& statistics);

// As Block::statistics.
Result<SeriesStatistics> read_statistics(const CheckedFile& file,
                                         Ordinal series);

}  // namespace prom::block
