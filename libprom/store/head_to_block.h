// Turns closed generations of the head into blocks.  Memory is bounded: series
// are read in slices.  Used by store/compact.h.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/block/block.h"
#include "libprom/block/ulid.h"
#include "libprom/os/clock.h"
#include "libprom/os/file.h"
#include "libprom/store/view.h"

namespace prom::store {

block::Ulid new_block_id(os::Clock& clock);

// Blocks of all samples of `heads`, cut by time.  None when there are no
// samples.  On failure nothing is left behind.
Result<std::vector<block::BlockInfo>> heads_to_blocks(os::FileSystem& files,
                                                      os::Clock& clock,
                                                      const std::string& store,
                                                      const View& heads);

}  // namespace prom::store
