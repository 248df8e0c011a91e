#include "libprom/config/sd/uyuni.h"

#include "libprom/config/sd/readers_internal.h"

namespace prom::config {

void read_sd(Fields& fields, UyuniSdConfig& into) {
  fields.text("server", into.server);
  fields.text("username", into.username);
  fields.secret("password", into.password);
  fields.text("entitlement", into.entitlement);
  fields.text("separator", into.separator);
  fields.duration("refresh_interval", into.refresh_interval_ms);
  read_http_client(fields, into.client);
  if (into.server.empty()) {
    fields.error("server", "Uyuni SD configuration requires server host");
  } else if (std::string problem = url_problem(into.server); !problem.empty()) {
    fields.error("server", "Uyuni Server URL is not valid: " + problem);
  }
  if (into.username.empty())
    fields.error("username", "Uyuni SD configuration requires a username");
  if (into.password.empty())
    fields.error("password", "Uyuni SD configuration requires a password");
}

}  // namespace prom::config
