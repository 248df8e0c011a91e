#include "libprom/config/sd/dns.h"

#include "libprom/base/letters.h"
#include "libprom/base/utf8.h"
#include "libprom/config/sd/readers_internal.h"

namespace prom::config {

void read_sd(Fields& fields, DnsSdConfig& into) {
  fields.texts("names", into.names);
  fields.text("type", into.type);
  fields.integer("port", into.port);
  fields.duration("refresh_interval", into.refresh_interval_ms);
  if (into.names.empty())
    fields.error("names",
                 "DNS-SD config must contain at least one SRV record name");
  const std::string type = to_upper(into.type);
  if (type == "A" || type == "AAAA" || type == "MX" || type == "NS") {
    if (into.port == 0)
      fields.error("port",
                   "a port is required in DNS-SD configs for all record types "
                   "except SRV");
  } else if (type != "SRV") {
    fields.error("type", "invalid DNS-SD records type " + printable(into.type));
  }
  into.type = type;
}

}  // namespace prom::config
