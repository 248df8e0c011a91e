// /proc/diskstats; udev on what the devices are
#include <array>
#include <map>

#include "libprom/export/collector.h"
#include "libprom/export/reading.h"

namespace prom::exports {
namespace {

constexpr double kSectorBytes = 512;
constexpr double kMillisecond = 1e-3;

// Columns behind the device's name, in their order; older kernels have fewer.
struct Column {
  std::string_view name;
  std::string_view help;
  double unit;
  MetricType type = MetricType::kCounter;
};
constexpr std::array<Column, 17> kColumns = {{
    {"node_disk_reads_completed_total", "Reads completed.", 1},
    {"node_disk_reads_merged_total", "Reads merged with others.", 1},
    {"node_disk_read_bytes_total", "Bytes read.", kSectorBytes},
    {"node_disk_read_time_seconds_total", "Seconds of all reads.",
     kMillisecond},
    {"node_disk_writes_completed_total", "Writes completed.", 1},
    {"node_disk_writes_merged_total", "Writes merged with others.", 1},
    {"node_disk_written_bytes_total", "Bytes written.", kSectorBytes},
    {"node_disk_write_time_seconds_total", "Seconds of all writes.",
     kMillisecond},
    {"node_disk_io_now", "Requests in flight.", 1, MetricType::kGauge},
    {"node_disk_io_time_seconds_total", "Seconds with requests in flight.",
     kMillisecond},
    {"node_disk_io_time_weighted_seconds_total",
     "Seconds with requests in flight, times their number.", kMillisecond},
    {"node_disk_discards_completed_total", "Discards completed.", 1},
    {"node_disk_discards_merged_total", "Discards merged with others.", 1},
    {"node_disk_discarded_sectors_total", "Sectors discarded.", 1},
    {"node_disk_discard_time_seconds_total", "Seconds of all discards.",
     kMillisecond},
    {"node_disk_flush_requests_total", "Flushes completed.", 1},
    {"node_disk_flush_requests_time_seconds_total", "Seconds of all flushes.",
     kMillisecond},
}};

// What udev knows of a device: its E: lines.
using Properties = std::map<std::string, std::string, std::less<>>;
Properties udev_properties(const Host& host, std::string_view major,
                           std::string_view minor) {
  Properties properties;
  const Result<std::string> text =
      read_text(host.root + "/run/udev/data/b" + std::string(major) + ":" +
                std::string(minor));
  if (!text) return properties;
  for (std::string_view line : lines_of(*text)) {
    const std::size_t equal = line.find('=');
    if (!line.starts_with("E:") || equal == std::string_view::npos) continue;
    properties.emplace(line.substr(2, equal - 2), line.substr(equal + 1));
  }
  return properties;
}

std::string_view get(const Properties& properties, std::string_view name) {
  const auto found = properties.find(name);
  return found == properties.end() ? std::string_view()
                                   : std::string_view(found->second);
}

void collect_info(const Host& host, std::string_view device,
                  std::string_view major, std::string_view minor,
                  Families& families) {
  const Properties udev = udev_properties(host, major, minor);
  families.gauge("node_disk_info", "What a disk is; the value is always 1.", 1,
                 {{"device", device},
                  {"major", major},
                  {"minor", minor},
                  {"model", get(udev, "ID_MODEL")},
                  {"path", get(udev, "ID_PATH")},
                  {"revision", get(udev, "ID_REVISION")},
                  {"serial", get(udev, "ID_SERIAL_SHORT")},
                  {"wwn", get(udev, "ID_WWN")}});
  if (!get(udev, "ID_FS_USAGE").empty()) {
    families.gauge("node_disk_filesystem_info",
                   "The file system on a disk; the value is always 1.", 1,
                   {{"device", device},
                    {"type", get(udev, "ID_FS_TYPE")},
                    {"usage", get(udev, "ID_FS_USAGE")},
                    {"uuid", get(udev, "ID_FS_UUID")},
                    {"version", get(udev, "ID_FS_VERSION")}});
  }
  if (!get(udev, "DM_NAME").empty()) {
    families.gauge("node_disk_device_mapper_info",
                   "What a mapped device is; the value is always 1.", 1,
                   {{"device", device},
                    {"name", get(udev, "DM_NAME")},
                    {"uuid", get(udev, "DM_UUID")},
                    {"vg_name", get(udev, "DM_VG_NAME")},
                    {"lv_name", get(udev, "DM_LV_NAME")},
                    {"lv_layer", get(udev, "DM_LV_LAYER")}});
  }
}

}  // namespace

Status collect_diskstats(const Host& host, Families& families) {
  const Result<std::string> text = read_text(host.proc + "/diskstats");
  if (!text) return fail(text.error());
  for (const std::string_view line : lines_of(*text)) {
    const auto words = words_of(line);
    constexpr std::size_t kBefore = 3;  // major, minor, name
    if (words.size() <= kBefore || is_excluded(host.disks_excluded, words[2]))
      continue;
    for (std::size_t i = 0; i < kColumns.size(); ++i) {
      if (kBefore + i >= words.size()) break;
      const Column& column = kColumns.at(i);
      families.add(column.name, column.type, column.help,
                   {{"device", words[2]}},
                   number(words[kBefore + i]) * column.unit);
    }
    collect_info(host, words[2], words[0], words[1], families);
  }
  return {};
}

}  // namespace prom::exports
