// Writes a block that Prometheus, promtool and Thanos read: index version 2,
// XOR and histogram chunks in segments of at most 512 MiB, meta.json and an
// empty tombstones file.  prom-store export --format=tsdb uses it.
//
// Series come in the order of their labels; samples go to the disk as they
// come.  Memory is bounded by the label pairs of all series (4 bytes each) and
// the distinct strings among them, not by samples.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/model/labels.h"
#include "libprom/model/samples.h"
#include "libprom/os/file.h"
#include "libprom/tsdb/meta.h"

namespace prom::tsdb {

constexpr std::uint64_t kSegmentBytesMax = 512ULL << 20U;

struct BlockWriterOptions {
  std::string ulid;  // 26 characters; the name of the block's directory
  // Of a chunk segment; tests take less.
  std::uint64_t segment_bytes_max = kSegmentBytesMax;
  // Writes start times where samples have them, in encodings that
  // only recent servers read.
  bool start_times = false;
};

// The aligned ranges of `duration_ms` that `span` falls into, cut to it: the
// blocks that a server would make of its samples.  Where that would be more
// than kBlockRangesMax, three become one until they are not.
// REQUIRES: duration_ms > 0.
std::vector<TimeRange> block_ranges(TimeRange span, std::int64_t duration_ms);
constexpr std::int64_t kBlockDurationMs = 2LL * 3'600'000;
constexpr std::size_t kBlockRangesMax = 1000;

// One thread.
class BlockWriter {
 public:
  // The block becomes DIRECTORY/<ULID>; until it is finished it is called
  // <ULID>.tmp-for-creation, which Prometheus removes when it starts.
  static Result<std::unique_ptr<BlockWriter>> create(
      os::FileSystem& files, const std::string& directory,
      const BlockWriterOptions& options);
  // Removes what is not finished.
  ~BlockWriter();

  // REQUIRES: labels not before those of the call before.  The same labels
  // again continue the series, with later samples.  kBadData when labels or
  // samples are out of order or labels are empty; kLimit when the index would
  // exceed what 32 bits address.  After a failure only the destructor is left.
  Status add(const Labels& labels, const SeriesSamples& samples);

  // Syncs the files and names the block.  kBadData when there is no sample;
  // nothing is left behind after a failure.
  Result<BlockMeta> finish();

 private:
  BlockWriter();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace prom::tsdb
