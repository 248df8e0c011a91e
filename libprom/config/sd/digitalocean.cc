#include "libprom/config/sd/digitalocean.h"

#include "libprom/base/utf8.h"
#include "libprom/config/sd/readers_internal.h"

namespace prom::config {

void read_sd(Fields& fields, DigitalOceanSdConfig& into) {
  fields.text("role", into.role);
  read_polled(fields, into);
  if (into.role.empty()) {
    fields.error("role", "role missing (one of: droplets, databases)");
  } else if (into.role != "droplets" && into.role != "databases") {
    fields.error("role", "unknown DigitalOcean SD role " + quote(into.role));
  }
}

}  // namespace prom::config
