// DNS lookups that keep the records as the server sent them, through c-ares,
// which is seen in this module's dns_resolver.cc only.
//
// Names are looked for along the search list as miekg/dns does it for
// upstream: a name with enough dots as it is first, else last; the first that
// some server knows counts.  That no server knows any of them is an answer
// too, without records.  Servers are asked one after another; an answer that
// was cut is asked for again over TCP.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/discover/async.h"
#include "libprom/discover/task.h"

namespace prom::discover {

enum class DnsType { kA = 1, kNs = 2, kMx = 15, kAaaa = 28, kSrv = 33 };

struct DnsRecord {
  DnsType type = DnsType::kA;
  std::string text;        // an address, or a name with its last dot
  std::uint16_t port = 0;  // kSrv
};

using DnsAnswer = Result<std::vector<DnsRecord>>;

// What resolv.conf says: whom to ask, and about names that are not complete.
struct DnsConfig {
  std::vector<std::string> servers;  // addresses, with a port in tests
  std::vector<std::string> domains;
  int ndots = 1;

  static DnsConfig parse(std::string_view resolv_conf);
  // The complete names to look for, in their order.
  [[nodiscard]] std::vector<std::string> names(const std::string& name) const;
};

// Answers in the order of `names`, all of which are asked for at once.
Task<std::vector<DnsAnswer>> look_up(Async& async, std::string resolv_conf,
                                     std::vector<std::string> names,
                                     DnsType type);

// The answers of a message, but for other types and CNAMEs; kBadData when it
// is malformed.
DnsAnswer parse_dns_message(std::string_view message);

}  // namespace prom::discover
