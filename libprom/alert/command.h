// prom-alert: Alertmanager's job as a tool.
#pragma once

#include "libprom/cli/command.h"

namespace prom::alert {

cli::Command command();

}  // namespace prom::alert
