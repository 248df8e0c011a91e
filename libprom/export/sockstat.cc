// /proc/net/sockstat and sockstat6
#include "libprom/export/collector.h"
#include "libprom/export/reading.h"
#include "libprom/os/host.h"

namespace prom::exports {
namespace {

// "TCP: inuse 4 orphan 0": a protocol and pairs.
void collect_protocols(const std::string& text, Families& families) {
  for (const std::string_view line : lines_of(text)) {
    const auto words = words_of(line);
    if (words.empty() || !words[0].ends_with(':')) continue;
    const std::string protocol(words[0].substr(0, words[0].size() - 1));
    for (std::size_t i = 1; i + 1 < words.size(); i += 2) {
      const std::string field = protocol + "_" + std::string(words[i]);
      const double value = number(words[i + 1]);
      families.gauge("node_sockstat_" + field, "Sockets: " + field + ".",
                     value);
      if (words[i] == "mem") {
        families.gauge("node_sockstat_" + field + "_bytes",
                       "Sockets: " + field + " in bytes.",
                       value * static_cast<double>(os::page_bytes()));
      }
    }
  }
}

}  // namespace

Status collect_sockstat(const Host& host, Families& families) {
  const Result<std::string> text = read_text(host.proc + "/net/sockstat");
  if (!text) return fail(text.error());
  collect_protocols(*text, families);
  const Result<std::string> text6 = read_text(host.proc + "/net/sockstat6");
  if (text6) collect_protocols(*text6, families);
  return {};
}

}  // namespace prom::exports
