#include "libprom/config/sd/ovhcloud.h"

#include "libprom/base/utf8.h"
#include "libprom/config/sd/readers_internal.h"

namespace prom::config {

void read_sd(Fields& fields, OvhcloudSdConfig& into) {
  fields.text("endpoint", into.endpoint);
  fields.text("application_key", into.application_key);
  fields.secret("application_secret", into.application_secret);
  fields.secret("consumer_key", into.consumer_key);
  fields.text("service", into.service);
  fields.duration("refresh_interval", into.refresh_interval_ms);
  if (into.endpoint.empty())
    fields.error("endpoint", "endpoint can not be empty");
  if (into.application_key.empty())
    fields.error("application_key", "application key can not be empty");
  if (into.application_secret.empty())
    fields.error("application_secret", "application secret can not be empty");
  if (into.consumer_key.empty())
    fields.error("consumer_key", "consumer key can not be empty");
  if (into.service != "dedicated_server" && into.service != "vps")
    fields.error("service", "unknown service: " + printable(into.service));
}

}  // namespace prom::config
