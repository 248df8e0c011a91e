// /proc/net/softnet_stat
#include "libprom/export/collector.h"
#include "libprom/export/reading.h"

namespace prom::exports {

// A line of hexadecimal numbers for each CPU.
Status collect_softnet(const Host& host, Families& families) {
  const Result<std::string> text = read_text(host.proc + "/net/softnet_stat");
  if (!text) return fail(text.error());
  constexpr std::size_t kCpuColumn = 12;  // since Linux 5.10
  std::size_t line_number = 0;
  for (const std::string_view line : lines_of(*text)) {
    const auto words = words_of(line);
    if (words.size() < 3) continue;
    const std::string cpu = std::to_string(
        words.size() > kCpuColumn
            ? static_cast<std::size_t>(hex_number(words[kCpuColumn]))
            : line_number);
    ++line_number;
    const Labels labels{{"cpu", cpu}};
    families.counter("node_softnet_processed_total", "Packets processed.",
                     hex_number(words[0]), labels);
    families.counter("node_softnet_dropped_total", "Packets dropped.",
                     hex_number(words[1]), labels);
    families.counter("node_softnet_times_squeezed_total",
                     "Times that processing ran out of its quota.",
                     hex_number(words[2]), labels);
  }
  return {};
}

}  // namespace prom::exports
