#include "libprom/exposition/process_metrics.h"

#include <limits>

#include "libprom/os/process.h"

namespace prom::exposition {
namespace {

// NaN where /proc cannot be read.
Registry::Read reading(double (*of)(const os::ProcessStats&)) {
  return [of] {
    const Result<os::ProcessStats> stats = os::process_stats();
    return stats ? of(*stats) : std::numeric_limits<double>::quiet_NaN();
  };
}

}  // namespace

void add_process_metrics(Registry& registry) {
  using Stats = os::ProcessStats;
  registry.counter_from("process_cpu_seconds_total",
                        "User and system CPU time in seconds.", {},
                        reading([](const Stats& s) { return s.cpu_seconds; }));
  const auto gauge = [&](std::string_view name, std::string_view help,
                         double (*of)(const Stats&)) {
    registry.gauge_from(name, help, {}, reading(of));
  };
  gauge("process_resident_memory_bytes", "Memory in RAM.",
        [](const Stats& s) { return static_cast<double>(s.resident_bytes); });
  gauge("process_virtual_memory_bytes", "Memory mapped.",
        [](const Stats& s) { return static_cast<double>(s.virtual_bytes); });
  gauge("process_open_fds", "Open file descriptors.",
        [](const Stats& s) { return static_cast<double>(s.open_files); });
  gauge("process_max_fds", "File descriptors that may be open.",
        [](const Stats& s) { return static_cast<double>(s.open_files_max); });
  gauge("process_start_time_seconds",
        "When the process started, in seconds since 1970.",
        [](const Stats& s) { return s.start_time_seconds; });
}

}  // namespace prom::exposition
