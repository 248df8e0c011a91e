// Which blocks are to be made: of a closed head by time, and of blocks by
// merging.  Windows of 2 hours, 1 day and 10 days are aligned to multiples of
// their length since 1970, so that any two stores cut alike and a block is
// rewritten two or three times in its life.  Pure functions, for
// store/compact.h.
#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <span>
#include <vector>

#include "libprom/base/duration.h"
#include "libprom/store/manifest.h"
#include "libprom/store/sample_order.h"

namespace prom::store {

// By level: of blocks that come from the head, and of merged ones.
constexpr std::array<std::int64_t, 3> kWindowsMs = {2 * kHourMs, kDayMs,
                                                    10 * kDayMs};
// Samples that spill so far over a cut stay with their neighbours: a block may
// overlap the next one a little, rather than there being a tiny one.
constexpr std::int64_t kSpillMs = 10 * kMinuteMs;
constexpr std::size_t kMergedBlocksMax = 64;

// The window of this length that `t_ms` is in.
std::int64_t window_of(std::int64_t t_ms, std::int64_t window_ms);

// Where there are samples, as numbers of 2-hour windows.
using OccupiedWindows = std::set<std::int64_t>;

struct Piece {
  TimeRange range;
  std::uint32_t level = 0;
};
// Cuts [min_ms, max_ms] into blocks, ascending; every occupied window is in one
// of them.  A backfill gets blocks of a day or ten days at once.
std::vector<Piece> plan_pieces(const OccupiedWindows& occupied,
                               std::int64_t min_ms, std::int64_t max_ms);

struct MergePlan {
  std::vector<ManifestBlock> blocks;  // ascending by time; none: nothing to do
  std::uint32_t level = 0;
};
// The next merge that is worth it, small windows first.  With `all` also of
// windows that are not over yet.
MergePlan plan_merge(std::span<const ManifestBlock> blocks, bool all);

}  // namespace prom::store
