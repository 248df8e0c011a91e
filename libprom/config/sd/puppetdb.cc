#include "libprom/config/sd/puppetdb.h"

#include "libprom/config/sd/readers_internal.h"

namespace prom::config {

void read_sd(Fields& fields, PuppetdbSdConfig& into) {
  fields.url("url", into.url);
  fields.text("query", into.query);
  fields.flag("include_parameters", into.include_parameters);
  fields.integer("port", into.port);
  fields.duration("refresh_interval", into.refresh_interval_ms);
  read_http_client(fields, into.client);
  if (!fields.has("url")) fields.error("url", "URL is missing");
  if (into.query.empty()) fields.error("query", "query missing");
}

}  // namespace prom::config
