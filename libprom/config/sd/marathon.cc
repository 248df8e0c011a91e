#include "libprom/config/sd/marathon.h"

#include "libprom/config/sd/readers_internal.h"

namespace prom::config {

void read_sd(Fields& fields, MarathonSdConfig& into) {
  fields.texts("servers", into.servers);
  fields.duration("refresh_interval", into.refresh_interval_ms);
  fields.secret("auth_token", into.auth_token);
  fields.path("auth_token_file", into.auth_token_file);
  const bool has_bearer =
      fields.has("bearer_token") || fields.has("bearer_token_file");
  read_http_client(fields, into.client);
  if (into.servers.empty())
    fields.error("servers",
                 "marathon_sd: must contain at least one Marathon server");
  if (!into.auth_token.empty() && !into.auth_token_file.empty())
    fields.error("auth_token_file",
                 "marathon_sd: at most one of auth_token & auth_token_file "
                 "must be configured");
  if (into.auth_token.empty() && into.auth_token_file.empty()) return;
  const std::string_view key =
      into.auth_token.empty() ? "auth_token_file" : "auth_token";
  if (into.client.basic_auth)
    fields.error(key,
                 "marathon_sd: at most one of basic_auth, auth_token & "
                 "auth_token_file must be configured");
  else if (has_bearer)
    fields.error(key,
                 "marathon_sd: at most one of bearer_token, bearer_token_file, "
                 "auth_token & auth_token_file must be configured");
  else if (into.client.authorization)
    fields.error(key,
                 "marathon_sd: at most one of auth_token, auth_token_file & "
                 "authorization must be configured");
}

}  // namespace prom::config
