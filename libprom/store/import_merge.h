// The stretches of an import's runs: how a stretch is written to the spill file
// and how those of one slot are merged.  Part of import_sorter.h.
//
//   stretch: groups, ascending by labels
//   group:   u32 size, then varints: bytes of the labels shared with the group
//            before, length and bytes of the rest, count, flags | samples |
//            extras
//   sample:  varint (zigzag of the delta of deltas of the time) << 2 | escape
//            << 1 | same; with escape the time as i64; without same the value
//   extras:  (flag 1) for each sample a varint: 1 start, 2 histogram; the start
//            as i64; the histogram field by field, lists behind their length
//
// Nobody else reads these bytes, and they live as long as their process.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "libprom/base/bytes.h"
#include "libprom/base/result.h"
#include "libprom/model/histogram.h"
#include "libprom/model/samples.h"
#include "libprom/store/sorted_series.h"
#include "libprom/store/spill_file.h"

namespace prom::store {

constexpr unsigned kGroupHasExtras = 1;
constexpr unsigned kExtraStart = 1;
constexpr unsigned kExtraHistogram = 2;

// What a run has of one slot of the run's width.
struct SpilledStretch {
  std::int64_t index = 0;
  std::int64_t width_ms = 0;
  std::uint64_t offset = 0;  // in the spill file
  std::uint64_t bytes = 0;
};

void append_spilled(std::string& out, const FloatHistogram& histogram);
// REQUIRES: what append_spilled() wrote; else reader.ok() is false.
FloatHistogram read_spilled(ByteReader& reader);

// Samples that came again for a time that their series has already.
struct Duplicates {
  std::uint64_t repeated = 0;  // with the same value
  std::uint64_t refused = 0;   // with another
};

// The series of `stretches`, which are of one slot and in the order of their
// runs.  Borrows all but the stretches; `memory_bytes` for windows into the
// spill file.
std::unique_ptr<SortedSeries> merge_stretches(
    const SpillFile& spill, const std::vector<SpilledStretch>& stretches,
    std::uint64_t memory_bytes, Duplicates& duplicates);

}  // namespace prom::store
