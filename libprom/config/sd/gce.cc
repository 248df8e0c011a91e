#include "libprom/config/sd/gce.h"

#include "libprom/config/sd/readers_internal.h"

namespace prom::config {

void read_sd(Fields& fields, GceSdConfig& into) {
  fields.text("project", into.project);
  fields.text("zone", into.zone);
  fields.text("filter", into.filter);
  fields.duration("refresh_interval", into.refresh_interval_ms);
  fields.integer("port", into.port);
  fields.text("tag_separator", into.tag_separator);
  if (into.project.empty())
    fields.error("project", "GCE SD configuration requires a project");
  if (into.zone.empty())
    fields.error("zone", "GCE SD configuration requires a zone");
}

}  // namespace prom::config
