// Compaction: closed generations of the head become blocks, small blocks become
// large ones, and what is deleted or too old goes.  A process of its own, which
// may be killed at any instruction: blocks are made beside the store, one new
// manifest puts them in, and only then the old files are removed.  What a dead
// one leaves is removed by the next.
//
// prom-store compact, retain and clean are its faces; prom-store append starts
// it.  STORE/compact.lock makes it one at a time, and excludes imports.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/os/clock.h"
#include "libprom/os/file.h"
#include "libprom/store/retention.h"

namespace prom::store {

struct CompactOptions {
  std::string store = {};
  bool heads = true;   // closed generations
  bool merge = true;   // blocks
  bool all = false;    // also windows that are not over
  bool clean = false;  // rewrite what deletions concern
  Retention retention = {};
};

struct CompactReport {
  std::uint64_t generations = 0;
  std::uint64_t blocks_made = 0;
  std::uint64_t blocks_merged = 0;  // into those, by merges
  std::uint64_t blocks_outlived = 0;
  std::uint64_t samples_written = 0;
  // Blocks and generations that stay as they are, and why.
  std::vector<std::string> damage;
};

// kBusy when another compaction or an import is under way.
Result<CompactReport> compact(os::FileSystem& files, os::Clock& clock,
                              const CompactOptions& options);

}  // namespace prom::store
