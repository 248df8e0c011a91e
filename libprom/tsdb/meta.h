// meta.json: what a block holds and where it came from.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"

namespace prom::tsdb {

// Inclusive at both ends; empty when min_ms > max_ms.
struct TimeRange {
  std::int64_t min_ms = 0;
  std::int64_t max_ms = 0;

  [[nodiscard]] bool overlaps(const TimeRange& other) const {
    return min_ms <= other.max_ms && other.min_ms <= max_ms;
  }
  bool operator==(const TimeRange&) const = default;
};

struct BlockMeta {
  std::string ulid;
  // As written: the end is exclusive.
  std::int64_t min_time_ms = 0;
  std::int64_t max_time_ms = 0;
  std::uint64_t samples = 0;
  std::uint64_t float_samples = 0;
  std::uint64_t histogram_samples = 0;
  std::uint64_t series = 0;
  std::uint64_t chunks = 0;
  std::uint64_t tombstones = 0;
  std::int64_t level = 1;
  std::vector<std::string> sources;
  std::vector<std::string> hints;  // from-out-of-order, …

  // Inclusive.
  [[nodiscard]] TimeRange range() const {
    return {min_time_ms, max_time_ms - 1};
  }
  // Its samples were all the head had up to max_time_ms: not the case where a
  // hint says that only some series or late samples were taken.
  [[nodiscard]] bool is_from_whole_head() const { return hints.empty(); }
};

// kBadData when it is no such JSON, kConfig for a version other than 1.
Result<BlockMeta> parse_meta(std::string_view json);
std::string write_meta(const BlockMeta& meta);

}  // namespace prom::tsdb
