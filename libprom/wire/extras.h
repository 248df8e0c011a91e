// What a row or a frame of loose samples has beyond floats: start timestamps
// and native histograms, each with the number of its column or item.  Shared by
// writer and reader, and by the store, which keeps starts in the same way;
// prom-wire(5) has the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "libprom/base/bytes.h"
#include "libprom/wire/frame.h"

namespace prom::wire {

struct HistogramRef {
  std::uint32_t column = 0;
  const FloatHistogram* histogram = nullptr;
};

// Starts as runs of columns that share one.
void append_starts(std::string& out, std::int64_t base_ms,
                   std::span<const StartCell> starts);
bool read_starts(ByteReader& in, std::int64_t base_ms, std::size_t columns,
                 std::vector<StartCell>& into);

// Appends nothing when there is nothing.  `base_ms` is the time that starts are
// written relative to.  REQUIRES: both ascending by column.
void append_extras(std::string& out, std::int64_t base_ms,
                   std::span<const StartCell> starts,
                   std::span<const HistogramRef> histograms);

struct Extras {
  std::vector<StartCell> starts;  // 0: none any more
  std::vector<HistogramCell> histograms;
  std::size_t memory_bytes = 0;  // of the histograms, about
};
// Takes the rest of `in`.  False when it is not what append_extras wrote for
// columns with these values, which are the sums of histograms.
bool read_extras(ByteReader& in, std::int64_t base_ms,
                 std::span<const double> values, Extras& into);

// What changed from one row's starts to the next's.
std::vector<StartCell> changed_starts(std::span<const StartCell> before,
                                      std::span<const StartCell> now);
// Applies such changes.
void change_starts(std::vector<StartCell>& starts,
                   std::span<const StartCell> changes);

// The checksum of a row's values goes on over its starts.
std::uint32_t starts_crc(std::span<const StartCell> starts, std::uint32_t crc);

}  // namespace prom::wire
