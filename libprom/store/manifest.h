// STORE/manifest: which blocks make up the store, where the head begins, and
// what has been deleted.  Readers read it as a whole; whoever changes it holds
// STORE/manifest.lock and replaces it in one step.  The format is specified in
// prom-manifest(5).
//
// A block file that the manifest does not name is not part of the store: it is
// being made, or was left by somebody who died, or was replaced.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/block/block.h"
#include "libprom/block/ulid.h"
#include "libprom/model/matcher.h"
#include "libprom/os/file.h"
#include "libprom/os/lock.h"
#include "libprom/store/format.h"

namespace prom::store {

constexpr std::uint64_t kManifestBytesMax = 64ULL << 20U;
constexpr std::size_t kBlocksMax = 100'000;
constexpr std::size_t kDeletionsMax = 10'000;

struct ManifestBlock {
  block::Ulid id;
  std::uint32_t level = 0;
  std::int64_t min_ms = 0;  // of the first and the last sample
  std::int64_t max_ms = 0;
  std::uint64_t series = 0;
  std::uint64_t samples = 0;
  std::uint64_t bytes = 0;
  // Deletions up to this number are not in it, or are none of its business.
  std::uint64_t deleted = 0;

  bool operator==(const ManifestBlock&) const = default;
};

// Samples that are no longer to be seen: in all blocks whose `deleted` is below
// the number, and in generations before the given one.
struct Deletion {
  std::uint64_t number = 0;
  std::uint64_t before_generation = 0;
  std::int64_t min_ms = 0;  // inclusive at both ends
  std::int64_t max_ms = 0;
  Matchers matchers;
};

struct Manifest {
  std::uint64_t version = 0;  // counts changes
  // Generations of the head before it are in blocks.
  std::uint64_t first_generation = kFirstGeneration;
  std::uint64_t last_deletion = 0;
  std::vector<ManifestBlock> blocks;  // ascending by min_ms, id
  std::vector<Deletion> deletions;    // ascending by number
};

std::string manifest_path(const std::string& store);
std::string blocks_path(const std::string& store);
std::string block_path(const std::string& store, const block::Ulid& id);

std::string format_manifest(const Manifest& manifest);
// kCorrupt when a line or the checksum is wrong, kConfig for a version that
// this program does not know.
Result<Manifest> parse_manifest(std::string_view text);

// An empty one when the store has none yet.
Result<Manifest> load_manifest(const std::string& store);

// What the blocks themselves tell, for a manifest that is lost or damaged:
// every block that no other one replaces.  Deletions are lost with it.
Result<Manifest> rebuild_manifest(const std::string& store);

// The entry of a finished block; `deleted`: see above.
ManifestBlock manifest_entry(const block::BlockInfo& info,
                             std::uint64_t deleted);

// The right to change the manifest.  Held for moments only: who makes blocks
// makes them first, under STORE/compact.lock.
class ManifestEditor {
 public:
  // Waits up to ten seconds for another editor, then kBusy.  A damaged manifest
  // is kCorrupt: `prom-store verify --repair` writes a new one.
  static Result<ManifestEditor> open(os::FileSystem& files,
                                     const std::string& store);

  Manifest manifest;  // to be changed

  // On failure the old one stays.
  Status publish();

 private:
  friend Status repair_manifest(os::FileSystem& files,
                                const std::string& store);
  ManifestEditor(os::FileSystem& files, std::string store, os::FileLock lock)
      : files_(&files), store_(std::move(store)), lock_(std::move(lock)) {}
  os::FileSystem* files_;
  std::string store_;
  os::FileLock lock_;
};

// Writes what rebuild_manifest() finds.
Status repair_manifest(os::FileSystem& files, const std::string& store);

// Adds finished blocks of STORE/blocks to the store; for import and restore.
// REQUIRES: the caller holds STORE/compact.lock since before the blocks were
// made.
Status publish_blocks(os::FileSystem& files, const std::string& store,
                      std::span<const block::BlockInfo> blocks);

// After blocks could not be published, or were and that could not be synced:
// removes those that the manifest does not name.  While it cannot be read, all
// stay.
void remove_unnamed(os::FileSystem& files, const std::string& store,
                    std::span<const block::BlockInfo> blocks);

// kBusy when a compaction or an import is under way.  STORE/blocks and the
// manifest are there then, and are what a power loss leaves.
Result<os::FileLock> lock_blocks(os::FileSystem& files,
                                 const std::string& store);

}  // namespace prom::store
