// What Block and Writer::merge share.
#pragma once

#include <memory>

#include "libprom/block/block.h"
#include "libprom/block/checked_file.h"
#include "libprom/block/label_index.h"
#include "libprom/block/sample_part.h"

namespace prom::block {

struct Block::State {
  std::unique_ptr<CheckedFile> file;
  BlockInfo info;
  LabelIndex labels;
  SampleParts floats;
  SampleParts histograms;
};

// Block::read without looking for lost pages; on failure `into` is longer than
// before.
Status read_samples(const Block::State& block, Ordinal series,
                    std::int64_t min_ms, std::int64_t max_ms, Samples& into);

}  // namespace prom::block
