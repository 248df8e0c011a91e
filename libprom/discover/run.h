// Runs prom-discover: once, or until a signal or until nobody reads any more.
#pragma once

#include "libprom/cli/command.h"
#include "libprom/discover/options.h"

namespace prom::discover {

cli::Exit run(const Options& given, cli::Io& io);

}  // namespace prom::discover
