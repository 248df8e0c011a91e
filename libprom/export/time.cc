// The time; /sys/devices/system/clocksource
#include "libprom/export/collector.h"
#include "libprom/export/reading.h"
#include "libprom/os/host.h"

namespace prom::exports {
namespace {

void collect_clock_sources(const Host& host, Families& families) {
  const std::string directory = host.sys + "/devices/system/clocksource/";
  constexpr std::string_view kPrefix = "clocksource";
  for (const std::string& name : names_in(directory)) {
    if (!name.starts_with(kPrefix)) continue;
    const std::string device = name.substr(kPrefix.size());
    const std::string path = directory + name;
    const std::string available =
        read_word(path + "/available_clocksource").value_or("");
    for (const std::string_view source : words_of(available)) {
      families.gauge("node_time_clocksource_available_info",
                     "A clock source that there is; the value is always 1.", 1,
                     {{"clocksource", source}, {"device", device}});
    }
    if (const auto current = read_word(path + "/current_clocksource")) {
      families.gauge("node_time_clocksource_current_info",
                     "The clock source in use; the value is always 1.", 1,
                     {{"clocksource", *current}, {"device", device}});
    }
  }
}

}  // namespace

Status collect_time(const Host& host, Families& families) {
  const std::int64_t now_ms = host.clock->wall_ms();
  families.gauge("node_time_seconds", "The time, in seconds since 1970.",
                 static_cast<double>(now_ms) / 1e3);
  const os::TimeZone zone = os::time_zone(now_ms / 1000);
  families.gauge("node_time_zone_offset_seconds",
                 "Seconds by which local time is ahead of UTC.",
                 static_cast<double>(zone.offset_seconds),
                 {{"time_zone", zone.name}});
  collect_clock_sources(host, families);
  return {};
}

}  // namespace prom::exports
