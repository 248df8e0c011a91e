#include "libprom/config/sd/stackit.h"

#include "libprom/base/utf8.h"
#include "libprom/config/sd/readers_internal.h"

namespace prom::config {

// The paths are those of the process, not of the configuration, as upstream
// has it.
void read_sd(Fields& fields, StackitSdConfig& into) {
  fields.text("project", into.project);
  fields.text("region", into.region);
  fields.text("endpoint", into.endpoint);
  fields.secret("service_account_key", into.service_account_key);
  fields.text("service_account_key_path", into.service_account_key_path);
  fields.secret("private_key", into.private_key);
  fields.text("private_key_path", into.private_key_path);
  fields.text("credentials_file_path", into.credentials_file_path);
  read_polled(fields, into);
  if (into.endpoint.empty() && into.region.empty())
    fields.error("endpoint", "stackit_sd: endpoint and region missing");
  if (into.endpoint.empty()) return;
  if (std::string problem = url_problem(into.endpoint); !problem.empty()) {
    fields.error("endpoint", "stackit_sd: invalid endpoint " +
                                 quote(into.endpoint) + ": " + problem);
  }
}

}  // namespace prom::config
