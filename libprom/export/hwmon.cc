// /sys/class/hwmon: what the kernel calls hardware monitoring
#include <algorithm>
#include <array>

#include "libprom/export/collector.h"
#include "libprom/export/reading.h"
#include "libprom/os/host.h"

namespace prom::exports {
namespace {

// A file of a sensor: temp1_crit_alarm is type temp, sensor temp1, property
// crit_alarm.
struct SensorFile {
  std::string type, sensor, property;
};

std::optional<SensorFile> parse_name(std::string_view file) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto* const digits = std::ranges::find_if(file, is_digit);
  const auto* const after = std::find_if_not(digits, file.end(), is_digit);
  if (digits == file.begin() || digits == after) return std::nullopt;
  if (after != file.end() && *after != '_') return std::nullopt;
  SensorFile sensor;
  sensor.type.assign(file.begin(), digits);
  sensor.sensor.assign(file.begin(), after);
  if (after != file.end()) sensor.property.assign(after + 1, file.end());
  return sensor;
}

// Units of the kernel, by type of sensor.
struct Unit {
  std::string_view type;
  std::string_view suffix;
  double factor;
  MetricType kind = MetricType::kGauge;
};
constexpr std::array<Unit, 8> kUnits = {{
    {"temp", "_celsius", 1e-3},
    {"in", "_volts", 1e-3},
    {"curr", "_amps", 1e-3},
    {"power", "_watt", 1e-6},
    {"energy", "_joule_total", 1e-6, MetricType::kCounter},
    {"humidity", "", 1e-6},
    {"fan", "_rpm", 1},
    {"pwm", "", 1},
}};

std::string cleaned(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const char lower =
        c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool keep = (lower >= 'a' && lower <= 'z') ||
                      (lower >= '0' && lower <= '9') || lower == ':';
    out += keep ? lower : '_';
  }
  const std::size_t begin = std::min(out.find_first_not_of('_'), out.size());
  out.erase(0, begin);
  while (out.ends_with('_')) out.pop_back();
  return out;
}

// The bus and the device behind it: platform_coretemp_0.
std::string chip_of(const std::string& directory) {
  const auto device = os::real_path(directory + "/device");
  if (device) {
    const std::size_t name = device->rfind('/');
    const std::size_t bus = device->rfind('/', name - 1);
    if (name != std::string::npos && bus != std::string::npos) {
      const std::string type = cleaned(device->substr(bus + 1, name - bus - 1));
      const std::string id = cleaned(device->substr(name + 1));
      if (!type.empty() && !id.empty()) return type + "_" + id;
    }
  }
  const auto name = read_word(directory + "/name");
  if (name && !cleaned(*name).empty()) return cleaned(*name);
  return cleaned(directory.substr(directory.rfind('/') + 1));
}

void collect_file(const std::string& path, const SensorFile& file,
                  const std::string& chip, Families& families) {
  if (file.property == "label") {
    const auto label = read_word(path);
    if (!label || label->empty()) return;
    families.gauge(
        "node_hwmon_sensor_label",
        "What a sensor is called; the value is always 1.", 1,
        {{"chip", chip}, {"label", *label}, {"sensor", file.sensor}});
    return;
  }
  const auto* const unit = std::ranges::find(kUnits, file.type, &Unit::type);
  const auto value = read_value(path);
  if (unit == kUnits.end() || !value) return;
  const bool is_flag =
      file.property.ends_with("alarm") || file.property.ends_with("fault") ||
      file.property.ends_with("beep") || file.property.ends_with("type") ||
      file.property.ends_with("enable");
  std::string name = "node_hwmon_" + file.type;
  if (!file.property.empty() && file.property != "input")
    name += "_" + cleaned(file.property);
  if (file.property.ends_with("beep")) name += "_enabled";
  if (!is_flag) name += unit->suffix;
  families.add(name, is_flag ? MetricType::kGauge : unit->kind,
               "A hardware sensor's " + file.type +
                   (file.property.empty() ? "" : " (" + file.property + ")") +
                   ".",
               {{"chip", chip}, {"sensor", file.sensor}},
               *value * (is_flag ? 1 : unit->factor));
}

void collect_chip(const std::string& directory, Families& families) {
  const std::string chip = chip_of(directory);
  if (const auto name = read_word(directory + "/name")) {
    families.gauge("node_hwmon_chip_names",
                   "What a chip is called; the value is always 1.", 1,
                   {{"chip", chip}, {"chip_name", cleaned(*name)}});
  }
  // Old drivers have the sensors beside the device.
  for (const std::string& where : {directory, directory + "/device"}) {
    for (const std::string& name : names_in(where)) {
      if (const auto file = parse_name(name))
        collect_file(where + "/" + name, *file, chip, families);
    }
  }
}

}  // namespace

Status collect_hwmon(const Host& host, Families& families) {
  const std::string directory = host.sys + "/class/hwmon";
  const auto chips = names_in(directory);
  if (chips.empty()) return fail(Code::kMissing, "no hardware sensors");
  for (const std::string& chip : chips)
    collect_chip(directory + "/" + chip, families);
  return {};
}

}  // namespace prom::exports
