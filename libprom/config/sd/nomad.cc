#include "libprom/config/sd/nomad.h"

#include "libprom/config/sd/readers_internal.h"

namespace prom::config {

void read_sd(Fields& fields, NomadSdConfig& into) {
  fields.flag("allow_stale", into.allow_stale);
  fields.text("namespace", into.namespace_name);
  fields.duration("refresh_interval", into.refresh_interval_ms);
  fields.text("region", into.region);
  fields.text("server", into.server);
  fields.text("tag_separator", into.tag_separator);
  read_http_client(fields, into.client);
  if (into.server.find_first_not_of(" \t\r\n") == std::string::npos)
    fields.error("server", "nomad SD configuration requires a server address");
}

}  // namespace prom::config
