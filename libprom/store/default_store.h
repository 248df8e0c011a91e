// What the subcommands of prom-store have in common.
#pragma once

#include <string>

#include "libprom/cli/command.h"

namespace prom::store {

// $PROM_STORE, else "prom-data".
std::string default_store();

// -S, --store.
cli::Flag store_flag(std::string& into);

}  // namespace prom::store
