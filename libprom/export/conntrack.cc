// /proc/sys/net/netfilter, /proc/net/stat/nf_conntrack
#include <algorithm>
#include <iterator>

#include "libprom/export/collector.h"
#include "libprom/export/reading.h"

namespace prom::exports {
namespace {

constexpr struct {
  std::string_view column;
  std::string_view help;
} kCounters[] = {
    {"found", "Lookups that found an entry."},
    {"invalid", "Packets that cannot be tracked."},
    {"ignore", "Packets that were tracked already."},
    {"insert", "Entries inserted."},
    {"insert_failed", "Entries that could not be inserted."},
    {"drop", "Packets dropped because tracking failed."},
    {"early_drop", "Entries dropped to make room for new ones."},
    {"search_restart", "Lookups begun anew because the table was resized."},
};

// A heading line and a line of hexadecimal numbers for each CPU.
void collect_counters(const std::string& text, Families& families) {
  const auto lines = lines_of(text);
  if (lines.empty()) return;
  const auto heading = words_of(lines[0]);
  for (const auto& counter : kCounters) {
    const auto found = std::ranges::find(heading, counter.column);
    if (found == heading.end()) continue;
    const auto column =
        static_cast<std::size_t>(std::distance(heading.begin(), found));
    double sum = 0;
    for (std::size_t i = 1; i < lines.size(); ++i) {
      const auto words = words_of(lines[i]);
      if (column < words.size()) sum += hex_number(words[column]);
    }
    families.gauge("node_nf_conntrack_stat_" + std::string(counter.column),
                   counter.help, sum);
  }
}

}  // namespace

Status collect_conntrack(const Host& host, Families& families) {
  const std::string directory = host.proc + "/sys/net/netfilter/";
  const auto entries = read_value(directory + "nf_conntrack_count");
  const auto limit = read_value(directory + "nf_conntrack_max");
  if (!entries || !limit)
    return fail(Code::kMissing, "no connection tracking here");
  families.gauge("node_nf_conntrack_entries",
                 "Connections that are being tracked.", *entries);
  families.gauge("node_nf_conntrack_entries_limit",
                 "Connections that can be tracked.", *limit);
  const Result<std::string> text =
      read_text(host.proc + "/net/stat/nf_conntrack");
  if (text) collect_counters(*text, families);
  return {};
}

}  // namespace prom::exports
