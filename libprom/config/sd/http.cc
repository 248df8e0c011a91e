#include "libprom/config/sd/http.h"

#include "libprom/config/sd/readers_internal.h"

namespace prom::config {

void read_sd(Fields& fields, HttpSdConfig& into) {
  fields.url("url", into.url);
  fields.duration("refresh_interval", into.refresh_interval_ms);
  read_http_client(fields, into.client);
  if (!fields.has("url")) fields.error("url", "URL is missing");
}

}  // namespace prom::config
