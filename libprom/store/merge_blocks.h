// One block out of several, without what was deleted or is too old.  Used by
// store/compact.h.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/block/block.h"
#include "libprom/os/clock.h"
#include "libprom/os/file.h"
#include "libprom/store/manifest.h"
#include "libprom/store/retention.h"

namespace prom::store {

struct MergeInput {
  std::shared_ptr<const block::Block> block;
  std::vector<const Deletion*> deletions = {};
  std::vector<Stays> stays = {};  // by series; empty: all of it
};

// Nothing when no sample is left.  On failure nothing is left behind, and
// `damaged` names the input that is to blame, if one is.
struct MergeFailure {
  Error error;
  std::optional<block::Ulid> damaged;
};
std::expected<std::optional<block::BlockInfo>, MergeFailure> merge_blocks(
    os::FileSystem& files, os::Clock& clock, const std::string& store,
    std::span<const MergeInput> inputs, std::uint32_t level);

}  // namespace prom::store
