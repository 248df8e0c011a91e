#include "libprom/config/sd/kuma.h"

#include "libprom/config/sd/readers_internal.h"

namespace prom::config {

void read_sd(Fields& fields, KumaSdConfig& into) {
  fields.text("server", into.server);
  fields.text("client_id", into.client_id);
  fields.duration("refresh_interval", into.refresh_interval_ms);
  fields.duration("fetch_timeout", into.fetch_timeout_ms);
  read_http_client(fields, into.client);
  if (into.server.empty() || !url_problem(into.server).empty())
    fields.error("server",
                 "kuma SD server must not be empty and have a scheme");
}

}  // namespace prom::config
