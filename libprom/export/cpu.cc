// /proc/stat: the lines of CPUs; /sys/devices/system/cpu: throttling
#include <array>

#include "libprom/export/collector.h"
#include "libprom/export/reading.h"
#include "libprom/os/host.h"

namespace prom::exports {
namespace {

constexpr std::array<std::string_view, 8> kModes = {
    "user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"};
constexpr std::array<std::string_view, 2> kGuestModes = {"user", "nice"};

void collect_times(std::string_view cpu,
                   const std::vector<std::string_view>& words,
                   Families& families) {
  const auto ticks = static_cast<double>(os::clock_ticks_per_second());
  for (std::size_t i = 0; i < kModes.size() && i + 1 < words.size(); ++i) {
    families.counter(
        "node_cpu_seconds_total", "Seconds that each CPU spent in each mode.",
        number(words[i + 1]) / ticks, {{"cpu", cpu}, {"mode", kModes[i]}});
  }
  for (std::size_t i = 0; i < kGuestModes.size(); ++i) {
    const std::size_t at = 1 + kModes.size() + i;
    if (at >= words.size()) break;
    families.counter("node_cpu_guest_seconds_total",
                     "Seconds that each CPU spent in guests (virtual "
                     "machines) in each mode.",
                     number(words[at]) / ticks,
                     {{"cpu", cpu}, {"mode", kGuestModes[i]}});
  }
}

// Several CPUs share a core and a package; the first one speaks for them.
void collect_throttling(const Host& host, const std::string& cpu,
                        Families& families) {
  const std::string directory = host.sys + "/devices/system/cpu/cpu" + cpu;
  const auto core = read_word(directory + "/topology/core_id");
  const auto package = read_word(directory + "/topology/physical_package_id");
  if (!core || !package) return;
  const std::string throttle = directory + "/thermal_throttle/";
  if (const auto count = read_value(throttle + "core_throttle_count")) {
    families.counter("node_cpu_core_throttles_total",
                     "Times that a core was throttled.", *count,
                     {{"core", *core}, {"package", *package}});
  }
  if (const auto count = read_value(throttle + "package_throttle_count")) {
    families.counter("node_cpu_package_throttles_total",
                     "Times that a package was throttled.", *count,
                     {{"package", *package}});
  }
}

}  // namespace

Status collect_cpu(const Host& host, Families& families) {
  const Result<std::string> text = read_text(host.proc + "/stat");
  if (!text) return fail(text.error());
  for (const std::string_view line : lines_of(*text)) {
    const auto words = words_of(line);
    if (words.size() < 2 || !words[0].starts_with("cpu") || words[0] == "cpu")
      continue;
    const std::string cpu(words[0].substr(3));
    collect_times(cpu, words, families);
    collect_throttling(host, cpu, families);
  }
  return {};
}

}  // namespace prom::exports
