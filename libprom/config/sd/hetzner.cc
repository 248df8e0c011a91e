#include "libprom/config/sd/hetzner.h"

#include "libprom/base/utf8.h"
#include "libprom/config/sd/readers_internal.h"

namespace prom::config {

void read_sd(Fields& fields, HetznerSdConfig& into) {
  fields.text("role", into.role);
  fields.text("label_selector", into.label_selector);
  read_polled(fields, into);
  if (into.role.empty()) {
    fields.error("role", "role missing (one of: robot, hcloud)");
  } else if (into.role != "robot" && into.role != "hcloud") {
    fields.error("role", "unknown role " + quote(into.role));
  }
}

}  // namespace prom::config
