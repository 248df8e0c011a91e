#include "libprom/config/sd/triton.h"

#include "libprom/config/sd/readers_internal.h"

namespace prom::config {

void read_sd(Fields& fields, TritonSdConfig& into) {
  fields.text("account", into.account);
  fields.text("role", into.role);
  fields.text("dns_suffix", into.dns_suffix);
  fields.text("endpoint", into.endpoint);
  fields.texts("groups", into.groups);
  fields.integer("port", into.port);
  fields.integer("version", into.version);
  fields.duration("refresh_interval", into.refresh_interval_ms);
  read_tls(fields, "tls_config", into.client.tls);
  const auto require = [&](bool holds, std::string_view key,
                           std::string_view what) {
    if (!holds)
      fields.error(key,
                   "triton SD configuration requires " + std::string(what));
  };
  require(into.role == "container" || into.role == "cn", "role",
          "role to be 'container' or 'cn'");
  require(!into.account.empty(), "account", "an account");
  require(!into.dns_suffix.empty(), "dns_suffix", "a dns_suffix");
  require(!into.endpoint.empty(), "endpoint", "an endpoint");
  require(into.refresh_interval_ms > 0, "refresh_interval",
          "RefreshInterval to be a positive integer");
}

}  // namespace prom::config
