// prom-rules: the table of its subcommands and flags.
#pragma once

#include "libprom/cli/command.h"

namespace prom::rules {

cli::Command command();

}  // namespace prom::rules
