// ionos_sd_configs: the servers of a data center of IONOS Cloud.
// https://api.ionos.com/docs/cloud/v6/#tag/Servers
#include "libprom/config/sd/ionos.h"

#include <map>

#include "libprom/discover/api.h"
#include "libprom/discover/sd/makers_internal.h"
#include "libprom/http/target.h"

namespace prom::discover {
namespace {

constexpr std::string_view kNameless = "unnamed";

using Texts = std::vector<std::string>;

// What is known of the interfaces of a server; those of later ones come first.
struct Interfaces {
  Texts ips;
  std::map<std::string, Texts> ips_by_name;
};

Interfaces interfaces_of(const Json& server) {
  Interfaces all;
  for (const Json& interface : server["entities"]["nics"]["items"].items()) {
    const Json properties = interface["properties"];
    if (properties.is_null()) continue;
    const std::string name = properties["name"].is_null()
                                 ? std::string(kNameless)
                                 : properties["name"].text();
    Texts ips;
    for (const Json& ip : properties["ips"].items()) ips.push_back(ip.text());
    Texts& of_name = all.ips_by_name[name];
    all.ips.insert(all.ips.begin(), ips.begin(), ips.end());
    of_name.insert(of_name.begin(), ips.begin(), ips.end());
  }
  return all;
}

std::optional<Labels> labels_of(const Json& server, const std::string& list_id,
                                std::int64_t port) {
  const Interfaces interfaces = interfaces_of(server);
  if (interfaces.ips.empty()) return std::nullopt;
  LabelsBuilder labels;
  const auto set = [&](std::string_view name, const std::string& value) {
    labels.set("__meta_ionos_server_" + std::string(name), value);
  };
  const Json properties = server["properties"];
  labels.set("__address__", host_port(interfaces.ips.front(), port));
  set("ip", framed(interfaces.ips, ","));
  set("availability_zone", properties["availabilityZone"].text());
  set("cpu_family", properties["cpuFamily"].text());
  set("servers_id", list_id);
  set("id", server["id"].text());
  set("lifecycle", server["metadata"]["state"].text());
  set("name", properties["name"].text());
  set("state", properties["vmState"].text());
  set("type", properties["type"].text());
  for (const auto& [name, ips] : interfaces.ips_by_name)
    set("nic_ip_" + sanitized_label_name(name), framed(ips, ",", ",,"));
  set("boot_cdrom_id", properties["bootCdrom"]["id"].text());
  set("boot_volume_id", properties["bootVolume"]["id"].text());
  set("boot_image_id",
      server["entities"]["volumes"]["items"][0]["properties"]["image"].text());
  return labels.build();
}

class Ionos : public Poller {
 public:
  Ionos(const config::IonosSdConfig& config, Surroundings& around)
      : Poller(http::safe_url(url_of(config)), config.refresh_interval_ms,
               around),
        config_(config) {}

  [[nodiscard]] std::string_view name() const override { return "ionos"; }

 protected:
  Task<Result<Groups>> poll() override {
    Task<Result<Json>> fetch =
        fetch_json(async(), config_.client, url_of(config_), interval_ms());
    const Result<Json> answer = co_await fetch;
    if (!answer) co_return fail(answer.error());
    if (!answer->is_object())
      co_return fail(Code::kBadData, "unexpected answer: no object");
    const auto servers = objects_of((*answer)["items"]);
    if (!servers) co_return fail(servers.error());
    const std::string list_id = (*answer)["id"].text();
    config::TargetGroup group;
    group.source = "ionos";
    for (const Json& server : *servers) {
      if (auto labels = labels_of(server, list_id, config_.port))
        group.targets.push_back(*std::move(labels));
    }
    co_return Groups{std::move(group)};
  }

 private:
  // With the entities of servers and their properties: a depth of 3.
  static std::string url_of(const config::IonosSdConfig& config) {
    return config.api_url + "/cloudapi/v6/datacenters/" +
           http::percent_encode(config.datacenter_id) +
           "/servers?depth=3&limit=1000&offset=0";
  }

  const config::IonosSdConfig config_;
};

}  // namespace

Made make_ionos(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<Ionos>(
      static_cast<const config::IonosSdConfig&>(config), around);
}

}  // namespace prom::discover
