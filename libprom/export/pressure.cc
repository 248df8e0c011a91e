// /proc/pressure
#include <array>

#include "libprom/export/collector.h"
#include "libprom/export/reading.h"

namespace prom::exports {
namespace {

constexpr struct {
  std::string_view file;
  std::string_view line;  // some: a task waited; full: all did
  std::string_view name;
  std::string_view help;
} kPressures[] = {
    {"cpu", "some", "node_pressure_cpu_waiting_seconds_total",
     "Seconds in which a process waited for a CPU."},
    {"io", "some", "node_pressure_io_waiting_seconds_total",
     "Seconds in which a process waited for I/O."},
    {"io", "full", "node_pressure_io_stalled_seconds_total",
     "Seconds in which all processes waited for I/O."},
    {"memory", "some", "node_pressure_memory_waiting_seconds_total",
     "Seconds in which a process waited for memory."},
    {"memory", "full", "node_pressure_memory_stalled_seconds_total",
     "Seconds in which all processes waited for memory."},
    {"irq", "full", "node_pressure_irq_stalled_seconds_total",
     "Seconds in which interrupts kept all processes waiting."},
};

// "some avg10=0.00 avg60=0.00 avg300=0.00 total=123", microseconds.
std::optional<double> total_of(std::string_view text, std::string_view wanted) {
  constexpr std::string_view kTotal = "total=";
  for (const std::string_view line : lines_of(text)) {
    const std::size_t at = line.find(kTotal);
    if (line.starts_with(wanted) && at != std::string_view::npos)
      return number(line.substr(at + kTotal.size())) / 1e6;
  }
  return std::nullopt;
}

}  // namespace

Status collect_pressure(const Host& host, Families& families) {
  bool found = false;
  for (const auto& pressure : kPressures) {
    const Result<std::string> text =
        read_text(host.proc + "/pressure/" + std::string(pressure.file));
    if (!text) continue;
    found = true;
    if (const auto seconds = total_of(*text, pressure.line))
      families.counter(pressure.name, pressure.help, *seconds);
  }
  if (!found) return fail(Code::kMissing, "no pressure stall information");
  return {};
}

}  // namespace prom::exports
