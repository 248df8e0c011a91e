// What this process takes of the machine.
#pragma once

#include <cstdint>

#include "libprom/base/result.h"

namespace prom::os {

struct ProcessStats {
  double cpu_seconds = 0;  // user and system, all threads
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_files = 0;
  std::uint64_t open_files_max = 0;
  double start_time_seconds = 0;  // since 1970
};
// Reads /proc/self.  Some twenty microseconds.
Result<ProcessStats> process_stats();

// For work that must not be in the way: nice 10, and the disk only when nobody
// else wants it.
void lower_priority();

}  // namespace prom::os
