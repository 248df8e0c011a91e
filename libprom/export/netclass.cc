// /sys/class/net
#include <array>

#include "libprom/export/collector.h"
#include "libprom/export/reading.h"

namespace prom::exports {
namespace {

struct Property {
  std::string_view file;
  std::string_view name;
  MetricType type = MetricType::kGauge;
  double unit = 1;
};
constexpr double kMegabitBytes = 1e6 / 8;
constexpr std::array<Property, 17> kProperties = {{
    {"addr_assign_type", "address_assign_type"},
    {"carrier", "carrier"},
    {"carrier_changes", "carrier_changes_total", MetricType::kCounter},
    {"carrier_up_count", "carrier_up_changes_total", MetricType::kCounter},
    {"carrier_down_count", "carrier_down_changes_total", MetricType::kCounter},
    {"dev_id", "device_id"},
    {"dormant", "dormant"},
    {"flags", "flags"},
    {"ifindex", "iface_id"},
    {"iflink", "iface_link"},
    {"link_mode", "iface_link_mode"},
    {"mtu", "mtu_bytes"},
    {"name_assign_type", "name_assign_type"},
    {"netdev_group", "net_dev_group"},
    {"speed", "speed_bytes", MetricType::kGauge, kMegabitBytes},
    {"tx_queue_len", "transmit_queue_length"},
    {"type", "protocol_type"},
}};

void collect_interface(const std::string& device, const std::string& directory,
                       Families& families) {
  const auto word = [&](const char* file) {
    return read_word(directory + file).value_or("");
  };
  const std::string state = word("operstate");
  families.gauge("node_network_up", "Whether the interface is up.",
                 state == "up" ? 1 : 0, {{"device", device}});
  families.gauge("node_network_info",
                 "What an interface is; the value is always 1.", 1,
                 {{"address", word("address")},
                  {"broadcast", word("broadcast")},
                  {"device", device},
                  {"duplex", word("duplex")},
                  {"ifalias", word("ifalias")},
                  {"operstate", state}});
  for (const Property& property : kProperties) {
    const auto value = read_value(directory + std::string(property.file));
    // A speed below zero says that it is not known.
    if (!value || (property.file == "speed" && *value < 0)) continue;
    families.add("node_network_" + std::string(property.name), property.type,
                 "Network interface: " + std::string(property.file) + ".",
                 {{"device", device}}, *value * property.unit);
  }
}

}  // namespace

Status collect_netclass(const Host& host, Families& families) {
  const std::string directory = host.sys + "/class/net/";
  for (const std::string& device : names_in(directory)) {
    // bonding_masters is a file there.
    if (is_excluded(host.interfaces_excluded, device) ||
        !read_word(directory + device + "/ifindex"))
      continue;
    collect_interface(device, directory + device + "/", families);
  }
  return {};
}

}  // namespace prom::exports
