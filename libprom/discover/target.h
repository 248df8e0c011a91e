// From what a source found to what can be scraped: labels before relabelling,
// relabelling, the URL.  Pure functions, exact to upstream's scrape/target.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/config/discovery.h"
#include "libprom/config/prometheus.h"
#include "libprom/config/targets.h"
#include "libprom/model/labels.h"

namespace prom::discover {

// The target's own labels, the group's where it has none, and the defaults
// that the job's settings make: job, __scheme__, __param_x ….
Labels discovered_labels(const config::ScrapeConfig& job, const Labels& target,
                         const Labels& group);

// What remains of relabelling becomes a target.  Fails with kBadData when no
// URL can be made of it: "no address".
Result<config::Target> make_target(const config::ScrapeConfig& job,
                                   const Labels& relabelled,
                                   const Labels& discovered);

// All targets of a job, sorted, each once.
struct BuiltSet {
  config::TargetSet set;
  std::uint64_t invalid = 0;
  std::string first_error;  // of an invalid one; names it
};
BuiltSet build_targets(const config::ScrapeConfig& job,
                       const std::vector<const config::TargetGroup*>& groups);

}  // namespace prom::discover
