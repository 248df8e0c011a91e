// prom-export prints what it measures, a host, a command, files, as exposition
// text, or serves it.
#pragma once

#include "libprom/cli/command.h"

namespace prom::exports {

cli::Command command();

}  // namespace prom::exports
