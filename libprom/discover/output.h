// How targets are written: as a Prometheus reads them from a file, and as the
// story of their relabelling for a person.
#pragma once

#include <string>
#include <vector>

#include "libprom/config/targets.h"
#include "libprom/discover/job.h"
#include "libprom/os/output.h"

namespace prom::discover {

// One JSON document for file_sd_configs.  Scheme, path, parameters and times
// are labels, so that the reading job scrapes the same.
std::string to_file_sd(const std::vector<config::TargetSet>& sets);

// Each target of the job: what was discovered, each rule with what it
// changed, and what came of it.
void trace_relabelling(const Job& job, os::Output& out, bool color);

}  // namespace prom::discover
