// /proc/stat: the lines that are not about CPUs
#include <algorithm>
#include <iterator>

#include "libprom/export/collector.h"
#include "libprom/export/reading.h"

namespace prom::exports {
namespace {

constexpr struct {
  std::string_view field;
  std::string_view name;
  MetricType type;
  std::string_view help;
} kFields[] = {
    {"intr", "node_intr_total", MetricType::kCounter, "Interrupts served."},
    {"ctxt", "node_context_switches_total", MetricType::kCounter,
     "Context switches."},
    {"processes", "node_forks_total", MetricType::kCounter, "Forks."},
    {"btime", "node_boot_time_seconds", MetricType::kGauge,
     "When the host was booted, in seconds since 1970."},
    {"procs_running", "node_procs_running", MetricType::kGauge,
     "Processes that run or could run."},
    {"procs_blocked", "node_procs_blocked", MetricType::kGauge,
     "Processes that wait for I/O."},
};

}  // namespace

Status collect_stat(const Host& host, Families& families) {
  const Result<std::string> text = read_text(host.proc + "/stat");
  if (!text) return fail(text.error());
  for (const std::string_view line : lines_of(*text)) {
    const auto words = words_of(line);
    if (words.size() < 2) continue;
    for (const auto& field : kFields) {
      if (words[0] == field.field)
        families.add(field.name, field.type, field.help, {}, number(words[1]));
    }
  }
  return {};
}

}  // namespace prom::exports
