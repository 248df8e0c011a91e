// prom-scrape fetches metrics from targets and writes samples to its output.
#pragma once

#include "libprom/cli/command.h"

namespace prom::scrape {

cli::Command command();

}  // namespace prom::scrape
