#include "libprom/config/sd/outscale.h"

#include "libprom/config/sd/readers_internal.h"

namespace prom::config {

void read_sd(Fields& fields, OutscaleSdConfig& into) {
  fields.text("region", into.region);
  fields.text("endpoint", into.endpoint);
  fields.text("access_key", into.access_key);
  fields.secret("secret_key", into.secret_key);
  fields.path("secret_key_file", into.secret_key_file);
  read_polled(fields, into);
  if (into.region.empty())
    fields.error("region", "outscale SD configuration requires a region");
  if (into.access_key.empty())
    fields.error("access_key", "outscale SD configuration requires access_key");
  const bool has_key = !into.secret_key.empty();
  const bool has_file = !into.secret_key_file.empty();
  if (!has_key && !has_file)
    fields.error("secret_key",
                 "one of secret_key & secret_key_file must be configured");
  if (has_key && has_file)
    fields.error(
        "secret_key_file",
        "at most one of secret_key & secret_key_file must be configured");
  if (into.endpoint.empty())
    into.endpoint = "https://api." + into.region + ".outscale.com/api/v1";
}

}  // namespace prom::config
