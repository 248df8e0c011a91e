// hetzner_sd_configs: the servers of a project of Hetzner Cloud, or the
// dedicated servers of an account of Robot.
// https://docs.hetzner.cloud/  https://robot.hetzner.com/doc/webservice/
#include "libprom/config/sd/hetzner.h"

#include <map>

#include "libprom/base/letters.h"
#include "libprom/discover/api.h"
#include "libprom/discover/ip.h"
#include "libprom/discover/sd/makers_internal.h"

namespace prom::discover {
namespace {

constexpr std::string_view kPerPage = "50";
// What stands for an address that a server has not: upstream's text, since
// relabelling may know it.
constexpr std::string_view kNone = "<nil>";

std::string ip_or_none(const Json& text) {
  return canonical_ip(text.text()).value_or(std::string(kNone));
}

// The names of networks by their numbers.
using NetworkNames = std::multimap<std::int64_t, std::string>;

void set_networks(const Json& server, const NetworkNames& networks,
                  LabelsBuilder& labels) {
  for (const Json& own : server["private_net"].items()) {
    const auto [begin, end] = networks.equal_range(own["network"].integer());
    for (auto network = begin; network != end; ++network) {
      labels.set("__meta_hetzner_hcloud_private_ipv4_" +
                     sanitized_label_name(network->second),
                 ip_or_none(own["ip"]));
    }
  }
}

Labels hcloud_labels(const Json& server, const NetworkNames& networks,
                     std::int64_t port) {
  LabelsBuilder labels;
  const auto set = [&](std::string_view name, const std::string& value) {
    labels.set("__meta_hetzner_" + std::string(name), value);
  };
  const std::string ipv4 = ip_or_none(server["public_net"]["ipv4"]["ip"]);
  labels.set("__address__", host_port(ipv4, port));
  set("role", "hcloud");
  set("server_id", std::to_string(server["id"].integer()));
  set("server_name", server["name"].text());
  set("server_status", server["status"].text());
  set("public_ipv4", ipv4);
  set("public_ipv6_network",
      canonical_network(server["public_net"]["ipv6"]["ip"].text())
          .value_or(std::string(kNone)));
  const Json place = server["location"];
  for (const std::string prefix : {"hcloud_", "hcloud_datacenter_"}) {
    set(prefix + "location", place["name"].text());
    set(prefix + "location_network_zone", place["network_zone"].text());
  }
  const Json type = server["server_type"];
  set("hcloud_server_type", type["name"].text());
  set("hcloud_cpu_cores", std::to_string(type["cores"].integer()));
  set("hcloud_cpu_type", type["cpu_type"].text());
  set("hcloud_memory_size_gb", std::to_string(static_cast<std::int64_t>(
                                   type["memory"].number().value_or(0))));
  set("hcloud_disk_size_gb", std::to_string(type["disk"].integer()));
  for (const std::string name :
       {"name", "description", "os_version", "os_flavor"})
    set("hcloud_image_" + name, server["image"][name].text());
  set_networks(server, networks, labels);
  for (const auto& [name, value] : server["labels"].members()) {
    set("hcloud_label_" + sanitized_label_name(name), value.text());
    set("hcloud_labelpresent_" + sanitized_label_name(name), "true");
  }
  return labels.build();
}

Labels robot_labels(const Json& server, std::int64_t port) {
  LabelsBuilder labels;
  const auto set = [&](std::string_view name, const std::string& value) {
    labels.set("__meta_hetzner_" + std::string(name), value);
  };
  const std::string ip = server["server_ip"].text();
  const std::string datacenter = to_lower(server["dc"].text());
  labels.set("__address__", host_port(ip, port));
  set("role", "robot");
  set("server_id", std::to_string(server["server_number"].integer()));
  set("server_name", server["server_name"].text());
  set("server_status", server["status"].text());
  set("public_ipv4", ip);
  set("datacenter", datacenter);
  set("robot_datacenter", datacenter);
  set("robot_product", server["product"].text());
  set("robot_cancelled", server["cancelled"].flag() ? "true" : "false");
  for (const Json& subnet : server["subnet"].items()) {
    if (is_ipv4(subnet["ip"].text())) continue;
    set("public_ipv6_network",
        subnet["ip"].text() + "/" + subnet["mask"].text());
    break;
  }
  return labels.build();
}

class Hetzner : public Poller {
 public:
  Hetzner(const config::HetznerSdConfig& config, Surroundings& around)
      : Poller(http::safe_url(config.role == "robot" ? config.robot_url
                                                     : config.hcloud_url),
               config.refresh_interval_ms, around),
        config_(config) {}

  [[nodiscard]] std::string_view name() const override { return "hetzner"; }

 protected:
  Task<Result<Groups>> poll() override {
    return config_.role == "robot" ? poll_robot() : poll_hcloud();
  }

 private:
  // All elements of a list of Hetzner Cloud, whose answers name it.
  Task<Result<std::vector<Json>>> list(std::string name, std::string selector) {
    const auto query = [selector](std::int64_t page) {
      return (selector.empty()
                  ? ""
                  : to_query({{"label_selector", selector}}) + "&") +
             to_query({{"page", std::to_string(page)},
                       {"per_page", std::string(kPerPage)}});
    };
    const NextPage next = [query](const Page& page) {
      const auto number =
          page.body["meta"]["pagination"]["next_page"].integer();
      return number <= 0 ? std::nullopt : std::optional(query(number));
    };
    auto request = api_request(config_.client,
                               config_.hcloud_url + "/" + name + "?" + query(1),
                               interval_ms());
    if (!request) co_return fail(std::move(request).error());
    Task<Result<std::vector<Json>>> fetch =
        fetch_pages(async(), *std::move(request), name, next);
    Result<std::vector<Json>> all = co_await fetch;
    if (!all) co_return fail(std::move(all).error().in(name));
    co_return all;
  }

  Task<Result<Groups>> poll_hcloud() {
    Task<Result<std::vector<Json>>> list_servers =
        list("servers", config_.label_selector);
    const Result<std::vector<Json>> servers = co_await list_servers;
    if (!servers) co_return fail(servers.error());
    Task<Result<std::vector<Json>>> list_networks = list("networks", "");
    const Result<std::vector<Json>> networks = co_await list_networks;
    if (!networks) co_return fail(networks.error());
    NetworkNames names;
    for (const Json& network : *networks)
      names.emplace(network["id"].integer(), network["name"].text());
    config::TargetGroup group;
    group.source = "hetzner";
    for (const Json& server : *servers)
      group.targets.push_back(hcloud_labels(server, names, config_.port));
    co_return Groups{std::move(group)};
  }

  Task<Result<Groups>> poll_robot() {
    Task<Result<Json>> fetch = fetch_json(
        async(), config_.client, config_.robot_url + "/server", interval_ms());
    const Result<Json> answer = co_await fetch;
    if (!answer) co_return fail(answer.error());
    const auto servers = objects_of(*answer);
    if (!servers) co_return fail(servers.error());
    config::TargetGroup group;
    group.source = "hetzner";
    for (const Json& server : *servers)
      group.targets.push_back(robot_labels(server["server"], config_.port));
    co_return Groups{std::move(group)};
  }

  const config::HetznerSdConfig config_;
};

}  // namespace

Made make_hetzner(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<Hetzner>(
      static_cast<const config::HetznerSdConfig&>(config), around);
}

}  // namespace prom::discover
