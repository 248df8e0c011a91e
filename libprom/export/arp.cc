// /proc/net/arp
#include <map>

#include "libprom/export/collector.h"
#include "libprom/export/reading.h"

namespace prom::exports {

Status collect_arp(const Host& host, Families& families) {
  const Result<std::string> text = read_text(host.proc + "/net/arp");
  if (!text) return fail(text.error());
  std::map<std::string, double> entries;
  bool heading = true;
  for (const std::string_view line : lines_of(*text)) {
    const auto words = words_of(line);
    if (!heading && words.size() >= 6) ++entries[std::string(words[5])];
    heading = false;
  }
  for (const auto& [device, count] : entries) {
    families.gauge("node_arp_entries", "Entries of the ARP table.", count,
                   {{"device", device}});
  }
  return {};
}

}  // namespace prom::exports
