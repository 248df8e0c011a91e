#include <algorithm>

#include "libprom/export/collector.h"

namespace prom::exports {

bool is_excluded(const std::optional<Regex>& excluded, std::string_view name) {
  return excluded && excluded->matches(name);
}

const std::vector<Collector>& collectors() {
  static const std::vector<Collector> kAll = {
      {"arp", "entries of the ARP table by device", collect_arp},
      {"conntrack", "connection tracking", collect_conntrack},
      {"cpu", "time of each CPU by mode", collect_cpu},
      {"diskstats", "reads and writes of disks", collect_diskstats},
      {"entropy", "the kernel's entropy", collect_entropy},
      {"filefd", "open files", collect_filefd},
      {"filesystem", "space and inodes of file systems", collect_filesystem},
      {"hwmon", "temperatures, fans, voltages", collect_hwmon},
      {"loadavg", "load averages", collect_loadavg},
      {"meminfo", "memory", collect_meminfo},
      {"netclass", "properties of network interfaces", collect_netclass},
      {"netdev", "traffic of network interfaces", collect_netdev},
      {"netstat", "counters of IP, TCP, UDP and ICMP", collect_netstat},
      {"os", "the distribution", collect_os},
      {"pressure", "pressure stall information", collect_pressure},
      {"sockstat", "sockets in use", collect_sockstat},
      {"softnet", "packets in soft interrupts", collect_softnet},
      {"stat", "boot time, forks, interrupts, context switches", collect_stat},
      {"textfile", "*.prom files of a directory", collect_textfile},
      {"thermal_zone", "temperatures of zones, cooling", collect_thermal_zone},
      {"time", "time, time zone, clock sources", collect_time},
      {"timex", "how well the clock is synchronized", collect_timex},
      {"uname", "the kernel's name and version", collect_uname},
      {"vmstat", "paging", collect_vmstat},
  };
  return kAll;
}

void collect(const Host& host, const std::vector<std::string>& names,
             Families& families,
             const std::function<void(const std::string&)>& complain) {
  for (const std::string& name : names) {
    const auto found = std::ranges::find(collectors(), name, &Collector::name);
    if (found == collectors().end()) continue;
    const std::int64_t begin_ns = host.clock->monotonic_ns();
    const Status status = found->collect(host, families);
    const std::int64_t took_ns = host.clock->monotonic_ns() - begin_ns;
    if (!status && status.error().code != Code::kMissing)
      complain("collector " + name + ": " + status.error().message);
    const Labels labels{{"collector", name}};
    families.gauge("node_scrape_collector_duration_seconds",
                   "How long the collector took.",
                   static_cast<double>(took_ns) / 1e9, labels);
    families.gauge("node_scrape_collector_success",
                   "Whether the collector found everything it looked for.",
                   status ? 1 : 0, labels);
  }
}

}  // namespace prom::exports
