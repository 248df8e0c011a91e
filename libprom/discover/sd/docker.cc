// docker_sd_configs: the containers of one Docker Engine.
#include <map>

#include "libprom/discover/mechanism.h"
#include "libprom/discover/sd/docker_api_internal.h"
#include "libprom/discover/sd/makers_internal.h"

namespace prom::discover {
namespace {

// A container may use the network of one that uses the network of another.
constexpr int kSharedNetworksMax = 32;

using ById = std::map<std::string, Json>;

class Docker : public Poller {
 public:
  Docker(const config::DockerSdConfig& config, Surroundings& around)
      : Poller(docker_place(config.docker), config.docker.refresh_interval_ms,
               around),
        config_(config),
        api_(config_.docker, around.async) {}

  [[nodiscard]] std::string_view name() const override { return "docker"; }

 protected:
  Task<Result<Groups>> poll() override {
    Task<Status> agreement = api_.agree();
    const Status agreed = co_await agreement;
    if (!agreed) co_return fail(agreed.error());
    Task<Result<std::vector<Json>>> list = api_.list("/containers/json", true);
    const auto containers = co_await list;
    if (!containers) co_return fail(containers.error());
    list = api_.list("/networks", false);
    const auto networks = co_await list;
    if (!networks) co_return fail(networks.error());
    Groups groups;
    config::TargetGroup& group = groups.emplace_back();
    group.source = "Docker";
    ById by_id;
    for (const Json& container : *containers)
      by_id[container["Id"].text()] = container;
    const LabelsById labels = network_labels(*networks, "__meta_docker_");
    for (const Json& container : *containers) {
      if (container["Names"].items().empty()) continue;
      for (const Json& network : networks_of(container, by_id))
        add_targets(container, network, labels, group.targets);
    }
    co_return groups;
  }

 private:
  // Those it is reached through: its own, or of the container that it shares
  // networks with; the first by name when the configuration says so.
  [[nodiscard]] std::vector<Json> networks_of(const Json& container,
                                              const ById& by_id) const {
    constexpr std::string_view kShared = "container:";
    Json owner = container;
    for (int i = 0; i < kSharedNetworksMax; ++i) {
      const std::string mode = owner["HostConfig"]["NetworkMode"].text();
      if (!owner["NetworkSettings"]["Networks"].members().empty() ||
          !mode.starts_with(kShared))
        break;
      const auto other = by_id.find(mode.substr(kShared.size()));
      if (other == by_id.end()) break;
      owner = other->second;
    }
    std::vector<Json> networks;
    for (auto& [name, network] : owner["NetworkSettings"]["Networks"].members())
      if (network.is_object()) networks.push_back(std::move(network));
    if (config_.match_first_network && networks.size() > 1) networks.resize(1);
    return networks;
  }

  void add_targets(const Json& container, const Json& network,
                   const LabelsById& network_labels,
                   std::vector<Labels>& targets) const {
    std::string ip = network["IPAddress"].text();
    if (ip.empty()) ip = network["GlobalIPv6Address"].text();
    const std::string mode = container["HostConfig"]["NetworkMode"].text();
    LabelsBuilder common;
    common.set("__meta_docker_network_ip", ip)
        .set("__meta_docker_container_id", container["Id"].text())
        .set("__meta_docker_container_name", container["Names"][0].text())
        .set("__meta_docker_container_network_mode", mode)
        .set("__meta_docker_container_image", container["Image"].text())
        .set("__meta_docker_container_image_id", container["ImageID"].text());
    add_labels(container["Labels"], "__meta_docker_container_label_", common);
    add_labels(network_labels, network["NetworkID"].text(), common);
    const std::size_t before = targets.size();
    for (const Json& port : container["Ports"].items()) {
      if (port["Type"].text() != "tcp") continue;
      const std::string private_port =
          std::to_string(port["PrivatePort"].integer());
      LabelsBuilder labels = common;
      labels.set("__address__", host_port(ip, private_port))
          .set("__meta_docker_port_private", private_port);
      if (const std::int64_t number = port["PublicPort"].integer();
          number > 0) {
        labels.set("__meta_docker_port_public", std::to_string(number))
            .set("__meta_docker_port_public_ip", port["IP"].text());
      }
      targets.push_back(labels.build());
    }
    if (targets.size() != before) return;
    // On the host's network there are no ports.
    common.set("__address__", mode == "host"
                                  ? config_.host_networking_host
                                  : host_port(ip, config_.docker.port));
    targets.push_back(common.build());
  }

  const config::DockerSdConfig config_;
  DockerApi api_;
};

}  // namespace

Made make_docker(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<Docker>(
      static_cast<const config::DockerSdConfig&>(config), around);
}

}  // namespace prom::discover
