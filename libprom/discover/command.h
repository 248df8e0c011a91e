// prom-discover finds the targets of prometheus.yml's jobs and writes them to
// its output, one line per change of a job.
#pragma once

#include "libprom/cli/command.h"

namespace prom::discover {

cli::Command command();

}  // namespace prom::discover
