#include "libprom/store/block_plan.h"

#include <algorithm>
#include <map>

namespace prom::store {
namespace {

// Blocks that came late join one of a whole window when they are so many, or
// hold so large a share of it.
constexpr std::size_t kLateBlocksMax = 4;
constexpr std::uint64_t kLateShare = 4;
// So many blocks of an unfinished window are merged without waiting.
constexpr std::size_t kWaitingBlocksMax = 32;

std::uint32_t level_of(const ManifestBlock& block) {
  const auto span = static_cast<std::uint64_t>(block.max_ms) -
                    static_cast<std::uint64_t>(block.min_ms);
  std::uint32_t level = 0;
  while (level + 1 < kWindowsMs.size() &&
         span > static_cast<std::uint64_t>(kWindowsMs[level] + 2 * kSpillMs))
    ++level;
  return std::max(level, std::min<std::uint32_t>(block.level, 2));
}

std::int64_t middle_of(const ManifestBlock& block) {
  return block.min_ms + (block.max_ms - block.min_ms) / 2;
}

std::uint64_t bytes_of(std::span<const ManifestBlock> blocks) {
  std::uint64_t bytes = 0;
  for (const ManifestBlock& block : blocks) bytes += block.bytes;
  return bytes;
}

struct Window {
  std::vector<ManifestBlock> small;  // of lower levels
  std::vector<ManifestBlock> large;  // of this level already
};

bool is_worth_it(const Window& window, bool is_over, bool all) {
  if (window.small.empty()) return false;
  if (all) return window.small.size() + window.large.size() > 1;
  if (window.large.empty())
    return window.small.size() > (is_over ? 1 : kWaitingBlocksMax);
  return is_over &&
         (window.small.size() >= kLateBlocksMax ||
          bytes_of(window.small) * kLateShare >= bytes_of(window.large));
}

}  // namespace

std::int64_t window_of(std::int64_t t_ms, std::int64_t window_ms) {
  const std::int64_t down = t_ms / window_ms;
  return t_ms % window_ms < 0 ? down - 1 : down;
}

std::vector<Piece> plan_pieces(const OccupiedWindows& occupied,
                               std::int64_t min_ms, std::int64_t max_ms) {
  std::vector<Piece> pieces;
  if (occupied.empty()) return pieces;
  const std::int64_t small_ms = kWindowsMs[0];
  const std::int64_t newest = *occupied.rbegin() * small_ms;
  for (auto at = occupied.begin(); at != occupied.end();) {
    Piece piece;
    auto next = std::next(at);
    std::int64_t begin = *at * small_ms;
    std::int64_t end = begin + small_ms;
    // The largest window that is over and is not this small one alone.
    for (std::uint32_t level = 2; level > 0; --level) {
      const std::int64_t length = kWindowsMs[level];
      const std::int64_t window_begin =
          window_of(*at * small_ms, length) * length;
      const std::int64_t window_end = window_begin + length;
      const auto after = occupied.lower_bound(window_end / small_ms);
      if (window_end > newest || after == next) continue;
      begin = window_begin;
      end = window_end;
      next = after;
      piece.level = level;
      break;
    }
    piece.range = {std::max(begin, min_ms), std::min(end - 1, max_ms)};
    pieces.push_back(piece);
    at = next;
  }
  // What only just reaches over a cut joins its neighbour.
  if (pieces.size() > 1 && pieces[0].range.max_ms - min_ms < kSpillMs &&
      pieces[1].range.min_ms == pieces[0].range.max_ms + 1) {
    pieces[1].range.min_ms = min_ms;
    pieces.erase(pieces.begin());
  }
  if (pieces.size() > 1 && max_ms - pieces.back().range.min_ms < kSpillMs &&
      pieces.back().range.min_ms ==
          pieces[pieces.size() - 2].range.max_ms + 1) {
    pieces.pop_back();
    pieces.back().range.max_ms = max_ms;
  }
  return pieces;
}

MergePlan plan_merge(std::span<const ManifestBlock> blocks, bool all) {
  std::int64_t newest_ms = INT64_MIN;
  for (const ManifestBlock& block : blocks)
    newest_ms = std::max(newest_ms, block.max_ms);
  for (std::uint32_t level = 1; level < kWindowsMs.size(); ++level) {
    const std::int64_t length = kWindowsMs[level];
    std::map<std::int64_t, Window> windows;
    for (const ManifestBlock& block : blocks) {
      const std::uint32_t own = level_of(block);
      if (own > level) continue;
      Window& window = windows[window_of(middle_of(block), length)];
      (own == level ? window.large : window.small).push_back(block);
    }
    for (auto& [number, window] : windows) {
      const bool is_over = (number + 1) * length + kSpillMs <= newest_ms;
      if (!is_worth_it(window, is_over, all)) continue;
      MergePlan plan{.blocks = std::move(window.small), .level = level};
      std::ranges::move(window.large, std::back_inserter(plan.blocks));
      std::ranges::sort(plan.blocks, {}, &ManifestBlock::min_ms);
      if (plan.blocks.size() > kMergedBlocksMax)
        plan.blocks.resize(kMergedBlocksMax);
      return plan;
    }
  }
  return {};
}

}  // namespace prom::store
