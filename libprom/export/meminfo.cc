// /proc/meminfo
#include <algorithm>

#include "libprom/export/collector.h"
#include "libprom/export/reading.h"

namespace prom::exports {

// "Active(anon):  123 kB" becomes node_memory_Active_anon_bytes.
Status collect_meminfo(const Host& host, Families& families) {
  const Result<std::string> text = read_text(host.proc + "/meminfo");
  if (!text) return fail(text.error());
  for (const std::string_view line : lines_of(*text)) {
    const auto words = words_of(line);
    if (words.size() < 2 || !words[0].ends_with(':')) continue;
    const std::string_view field = words[0].substr(0, words[0].size() - 1);
    std::string name = "node_memory_";
    for (const char c : field) {
      if (c != ')') name += c == '(' ? '_' : c;
    }
    double value = number(words[1]);
    if (words.size() > 2 && words[2] == "kB") {
      name += "_bytes";
      value *= 1024;
    }
    families.gauge(name, "Memory: " + std::string(field) + " of meminfo.",
                   value);
  }
  return {};
}

}  // namespace prom::exports
