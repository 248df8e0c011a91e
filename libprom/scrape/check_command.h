// prom-scrape check: looks for what makes an exposition hard to use.
#pragma once

#include "libprom/cli/command.h"

namespace prom::scrape {

cli::Command check_subcommand();

}  // namespace prom::scrape
