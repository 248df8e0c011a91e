#include "libprom/config/sd/linode.h"

#include "libprom/config/sd/readers_internal.h"

namespace prom::config {

void read_sd(Fields& fields, LinodeSdConfig& into) {
  fields.text("region", into.region);
  fields.text("tag_separator", into.tag_separator);
  read_polled(fields, into);
}

}  // namespace prom::config
