// A series of a new block out of what several blocks have of it, decoded: for
// those from which something is deleted, that overlap, or whose samples give
// way to statistics.  Used by store/merge_blocks.h.
//
// What a series has as statistics only comes before all that it has as
// samples, and hours come before five minutes.  So older samples become
// statistics too when a block behind them has them already, and late samples
// of a time of which only statistics are left are dropped.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/block/writer.h"
#include "libprom/model/samples.h"
#include "libprom/store/retention.h"
#include "libprom/store/sample_order.h"

namespace prom::store {

// One thread.
class JoinedSeries {
 public:
  // In the order of the blocks' times.  A bin of which something is deleted
  // goes as a whole.  What fails leaves nothing that can be used.
  Status add(const block::BlockPart& part, std::span<const TimeRange> deleted,
             Stays stays);
  // Once all are added.
  void finish();

  [[nodiscard]] bool empty() const;
  // One series; and its bins, which are before its floats.
  [[nodiscard]] const Samples& samples() const { return samples_; }
  [[nodiscard]] const block::BinsAlone& alone() const { return alone_; }

 private:
  // What one block has.
  struct Input {
    Samples samples;
    block::BinsAlone alone;
    Stays stays = Stays::kSamples;
  };
  void thin_out(Input& input, Stays stays);
  void append(const Input& input, Stays stays);

  std::vector<Input> inputs_;
  Samples samples_;
  block::BinsAlone alone_;
};

}  // namespace prom::store
