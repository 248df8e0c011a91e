// How long samples are kept: by age, by size, by share of the disk, and by what
// they are.  STORE/retention holds the rules, one a line, beside flags and the
// storage section of prometheus.yml:
//
//   # the first rule that matches counts
//   keep 2y for {job="billing"}
//   keep 30d
//   keep 2y resolution 5m
//   size 500GB
//   share 80%
//
// What no rule names is kept for ever.  Ages are counted from the newest sample
// of the store, or from the clock if that is earlier: a clock that jumps ahead
// removes nothing.
//
// A rule with a resolution keeps statistics of windows so long (model/bins.h)
// when samples go.  What is kept finely is kept coarsely too.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/block/block.h"
#include "libprom/model/bins.h"
#include "libprom/model/matcher.h"
#include "libprom/store/manifest.h"

namespace prom::store {

constexpr std::int64_t kForEver = INT64_MAX;
constexpr std::size_t kRetentionRulesMax = 1000;

// What a series is down to in a block, each less than the one before.
enum class Stays : std::uint8_t { kSamples, kFiveMinutes, kHours, kNothing };
constexpr std::size_t kStagesKept = 3;

struct RetentionRule {
  Matchers matchers;
  std::int64_t keep_ms = kForEver;
  Stays what = Stays::kSamples;
};

struct Retention {
  std::vector<RetentionRule> rules;
  std::int64_t keep_ms = kForEver;  // of what no rule matches
  // The same of statistics, by their place in kResolutionsMs; 0: as long as
  // samples.
  std::array<std::int64_t, kResolutions> bins_keep_ms{};
  std::uint64_t bytes_max = 0;  // of the store; 0: no limit
  double share_max = 0;         // of the disk, percent; 0: no limit

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

// What of each series of a block is to stay, or empty when that is what it has.
Result<std::vector<Stays>> outlived_series(const Retention& retention,
                                           const block::Block& block,
                                           std::int64_t now_ms);

}  // namespace prom::store
