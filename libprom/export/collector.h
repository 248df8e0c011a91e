// The collectors of `prom-export host`.  Names, types, labels and units of
// what they produce are node_exporter's, so that its dashboards and rules
// work; prom-export(1) lists the differences.
//
// A collector is a function in a file of its own and a line in the table of
// collectors.cc.  It reads files below Host, so a test gives it a directory.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/export/families.h"
#include "libprom/model/matcher.h"
#include "libprom/os/clock.h"

namespace prom::exports {

// Where a host is read from, and what is left out.
struct Host {
  std::string proc = "/proc";
  std::string sys = "/sys";
  std::string root;  // before /etc, /run and mount points
  os::Clock* clock = &os::real_clock();
  // What matches wholly is left out.  Patterns are node_exporter's defaults.
  std::optional<Regex> disks_excluded;
  std::optional<Regex> interfaces_excluded;
  std::optional<Regex> mounts_excluded;
  std::optional<Regex> file_systems_excluded;
  std::string text_directory = "/var/lib/prometheus/node-exporter";
};
inline constexpr std::string_view kDisksExcluded =
    R"((ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+)";
inline constexpr std::string_view kMountsExcluded =
    "/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|"
    "var/lib/containers/storage/.+)(/.*)?";
inline constexpr std::string_view kFileSystemsExcluded =
    "autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|"
    "hugetlbfs|iso9660|mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|"
    "securityfs|selinuxfs|squashfs|sysfs|tracefs";
bool is_excluded(const std::optional<Regex>& excluded, std::string_view name);

struct Collector {
  std::string_view name;
  std::string_view what;  // for --help
  // kMissing: this host has no such thing.
  Status (*collect)(const Host& host, Families& families) = nullptr;
};

// All of them, by name.
const std::vector<Collector>& collectors();

// Runs the collectors of these names, and adds node_scrape_collector_success
// and _duration_seconds for each.  What one of them added before it failed
// stays.  Errors other than kMissing are reported to `complain`.
// REQUIRES: the names are those of collectors.
void collect(const Host& host, const std::vector<std::string>& names,
             Families& families,
             const std::function<void(const std::string&)>& complain);

// One file each; see the table.
Status collect_arp(const Host& host, Families& families);
Status collect_conntrack(const Host& host, Families& families);
Status collect_cpu(const Host& host, Families& families);
Status collect_diskstats(const Host& host, Families& families);
Status collect_entropy(const Host& host, Families& families);
Status collect_filefd(const Host& host, Families& families);
Status collect_filesystem(const Host& host, Families& families);
Status collect_hwmon(const Host& host, Families& families);
Status collect_loadavg(const Host& host, Families& families);
Status collect_meminfo(const Host& host, Families& families);
Status collect_netclass(const Host& host, Families& families);
Status collect_netdev(const Host& host, Families& families);
Status collect_netstat(const Host& host, Families& families);
Status collect_os(const Host& host, Families& families);
Status collect_pressure(const Host& host, Families& families);
Status collect_sockstat(const Host& host, Families& families);
Status collect_softnet(const Host& host, Families& families);
Status collect_stat(const Host& host, Families& families);
Status collect_textfile(const Host& host, Families& families);
Status collect_thermal_zone(const Host& host, Families& families);
Status collect_time(const Host& host, Families& families);
Status collect_timex(const Host& host, Families& families);
Status collect_uname(const Host& host, Families& families);
Status collect_vmstat(const Host& host, Families& families);

// Collects the *.prom files of a directory; the textfile collector and
// `prom-export textfile` are this.
Status collect_text_directory(const std::string& directory, Families& families);

}  // namespace prom::exports
