// Targets as they pass from prom-discover to prom-scrape: one JSON line per
// change of a job, always the whole set of the job.
//
//   {"job":"node","targets":[{"url":"http://a:9100/metrics",
//     "labels":{"instance":"a:9100","job":"node"},
//     "interval_ms":15000,"timeout_ms":10000,"discovered":{…}}],"dropped":3,
//    "dropped_targets":[{…}]}
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/model/labels.h"

namespace prom::config {

struct Target {
  std::string url;         // with path and parameters
  Labels labels;           // after relabelling; names with __ are left out
  Labels discovered = {};  // before relabelling
  // What relabelling may set for one target.  0: the job's setting.
  std::int64_t interval_ms = 0;
  std::int64_t timeout_ms = 0;
  std::string unix_socket = {};  // connect here; "" for the URL's host
  bool scrape_native_histograms = false;
  bool convert_classic_histograms_to_nhcb = false;
  bool always_scrape_classic_histograms = false;

  bool operator==(const Target&) const = default;
};

struct TargetSet {
  std::string job;
  std::vector<Target> targets;  // by labels, then URL; no two the same
  std::uint64_t dropped = 0;    // by relabelling
  // Labels before relabelling of some that were dropped, up to the job's
  // keep_dropped_targets and to kDroppedTargetsMax.
  std::vector<Labels> dropped_targets = {};

  bool operator==(const TargetSet&) const = default;
};

// One line without its end.
std::string to_json(const TargetSet& set);

// Limits on a line from a pipe, which may be anything.
constexpr std::size_t kTargetLineBytesMax = 256UL << 20U;
constexpr std::size_t kTargetsPerJobMax = 1'000'000;
constexpr std::size_t kLabelsPerTargetMax = 1000;
constexpr std::size_t kDroppedTargetsMax = 1000;

// Reads a line; unknown keys are ignored, so that newer writers work.
// kBadData for what is no target set, kLimit.
Result<TargetSet> parse_target_set(std::string_view line);

}  // namespace prom::config
