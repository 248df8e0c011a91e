// serverset_sd_configs: members of Twitter's serversets, as Finagle and Aurora
// announce them.
#include "libprom/discover/api.h"
#include "libprom/discover/sd/makers_internal.h"
#include "libprom/discover/sd/zookeeper_members_internal.h"

namespace prom::discover {
namespace {

bool add_endpoint(const Json& endpoint, const std::string& suffix,
                  LabelsBuilder& labels) {
  const auto port = whole_number(member(endpoint, "port"));
  if (!port) return false;
  const std::string prefix = "__meta_serverset_endpoint";
  labels.set(prefix + "_host" + suffix, member(endpoint, "host").text())
      .set(prefix + "_port" + suffix, std::to_string(*port));
  return true;
}

std::optional<Labels> read(const Json& data, const std::string& path) {
  const auto shard = whole_number(member(data, "shard"));
  if (!data.is_object() || !shard) return std::nullopt;
  const Json endpoint = member(data, "serviceendpoint");
  LabelsBuilder labels;
  if (!add_endpoint(endpoint, "", labels)) return std::nullopt;
  for (const auto& [name, other] :
       member(data, "additionalendpoints").members()) {
    if (!add_endpoint(other, "_" + sanitized_label_name(name), labels))
      return std::nullopt;
  }
  labels
      .set("__address__", host_port(member(endpoint, "host").text(),
                                    member(endpoint, "port").integer()))
      .set("__meta_serverset_path", path)
      .set("__meta_serverset_status", member(data, "status").text())
      .set("__meta_serverset_shard", std::to_string(*shard));
  return labels.build();
}

}  // namespace

Made make_serverset(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<ZookeeperMembers>(
      "serverset",
      static_cast<const config::ServersetSdConfig&>(config).zookeeper, read,
      around);
}

}  // namespace prom::discover
