// The process_… metrics that every long-running tool has, as client libraries
// name them.
#pragma once

#include "libprom/exposition/registry.h"

namespace prom::exposition {

// CPU time, memory, open files and start time of this process, read anew for
// each text().
void add_process_metrics(Registry& registry);

}  // namespace prom::exposition
