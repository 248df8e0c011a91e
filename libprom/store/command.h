// The command line of prom-store.  See man/prom-store.1.
#pragma once

#include "libprom/cli/command.h"

namespace prom::store {

cli::Command command();

}  // namespace prom::store
