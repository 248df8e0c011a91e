// /proc/net/netstat, snmp and snmp6
#include <algorithm>

#include "libprom/export/collector.h"
#include "libprom/export/reading.h"

namespace prom::exports {
namespace {

// Of some three hundred counters those that people look at: node_exporter's
// choice.
constexpr std::string_view kFields =
    "(.*_(InErrors|InErrs)|Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|"
    "Icmp6?_(InMsgs|OutMsgs)|"
    "TcpExt_(Listen.*|Syncookies.*|TCPSynRetrans|TCPTimeouts|TCPOFOQueue|"
    "TCPRcvQDrop)|"
    "Tcp_(ActiveOpens|InSegs|OutSegs|OutRsts|PassiveOpens|RetransSegs|"
    "CurrEstab)|"
    "Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors))";

const Regex& fields() {
  static const Regex kRegex = *Regex::compile(kFields);
  return kRegex;
}

void add(Families& families, const std::string& field, std::string_view value) {
  if (!fields().matches(field)) return;
  families.untyped("node_netstat_" + field, "Network protocols: " + field + ".",
                   number(value));
}

// Pairs of lines: "Tcp: Name Name …" and "Tcp: 1 2 …".
void collect_pairs(const std::string& text, Families& families) {
  const auto lines = lines_of(text);
  for (std::size_t i = 0; i + 1 < lines.size(); i += 2) {
    const auto names = words_of(lines[i]);
    const auto values = words_of(lines[i + 1]);
    if (names.empty() || values.empty() || names[0] != values[0]) continue;
    const std::string_view protocol = names[0].substr(0, names[0].size() - 1);
    for (std::size_t k = 1; k < std::min(names.size(), values.size()); ++k)
      add(families, std::string(protocol) + "_" + std::string(names[k]),
          values[k]);
  }
}

// One counter a line: "Udp6InDatagrams 5".
void collect_version_6(const std::string& text, Families& families) {
  for (const std::string_view line : lines_of(text)) {
    const auto words = words_of(line);
    if (words.size() < 2) continue;
    const std::size_t six = words[0].find('6');
    if (six == std::string_view::npos) continue;
    add(families,
        std::string(words[0].substr(0, six + 1)) + "_" +
            std::string(words[0].substr(six + 1)),
        words[1]);
  }
}

}  // namespace

Status collect_netstat(const Host& host, Families& families) {
  for (const char* file : {"/net/netstat", "/net/snmp"}) {
    const Result<std::string> text = read_text(host.proc + file);
    if (!text) return fail(text.error());
    collect_pairs(*text, families);
  }
  // Absent where IPv6 is off.
  const Result<std::string> text = read_text(host.proc + "/net/snmp6");
  if (text) collect_version_6(*text, families);
  return {};
}

}  // namespace prom::exports
