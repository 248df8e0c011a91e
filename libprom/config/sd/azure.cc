#include "libprom/config/sd/azure.h"

#include "libprom/base/utf8.h"
#include "libprom/config/sd/readers_internal.h"

namespace prom::config {

void read_sd(Fields& fields, AzureSdConfig& into) {
  fields.text("environment", into.environment);
  fields.integer("port", into.port);
  fields.text("subscription_id", into.subscription_id);
  fields.text("tenant_id", into.tenant_id);
  fields.text("client_id", into.client_id);
  fields.secret("client_secret", into.client_secret);
  fields.duration("refresh_interval", into.refresh_interval_ms);
  fields.text("authentication_method", into.authentication_method);
  fields.text("resource_group", into.resource_group);
  read_http_client(fields, into.client);
  const auto require = [&](std::string_view key, bool is_there) {
    if (!is_there)
      fields.error(key,
                   "azure SD configuration requires a " + std::string(key));
  };
  require("subscription_id", !into.subscription_id.empty());
  const std::string& method = into.authentication_method;
  if (method == "OAuth") {
    require("tenant_id", !into.tenant_id.empty());
    require("client_id", !into.client_id.empty());
    require("client_secret", !into.client_secret.empty());
  } else if (method != "ManagedIdentity" && method != "SDK" &&
             method != "WorkloadIdentity") {
    fields.error("authentication_method",
                 "unknown authentication_type " + quote(method) +
                     ". Supported types are \"OAuth\", \"ManagedIdentity\", "
                     "\"SDK\" or \"WorkloadIdentity\"");
  }
}

}  // namespace prom::config
