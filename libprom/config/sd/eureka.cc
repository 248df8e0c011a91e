#include "libprom/config/sd/eureka.h"

#include "libprom/config/sd/readers_internal.h"

namespace prom::config {

void read_sd(Fields& fields, EurekaSdConfig& into) {
  fields.text("server", into.server);
  fields.duration("refresh_interval", into.refresh_interval_ms);
  read_http_client(fields, into.client);
  if (into.server.empty())
    fields.error("server", "eureka_sd: empty or null eureka server");
  else if (!url_problem(into.server).empty())
    fields.error("server", "eureka_sd: invalid eureka server URL");
}

}  // namespace prom::config
