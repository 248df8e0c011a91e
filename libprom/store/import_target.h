// Where an import goes: new blocks beside what the store has.  A sample that
// the store has already is left out, so importing twice is importing once.
// Nothing of an import is part of the store before publish(), and nothing of it
// is left behind without.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/block/block.h"
#include "libprom/block/writer.h"
#include "libprom/os/clock.h"
#include "libprom/os/file.h"
#include "libprom/os/lock.h"
#include "libprom/store/import_merge.h"
#include "libprom/store/import_sorter.h"
#include "libprom/store/sorted_series.h"
#include "libprom/store/view.h"

namespace prom::store {

// A block of this width and above gets the statistics of its series.
constexpr std::int64_t kStatisticsFromMs = 24 * 3'600'000LL;

struct ImportCounts {
  std::uint64_t samples = 0;  // new ones
  std::uint64_t blocks = 0;
  Duplicates duplicates;  // within the input, and of the store
};

// One thread.
class ImportTarget {
 public:
  // Creates the store when there is none.  kBusy when a compaction or another
  // import is under way; writers of samples do not matter.
  static Result<std::unique_ptr<ImportTarget>> open(const std::string& store,
                                                    os::FileSystem& files,
                                                    os::Clock& clock);
  // Removes the blocks that were not published.
  ~ImportTarget();

  // One block of `series`, whose samples are all in the slot; none when nothing
  // is new.  Exemplars go with new samples of their series in the slot, so they
  // are not doubled either.  `go_on(samples)` is told how many were read so far
  // of this block, and says false to stop: kCancelled.
  using Families = std::map<std::string, FamilyWords, std::less<>>;
  Status add_block(const ImportSlot& slot, SortedSeries& series,
                   const Families& metadata, const ImportExemplars& exemplars,
                   const std::function<bool(std::uint64_t)>& go_on);

  // The blocks become part of the store, all at once.
  Status publish();

  [[nodiscard]] ImportCounts& counts() { return counts_; }

 private:
  ImportTarget(std::string store, os::FileSystem& files, os::Clock& clock,
               os::FileLock lock, std::shared_ptr<const View> view)
      : store_(std::move(store)),
        files_(files),
        clock_(clock),
        lock_(std::move(lock)),
        view_(std::move(view)) {}
  Result<std::unique_ptr<block::Writer>> begin_block(const ImportSlot& slot);

  const std::string store_;
  os::FileSystem& files_;
  os::Clock& clock_;
  const os::FileLock lock_;  // of the store's blocks
  const std::shared_ptr<const View> view_;
  std::vector<block::BlockInfo> made_;
  ImportCounts counts_;
};

}  // namespace prom::store
