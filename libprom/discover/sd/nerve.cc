// nerve_sd_configs: members that Airbnb's Nerve announces.
#include "libprom/discover/api.h"
#include "libprom/discover/sd/makers_internal.h"
#include "libprom/discover/sd/zookeeper_members_internal.h"

namespace prom::discover {
namespace {

std::optional<Labels> read(const Json& data, const std::string& path) {
  const auto port = whole_number(member(data, "port"));
  if (!data.is_object() || !port) return std::nullopt;
  const std::string host = member(data, "host").text();
  LabelsBuilder labels;
  labels.set("__address__", host_port(host, *port))
      .set("__meta_nerve_path", path)
      .set("__meta_nerve_endpoint_host", host)
      .set("__meta_nerve_endpoint_port", std::to_string(*port))
      .set("__meta_nerve_endpoint_name", member(data, "name").text());
  return labels.build();
}

}  // namespace

Made make_nerve(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<ZookeeperMembers>(
      "nerve", static_cast<const config::NerveSdConfig&>(config).zookeeper,
      read, around);
}

}  // namespace prom::discover
