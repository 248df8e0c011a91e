// How long samples are kept: by age, by size, by share of the disk, and by what
// they are.  STORE/retention holds the rules, one a line, beside flags and the
// storage section of prometheus.yml:
//
//   # the first rule that matches counts
//   keep 2y for {job="billing"}
//   keep 30d
//   size 500GB
//   share 80%
//
// What no rule names is kept for ever.  Ages are counted from the newest sample
// of the store, or from the clock if that is earlier: a clock that jumps ahead
// removes nothing.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/block/block.h"
#include "libprom/model/matcher.h"
#include "libprom/store/manifest.h"

namespace prom::store {

constexpr std::int64_t kForEver = INT64_MAX;
constexpr std::size_t kRetentionRulesMax = 1000;

struct RetentionRule {
  Matchers matchers;
  std::int64_t keep_ms = kForEver;
};

struct Retention {
  std::vector<RetentionRule> rules;
  std::int64_t keep_ms = kForEver;  // of what no rule matches
  std::uint64_t bytes_max = 0;      // of the store; 0: no limit
  double share_max = 0;             // of the disk, percent; 0: no limit

  [[nodiscard]] std::int64_t longest_ms() const;
  [[nodiscard]] std::int64_t shortest_ms() const;
};

// kBadData with the number of the line.
Result<Retention> parse_retention(std::string_view text);
// No file, no limits.
Result<Retention> load_retention(const std::string& store);

// Blocks that go as a whole: those of which everything is too old, and the
// oldest ones while there is too much.  `head_bytes` count but cannot go.
std::vector<ManifestBlock> outlived_blocks(
    const Retention& retention, std::span<const ManifestBlock> blocks,
    std::uint64_t head_bytes, std::uint64_t disk_bytes, std::int64_t now_ms);

// Which series of a block are too old: one flag each, or empty when none is.
Result<std::vector<bool>> outlived_series(const Retention& retention,
                                          const block::Block& block,
                                          std::int64_t now_ms);

}  // namespace prom::store
