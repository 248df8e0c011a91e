// Writes a block from front to back with bounded memory: series in the order
// of their labels.  The file gets its name once it is whole and on the disk; a
// writer that dies leaves at most a file that begins with ".tmp-", which
// remove_leftovers() takes away.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/block/block.h"
#include "libprom/model/bins.h"
#include "libprom/model/labels.h"
#include "libprom/model/samples.h"
#include "libprom/os/file.h"

namespace prom::block {

struct WriterOptions {
  Ulid id{};
  std::uint32_t level = 0;
  std::vector<Ulid> parents{};
  // Bins beside the samples of series that have enough of them; for blocks of
  // a day and more.
  bool statistics = false;
  bool durable = true;
};

// The samples of a series in one block, for a merge: frames are copied where
// the blocks agree on how they are packed.
struct BlockPart {
  const Block* block = nullptr;
  Ordinal series = 0;
};

// Bins of which there are no samples, by their place in kResolutionsMs.
using BinsAlone = std::array<Bins, kResolutions>;

// One thread.
class Writer {
 public:
  // The file becomes DIRECTORY/<ULID>.
  static Result<std::unique_ptr<Writer>> create(os::FileSystem& files,
                                                const std::string& directory,
                                                const WriterOptions& options);
  // Removes the unfinished file.
  ~Writer();

  // REQUIRES: labels after those of the series before; at least one sample or
  // bin.  Bins are before all floats of the samples, and have all columns;
  // what finer ones say, coarser ones say too.
  Status add(const Labels& labels, const SeriesSamples& samples,
             const BinsAlone* alone = nullptr);
  // The same from blocks, whose samples of this series follow one another in
  // time (else kBadData).  REQUIRES: the blocks outlive the writer, and no
  // series has bins alone.  Samples
  // that `drop` covers are left out (deletion); a series of which nothing is
  // left is not written.
  struct TimeRange {
    std::int64_t min_ms = 0;
    std::int64_t max_ms = 0;  // inclusive
  };
  Status merge(const Labels& labels, std::span<const BlockPart> parts,
               std::span<const TimeRange> drop);

  // Of the series added last; at most once for each, and nothing when a merge
  // left no series.
  void add_exemplars(std::span<const Exemplar> exemplars);
  // The last word on a family wins.
  void add_metadata(const FamilyMetadata& metadata);

  // Syncs and names the file.  kBadData when there is no series; then, and
  // after any other failure, nothing is left behind.
  Result<BlockInfo> finish();

 private:
  Writer();
  struct State;
  std::unique_ptr<State> state_;
};

// Unfinished files of writers that died.  REQUIRES: nobody writes a block into
// `directory` now.
Status remove_leftovers(os::FileSystem& files, const std::string& directory);

}  // namespace prom::block
