#include "libprom/config/sd/oci.h"

#include "libprom/base/utf8.h"
#include "libprom/config/sd/readers_internal.h"

namespace prom::config {
namespace {

void check_api_key(Fields& fields, const OciSdConfig& config) {
  const auto require = [&](std::string_view key, const std::string& value) {
    if (value.empty())
      fields.error(key, "oci_sd: api_key auth requires " + std::string(key));
  };
  require("tenancy", config.tenancy);
  require("user", config.user);
  require("fingerprint", config.fingerprint);
  require("key_file", config.key_file);
  if (!config.key_passphrase.empty() && !config.key_passphrase_file.empty())
    fields.error("key_passphrase_file",
                 "oci_sd: at most one of key_passphrase and "
                 "key_passphrase_file must be configured");
}

}  // namespace

void read_sd(Fields& fields, OciSdConfig& into) {
  fields.text("auth", into.auth);
  fields.text("tenancy", into.tenancy);
  fields.text("user", into.user);
  fields.text("fingerprint", into.fingerprint);
  fields.path("key_file", into.key_file);
  fields.secret("key_passphrase", into.key_passphrase);
  fields.path("key_passphrase_file", into.key_passphrase_file);
  fields.text("region", into.region);
  fields.texts("compartments", into.compartments);
  fields.integer("port", into.port);
  fields.duration("refresh_interval", into.refresh_interval_ms);
  read_http_client(fields, into.client);
  if (into.region.empty()) fields.error("region", "oci_sd: region is required");
  if (into.auth == "api_key") {
    check_api_key(fields, into);
  } else if (into.auth != "instance_principal") {
    fields.error("auth", "oci_sd: unknown auth method " + quote(into.auth) +
                             ", expected \"api_key\" or "
                             "\"instance_principal\"");
  } else if (!into.tenancy.empty() || !into.user.empty() ||
             !into.fingerprint.empty() || !into.key_file.empty() ||
             !into.key_passphrase.empty() ||
             !into.key_passphrase_file.empty()) {
    fields.error("auth",
                 "oci_sd: instance_principal auth must not have tenancy, "
                 "user, fingerprint, key_file, key_passphrase, or "
                 "key_passphrase_file set");
  }
  for (std::size_t i = 0; i < into.compartments.size(); ++i) {
    if (into.compartments[i].empty())
      fields.error("compartments", "oci_sd: compartments[" + std::to_string(i) +
                                       "] must not be empty");
  }
  if (into.refresh_interval_ms <= 0)
    fields.error("refresh_interval",
                 "oci_sd: refresh_interval must be positive, got 0s");
}

}  // namespace prom::config
