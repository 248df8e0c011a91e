#include "libprom/config/sd/docker.h"

#include "libprom/base/utf8.h"
#include "libprom/config/sd/readers_internal.h"

namespace prom::config {
namespace {

// unix:// needs a path, everything else a host.
bool is_docker_host(const std::string& host) {
  const std::size_t colon = host.find("://");
  if (colon == std::string::npos) return false;
  const std::string scheme = host.substr(0, colon);
  if (scheme == "unix") return host.size() > colon + 3;
  if (scheme == "tcp") return url_problem("http" + host.substr(colon)).empty();
  return url_problem(host).empty();
}

void read_host(Fields& fields, DockerHost& into) {
  fields.text("host", into.host);
  fields.integer("port", into.port);
  fields.each("filters", [&](const YamlNode& node) {
    Fields filter(fields.file(), node, "filters");
    auto& [name, values] = into.filters.emplace_back();
    filter.text("name", name);
    filter.texts("values", values);
    filter.done();
  });
  fields.duration("refresh_interval", into.refresh_interval_ms);
  read_http_client(fields, into.client);
  if (into.host.empty())
    fields.error("host", "host missing");
  else if (!is_docker_host(into.host))
    fields.error("host",
                 "host must be unix:///path, tcp://host:port, http:// or "
                 "https://");
}

}  // namespace

void read_sd(Fields& fields, DockerSdConfig& into) {
  read_host(fields, into.docker);
  fields.text("host_networking_host", into.host_networking_host);
  fields.flag("match_first_network", into.match_first_network);
}

void read_sd(Fields& fields, DockerswarmSdConfig& into) {
  read_host(fields, into.docker);
  fields.text("role", into.role);
  if (into.role.empty())
    fields.error("role", "role missing (one of: tasks, services, nodes)");
  else if (into.role != "services" && into.role != "tasks" &&
           into.role != "nodes")
    fields.error("role", "invalid role " + printable(into.role) +
                             ", expected tasks, services, or nodes");
}

}  // namespace prom::config
