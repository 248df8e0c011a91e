// prom-scrape convert: one exposition format into another.
#pragma once

#include "libprom/cli/command.h"

namespace prom::scrape {

cli::Command convert_subcommand();

}  // namespace prom::scrape
