// marathon_sd_configs: the tasks of the apps that run on a Marathon.
#include "libprom/config/sd/marathon.h"

#include <random>

#include "libprom/discover/api.h"
#include "libprom/discover/sd/makers_internal.h"
#include "libprom/os/file.h"

namespace prom::discover {
namespace {

// What an app says about one of its ports.  0: the task knows which it is.
struct Port {
  std::int64_t number = 0;
  Json labels = {};
};

struct Ports {
  std::vector<Port> list;
  std::string prefix;  // of the labels
};

Ports ports_of(const Json& app, bool in_container_network) {
  Ports ports;
  // Since Marathon 1.5 the mappings stand outside of "docker".
  std::vector<Json> mappings = app["container"]["portMappings"].items();
  if (mappings.empty())
    mappings = app["container"]["docker"]["portMappings"].items();
  for (const Json& mapping : mappings) {
    ports.list.push_back(
        {mapping[in_container_network ? "containerPort" : "hostPort"].integer(),
         mapping["labels"]});
  }
  ports.prefix = "__meta_marathon_port_mapping_label_";
  if (!ports.list.empty()) return ports;
  // Unless the app insists on its ports, these are those of a load balancer.
  const bool are_real = app["requirePorts"].flag();
  for (const Json& definition : app["portDefinitions"].items()) {
    ports.list.push_back(
        {are_real ? definition["port"].integer() : 0, definition["labels"]});
  }
  ports.prefix = "__meta_marathon_port_definition_label_";
  return ports;
}

void add_targets(const Json& app, std::vector<Labels>& targets) {
  const bool in_container_network =
      app["networks"][0]["mode"].text() == "container";
  Ports ports = ports_of(app, in_container_network);
  for (const Json& task : app["tasks"].items()) {
    const std::vector<Json> task_ports = task["ports"].items();
    if (ports.list.empty()) {
      for (const Json& port : task_ports)
        ports.list.push_back({.number = port.integer()});
    }
    std::string host = task["host"].text();
    const Json addresses = task["ipAddresses"];
    if (in_container_network && !addresses.items().empty())
      host = addresses[0]["ipAddress"].text();
    for (std::size_t i = 0; i < ports.list.size(); ++i) {
      const Port& port = ports.list[i];
      const bool task_knows =
          port.number == 0 && task_ports.size() == ports.list.size();
      LabelsBuilder labels;
      labels
          .set("__address__",
               host_port(host,
                         task_knows ? task_ports[i].integer() : port.number))
          .set("__meta_marathon_task", task["id"].text())
          .set("__meta_marathon_port_index", std::to_string(i));
      for (const auto& [name, value] : port.labels.members())
        labels.set(ports.prefix + sanitized_label_name(name), value.text());
      targets.push_back(labels.build());
    }
  }
}

config::TargetGroup group_of(const Json& app) {
  config::TargetGroup group;
  group.source = app["id"].text();
  LabelsBuilder labels;
  labels.set("__meta_marathon_app", group.source)
      .set("__meta_marathon_image", app["container"]["docker"]["image"].text());
  for (const auto& [name, value] : app["labels"].members())
    labels.set("__meta_marathon_app_label_" + sanitized_label_name(name),
               value.text());
  group.labels = labels.build();
  add_targets(app, group.targets);
  return group;
}

std::string places(const std::vector<std::string>& servers) {
  std::string places;
  for (const std::string& server : servers)
    places += (places.empty() ? "" : ",") + http::safe_url(server);
  return places;
}

class Marathon : public Poller {
 public:
  Marathon(const config::MarathonSdConfig& config, Surroundings& around)
      : Poller(places(config.servers), config.refresh_interval_ms, around),
        config_(config) {}

  [[nodiscard]] std::string_view name() const override { return "marathon"; }

 protected:
  Task<Result<Groups>> poll() override {
    const std::size_t choice = std::uniform_int_distribution<std::size_t>(
        0, config_.servers.size() - 1)(random_);
    auto request = api_request(
        config_.client, config_.servers[choice] + "/v2/apps/?embed=apps.tasks",
        interval_ms());
    if (!request) co_return fail(std::move(request).error());
    Result<std::string> token = auth_token();
    if (!token) co_return fail(std::move(token).error());
    if (!token->empty())
      request->headers.emplace_back("Authorization", "token=" + *token);
    Task<Result<Json>> fetch = fetch_json(async(), *std::move(request));
    const Result<Json> answer = co_await fetch;
    if (!answer) co_return fail(answer.error());
    if (!answer->is_object())
      co_return fail(Code::kBadData, "the answer is no list of apps");
    Groups groups;
    for (const Json& app : (*answer)["apps"].items())
      groups.push_back(group_of(app));
    co_return groups;
  }

 private:
  // DC/OS wants it in a way of its own.
  [[nodiscard]] Result<std::string> auth_token() const {
    if (config_.auth_token_file.empty()) return config_.auth_token.reveal();
    auto token =
        os::read_file(config_.auth_token_file, config::kSecretFileBytesMax);
    if (!token) return fail(std::move(token).error());
    const std::size_t begin = token->find_first_not_of(" \t\r\n");
    if (begin == std::string::npos) return std::string();
    return token->substr(begin, token->find_last_not_of(" \t\r\n") - begin + 1);
  }

  const config::MarathonSdConfig config_;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace

Made make_marathon(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<Marathon>(
      static_cast<const config::MarathonSdConfig&>(config), around);
}

}  // namespace prom::discover
