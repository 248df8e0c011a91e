#include "libprom/config/sd/zookeeper.h"

#include "libprom/base/utf8.h"
#include "libprom/config/sd/readers_internal.h"

namespace prom::config {
namespace {

void read_paths(Fields& fields, const std::string& what, ZookeeperPaths& into) {
  fields.texts("servers", into.servers);
  fields.texts("paths", into.paths);
  fields.duration("timeout", into.timeout_ms);
  if (into.servers.empty())
    fields.error("servers", what +
                                " SD config must contain at least one "
                                "Zookeeper server");
  if (into.paths.empty())
    fields.error("paths", what + " SD config must contain at least one path");
  for (const std::string& path : into.paths) {
    if (!path.starts_with('/'))
      fields.error("paths", what + " SD config paths must begin with '/': " +
                                printable(path));
  }
}

}  // namespace

void read_sd(Fields& fields, ServersetSdConfig& into) {
  read_paths(fields, "serverset", into.zookeeper);
}

void read_sd(Fields& fields, NerveSdConfig& into) {
  read_paths(fields, "nerve", into.zookeeper);
}

}  // namespace prom::config
