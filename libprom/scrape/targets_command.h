// prom-scrape targets: how the targets of a running prom-scrape are.
#pragma once

#include "libprom/cli/command.h"

namespace prom::scrape {

cli::Command targets_subcommand();

}  // namespace prom::scrape
