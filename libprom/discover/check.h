// prom-discover check: the whole of prometheus.yml and of the files that it
// names, except expressions and templates, which prom-rules checks.
#pragma once

#include <string>

#include "libprom/cli/command.h"

namespace prom::discover {

// kOk, kConfig when something is wrong or not available, or why the file
// could not be read.
cli::Exit check(const std::string& config_file, cli::Io& io);

}  // namespace prom::discover
