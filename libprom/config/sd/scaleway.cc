#include "libprom/config/sd/scaleway.h"

#include "libprom/base/utf8.h"
#include "libprom/config/sd/readers_internal.h"

namespace prom::config {
namespace {

bool matches(const std::string& text, std::string_view pattern) {
  return Regex::compile(pattern).value().matches(text);
}

bool is_uuid(const std::string& text) {
  return matches(text, "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");
}

}  // namespace

void read_sd(Fields& fields, ScalewaySdConfig& into) {
  fields.text("role", into.role);
  fields.text("api_url", into.api_url);
  fields.text("zone", into.zone);
  fields.text("project_id", into.project_id);
  fields.text("access_key", into.access_key);
  fields.secret("secret_key", into.secret_key);
  fields.path("secret_key_file", into.secret_key_file);
  fields.text("name_filter", into.name_filter);
  fields.texts("tags_filter", into.tags_filter);
  read_polled(fields, into);
  if (into.role.empty()) {
    fields.error("role", "role missing (one of: instance, baremetal)");
  } else if (into.role != "instance" && into.role != "baremetal") {
    fields.error("role", "unknown role " + quote(into.role));
  }
  if (into.project_id.empty()) {
    fields.error("project_id", "project_id is mandatory");
  } else if (!is_uuid(into.project_id)) {
    fields.error("project_id", "invalid project ID format " +
                                   quote(into.project_id) +
                                   ", expected a UUID");
  }
  const bool has_key = !into.secret_key.empty();
  const bool has_file = !into.secret_key_file.empty();
  if (!has_key && !has_file) {
    fields.error("secret_key",
                 "one of secret_key & secret_key_file must be configured");
  } else if (has_key && has_file) {
    fields.error(
        "secret_key_file",
        "at most one of secret_key & secret_key_file must be configured");
  } else if (has_key && !is_uuid(into.secret_key.reveal())) {
    fields.error("secret_key", "invalid secret key format, expected a UUID");
  }
  if (into.access_key.empty()) {
    fields.error("access_key", "access_key is mandatory");
  } else if (!matches(into.access_key, "SCW[A-Z0-9]{17}")) {
    fields.error("access_key", "invalid access key format " +
                                   quote(into.access_key) +
                                   ", expected SCWXXXXXXXXXXXXXXXXX format");
  }
  if (!matches(into.zone, "[a-z]{2}-[a-z]{3,7}-[0-9]{1,2}"))
    fields.error("zone", "invalid default zone format " + quote(into.zone));
  if (std::string problem = url_problem(into.api_url); !problem.empty())
    fields.error("api_url", "invalid url: " + problem);
}

}  // namespace prom::config
