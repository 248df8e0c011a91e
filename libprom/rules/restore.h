// Restores since when alerts are active from ALERTS_FOR_STATE in the store:
// for what no state file knows, for instance because the rules ran on another
// host before.
#pragma once

#include <cstdint>

#include "libprom/base/result.h"
#include "libprom/query/source.h"
#include "libprom/rules/group_runner.h"

namespace prom::rules {

struct RestoreOptions {
  // Older traces do not count.
  std::int64_t outage_tolerance_ms = 60 * 60'000LL;
  // Rules with a shorter `for` start anew; others have at least so long to go.
  std::int64_t for_grace_ms = 10 * 60'000LL;
};

// Moves the alerts of the rules that are not restored yet, then marks those
// rules as restored, whether that worked or not: trying again would not help.
// Call it after the group was evaluated twice.
Status restore(GroupRunner& group, const query::Source& source,
               std::int64_t now_ms, const RestoreOptions& options);

}  // namespace prom::rules
