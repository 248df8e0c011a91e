#include "libprom/config/sd/polled.h"

#include "libprom/config/sd/readers_internal.h"

namespace prom::config {

void read_polled(Fields& fields, PolledSdConfig& into) {
  fields.duration("refresh_interval", into.refresh_interval_ms);
  fields.integer("port", into.port);
  read_http_client(fields, into.client);
}

}  // namespace prom::config
