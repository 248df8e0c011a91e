// The tool prom-query: its table of flags and what it runs.
#pragma once

#include "libprom/cli/command.h"

namespace prom::query {

cli::Command command();

}  // namespace prom::query
