// /sys/class/thermal
#include "libprom/export/collector.h"
#include "libprom/export/reading.h"

namespace prom::exports {

Status collect_thermal_zone(const Host& host, Families& families) {
  const std::string directory = host.sys + "/class/thermal/";
  for (const std::string& name : names_in(directory)) {
    const std::string path = directory + name;
    const std::string type = read_word(path + "/type").value_or("");
    if (name.starts_with("thermal_zone")) {
      const auto temperature = read_value(path + "/temp");
      if (!temperature) continue;
      families.gauge(
          "node_thermal_zone_temp", "Temperature of a zone in degrees Celsius.",
          *temperature / 1000,
          {{"type", type}, {"zone", std::string_view(name).substr(12)}});
    } else if (name.starts_with("cooling_device")) {
      const Labels labels{{"name", std::string_view(name).substr(14)},
                          {"type", type}};
      if (const auto now = read_value(path + "/cur_state"))
        families.gauge("node_cooling_device_cur_state",
                       "How much a device cools.", *now, labels);
      if (const auto most = read_value(path + "/max_state"))
        families.gauge("node_cooling_device_max_state",
                       "How much a device can cool.", *most, labels);
    }
  }
  return {};
}

}  // namespace prom::exports
