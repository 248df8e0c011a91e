#include "libprom/config/sd/ionos.h"

#include "libprom/config/sd/readers_internal.h"

namespace prom::config {

void read_sd(Fields& fields, IonosSdConfig& into) {
  fields.text("datacenter_id", into.datacenter_id);
  read_polled(fields, into);
  if (into.datacenter_id.empty())
    fields.error("datacenter_id", "datacenter id can't be empty");
}

}  // namespace prom::config
