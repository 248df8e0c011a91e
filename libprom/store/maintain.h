// prom-store compact, retain, clean and delete.
#pragma once

#include "libprom/cli/command.h"

namespace prom::store {

cli::Command compact_command();
cli::Command retain_command();
cli::Command clean_command();
cli::Command delete_command();

}  // namespace prom::store
