#include "libprom/config/sd/openstack.h"

#include "libprom/base/utf8.h"
#include "libprom/config/sd/readers_internal.h"

namespace prom::config {

void read_sd(Fields& fields, OpenstackSdConfig& into) {
  fields.text("identity_endpoint", into.identity_endpoint);
  fields.text("username", into.username);
  fields.text("userid", into.user_id);
  fields.secret("password", into.password);
  fields.text("project_name", into.project_name);
  fields.text("project_id", into.project_id);
  fields.text("domain_name", into.domain_name);
  fields.text("domain_id", into.domain_id);
  fields.text("application_credential_name", into.application_credential_name);
  fields.text("application_credential_id", into.application_credential_id);
  fields.secret("application_credential_secret",
                into.application_credential_secret);
  fields.text("role", into.role);
  fields.text("region", into.region);
  fields.duration("refresh_interval", into.refresh_interval_ms);
  fields.integer("port", into.port);
  fields.flag("all_tenants", into.all_tenants);
  fields.text("availability", into.availability);
  read_tls(fields, "tls_config", into.client.tls);
  if (into.availability != "public" && into.availability != "internal" &&
      into.availability != "admin")
    fields.error("availability", "unknown availability " +
                                     printable(into.availability) +
                                     ", must be one of admin, internal or "
                                     "public");
  if (into.role.empty())
    fields.error("role",
                 "role missing (one of: instance, hypervisor, loadbalancer)");
  else if (into.role != "hypervisor" && into.role != "instance" &&
           into.role != "loadbalancer")
    fields.error("role", "unknown OpenStack SD role " + quote(into.role));
  if (into.region.empty())
    fields.error("region", "openstack SD configuration requires a region");
}

}  // namespace prom::config
