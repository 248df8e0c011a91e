// What Block and Writer::merge share.
#pragma once

#include <array>
#include <memory>

#include "libprom/block/block.h"
#include "libprom/block/checked_file.h"
#include "libprom/block/label_index.h"
#include "libprom/block/sample_part.h"
#include "libprom/model/bins.h"

namespace prom::block {

struct Block::State {
  std::unique_ptr<CheckedFile> file;
  BlockInfo info;
  LabelIndex labels;
  SampleParts floats;
  SampleParts histograms;
  std::array<SampleParts, kResolutions> bins;
};

// Block::read without looking for lost pages; on failure `into` is longer than
// before.
Status read_samples(const Block::State& block, Ordinal series,
                    std::int64_t min_ms, std::int64_t max_ms, Samples& into);

// A part of a series, cut to a range of time: values [first, first + count) of
// its own.
struct Cut {
  SamplePart part;
  chunk::TimeColumn times;
  std::size_t first = 0;
  std::size_t count = 0;
};
Result<Cut> cut_part(const SampleParts& parts, Ordinal series,
                     std::int64_t min_ms, std::int64_t max_ms);
Result<Cut> cut_part(const OpenPart& open, std::int64_t min_ms,
                     std::int64_t max_ms);
Status read_times(const Cut& range, std::int64_t* into);
Status read_values(const SampleParts& parts, const Cut& range, double* into);

// Blocks::read_points, read_bins and bins in the same way.
Status read_points(const Block::State& block, Ordinal series,
                   std::int64_t min_ms, std::int64_t max_ms, Resolution use,
                   Samples& into, std::int64_t& coarsest_ms);
Result<bool> read_bins(const Block::State& block, Ordinal series,
                       const BinRequest& request, Bins& into);
Result<Block::BinSet> read_all_bins(const Block::State& block, Ordinal series,
                                    std::size_t resolution);
Result<bool> has_bins_alone(const Block::State& block, Ordinal series);

}  // namespace prom::block
