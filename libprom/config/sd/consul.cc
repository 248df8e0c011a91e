#include "libprom/config/sd/consul.h"

#include "libprom/config/sd/readers_internal.h"

namespace prom::config {

void read_sd(Fields& fields, ConsulSdConfig& into) {
  std::string username;
  Secret password;
  fields.text("server", into.server);
  fields.text("path_prefix", into.path_prefix);
  fields.secret("token", into.token);
  fields.text("datacenter", into.datacenter);
  fields.text("namespace", into.namespace_name);
  fields.text("partition", into.partition);
  fields.text("tag_separator", into.tag_separator);
  fields.text("scheme", into.scheme);
  fields.text("username", username);
  fields.secret("password", password);
  fields.flag("allow_stale", into.allow_stale);
  fields.duration("refresh_interval", into.refresh_interval_ms);
  fields.texts("services", into.services);
  fields.texts("tags", into.tags);
  fields.text_pairs("node_meta", into.node_meta);
  fields.text("filter", into.filter);
  fields.text("health_filter", into.health_filter);
  read_http_client(fields, into.client);
  if (into.server.find_first_not_of(" \t\r\n") == std::string::npos)
    fields.error("server", "consul SD configuration requires a server address");
  if (!username.empty() || !password.empty()) {
    if (into.client.basic_auth) {
      fields.error("username",
                   "at most one of consul SD configuration username and "
                   "password and basic auth can be configured");
    } else if (into.client.authorization || into.client.oauth2) {
      fields.error("username",
                   "at most one of basic_auth, oauth2 & authorization must be "
                   "configured");
    } else {
      BasicAuth& basic = into.client.basic_auth.emplace();
      basic.username = username;
      basic.password = password;
    }
  }
  if (!into.token.empty() && (into.client.authorization || into.client.oauth2))
    fields.error("token",
                 "at most one of consul SD token, authorization, or oauth2 can "
                 "be configured");
}

}  // namespace prom::config
