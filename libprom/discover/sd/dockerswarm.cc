// dockerswarm_sd_configs: the services, tasks or nodes of a Docker Swarm.
#include "libprom/discover/mechanism.h"
#include "libprom/discover/sd/docker_api_internal.h"
#include "libprom/discover/sd/makers_internal.h"

namespace prom::discover {
namespace {

const std::string kPrefix = "__meta_dockerswarm_";

std::string mode_of(const Json& service) {
  const Json mode = service["Spec"]["Mode"];
  if (mode["Global"].is_object()) return "global";
  return mode["Replicated"].is_object() ? "replicated" : "";
}

// What a service says about itself, and what its tasks say about it.
LabelsBuilder service_labels(const Json& service) {
  LabelsBuilder labels;
  labels.set(kPrefix + "service_id", service["ID"].text())
      .set(kPrefix + "service_name", service["Spec"]["Name"].text())
      .set(kPrefix + "service_mode", mode_of(service));
  add_labels(service["Spec"]["Labels"], kPrefix + "service_label_", labels);
  return labels;
}

LabelsBuilder node_labels(const Json& node) {
  const Json& spec = node["Spec"];
  const Json platform = node["Description"]["Platform"];
  LabelsBuilder labels;
  labels.set(kPrefix + "node_id", node["ID"].text())
      .set(kPrefix + "node_role", spec["Role"].text())
      .set(kPrefix + "node_address", node["Status"]["Addr"].text())
      .set(kPrefix + "node_availability", spec["Availability"].text())
      .set(kPrefix + "node_hostname", node["Description"]["Hostname"].text())
      .set(kPrefix + "node_platform_architecture",
           platform["Architecture"].text())
      .set(kPrefix + "node_platform_os", platform["OS"].text())
      .set(kPrefix + "node_status", node["Status"]["State"].text());
  add_labels(spec["Labels"], kPrefix + "node_label_", labels);
  return labels;
}

// Everything that the targets of one look are made of.
struct Swarm {
  std::vector<Json> objects;  // of the role
  LabelsById networks, nodes, services;
  std::map<std::string, Json> ports;  // of services
};

class Dockerswarm : public Poller {
 public:
  Dockerswarm(const config::DockerswarmSdConfig& config, Surroundings& around)
      : Poller(docker_place(config.docker) + " " + config.role,
               config.docker.refresh_interval_ms, around),
        config_(config),
        api_(config_.docker, around.async) {}

  [[nodiscard]] std::string_view name() const override { return "dockerswarm"; }

 protected:
  Task<Result<Groups>> poll() override {
    Task<Status> agreement = api_.agree();
    const Status agreed = co_await agreement;
    if (!agreed) co_return fail(agreed.error());
    Task<Result<Swarm>> look = read_swarm();
    const Result<Swarm> swarm = co_await look;
    if (!swarm) co_return fail(swarm.error());
    Groups groups;
    config::TargetGroup& group = groups.emplace_back();
    group.source = "DockerSwarm";
    for (const Json& object : swarm->objects) {
      Status added = {};
      if (config_.role == "nodes") {
        add_node(object, group.targets);
      } else if (config_.role == "services") {
        added = add_service(object, *swarm, group.targets);
      } else {
        added = add_task(object, *swarm, group.targets);
      }
      if (!added) co_return fail(added.error());
    }
    co_return groups;
  }

 private:
  Task<Result<Swarm>> read_swarm() {
    Swarm swarm;
    Task<Result<std::vector<Json>>> list = api_.list("/" + config_.role, true);
    auto answer = co_await list;
    if (!answer) co_return fail(answer.error());
    swarm.objects = *std::move(answer);
    if (config_.role == "nodes") co_return swarm;
    list = api_.list("/networks", false);
    answer = co_await list;
    if (!answer) co_return fail(answer.error());
    swarm.networks = network_labels(*answer, kPrefix);
    if (config_.role == "services") co_return swarm;
    list = api_.list("/services", false);
    answer = co_await list;
    if (!answer) co_return fail(answer.error());
    for (const Json& service : *answer) {
      const std::string id = service["ID"].text();
      swarm.services[id] = service_labels(service).build();
      swarm.ports[id] = service["Endpoint"]["Ports"];
    }
    list = api_.list("/nodes", false);
    answer = co_await list;
    if (!answer) co_return fail(answer.error());
    for (const Json& node : *answer)
      swarm.nodes[node["ID"].text()] = node_labels(node).build();
    co_return swarm;
  }

  void add_node(const Json& node, std::vector<Labels>& targets) const {
    LabelsBuilder labels = node_labels(node);
    labels.set(kPrefix + "node_engine_version",
               node["Description"]["Engine"]["EngineVersion"].text());
    if (const Json manager = node["ManagerStatus"]; manager.is_object()) {
      labels
          .set(kPrefix + "node_manager_leader",
               manager["Leader"].flag() ? "true" : "false")
          .set(kPrefix + "node_manager_reachability",
               manager["Reachability"].text())
          .set(kPrefix + "node_manager_address", manager["Addr"].text());
    }
    labels.set("__address__",
               host_port(node["Status"]["Addr"].text(), config_.docker.port));
    targets.push_back(labels.build());
  }

  Status add_service(const Json& service, const Swarm& swarm,
                     std::vector<Labels>& targets) const {
    LabelsBuilder common = service_labels(service);
    const Json container = service["Spec"]["TaskTemplate"]["ContainerSpec"];
    common
        .set(kPrefix + "service_task_container_hostname",
             container["Hostname"].text())
        .set(kPrefix + "service_task_container_image",
             container["Image"].text())
        .set(kPrefix + "service_updating_status",
             service["UpdateStatus"]["State"].text());
    const Json endpoint = service["Endpoint"];
    for (const Json& virtual_ip : endpoint["VirtualIPs"].items()) {
      const auto ip = address_of_prefix(virtual_ip["Addr"].text());
      if (!ip) return fail(ip.error());
      LabelsBuilder reached = common;
      add_labels(swarm.networks, virtual_ip["NetworkID"].text(), reached);
      add_ports(endpoint["Ports"], *ip, reached, Owner::kService, targets);
    }
    return {};
  }

  Status add_task(const Json& task, const Swarm& swarm,
                  std::vector<Labels>& targets) const {
    const Json status = task["Status"];
    LabelsBuilder common;
    common.set(kPrefix + "task_id", task["ID"].text())
        .set(kPrefix + "task_desired_state", task["DesiredState"].text())
        .set(kPrefix + "task_state", status["State"].text())
        .set(kPrefix + "task_slot", std::to_string(task["Slot"].integer()))
        .set(kPrefix + "task_container_id",
             status["ContainerStatus"]["ContainerID"].text());
    add_labels(task["Spec"]["ContainerSpec"]["Labels"],
               kPrefix + "container_label_", common);
    const std::string service = task["ServiceID"].text();
    add_labels(swarm.services, service, common);
    add_labels(swarm.nodes, task["NodeID"].text(), common);
    for (const Json& port : status["PortStatus"]["Ports"].items()) {
      if (port["Protocol"].text() != "tcp") continue;
      LabelsBuilder labels = common;
      labels.set(kPrefix + "task_port_publish_mode", port["PublishMode"].text())
          .set("__address__",
               host_port(std::string(common.get(kPrefix + "node_address")),
                         port["PublishedPort"].integer()));
      targets.push_back(labels.build());
    }
    const auto ports = swarm.ports.find(service);
    for (const Json& network : task["NetworksAttachments"].items()) {
      LabelsBuilder reached = common;
      add_labels(swarm.networks, network["Network"]["ID"].text(), reached);
      for (const Json& address : network["Addresses"].items()) {
        const auto ip = address_of_prefix(address.text());
        if (!ip) return fail(ip.error());
        add_ports(ports == swarm.ports.end() ? Json() : ports->second, *ip,
                  reached, Owner::kTask, targets);
      }
    }
    return {};
  }

  // A target for each published TCP port, or one with the default port.
  enum class Owner { kService, kTask };
  void add_ports(const Json& ports, const std::string& ip,
                 const LabelsBuilder& common, Owner owner,
                 std::vector<Labels>& targets) const {
    const std::size_t before = targets.size();
    for (const Json& port : ports.items()) {
      if (port["Protocol"].text() != "tcp") continue;
      LabelsBuilder labels = common;
      const std::string mode = port["PublishMode"].text();
      if (owner == Owner::kTask) {
        labels.set(kPrefix + "task_port_publish_mode", mode);
      } else {
        labels.set(kPrefix + "service_endpoint_port_publish_mode", mode)
            .set(kPrefix + "service_endpoint_port_name", port["Name"].text());
      }
      labels.set("__address__", host_port(ip, port["PublishedPort"].integer()));
      targets.push_back(labels.build());
    }
    if (targets.size() != before) return;
    LabelsBuilder labels = common;
    labels.set("__address__", host_port(ip, config_.docker.port));
    targets.push_back(labels.build());
  }

  const config::DockerswarmSdConfig config_;
  DockerApi api_;
};

}  // namespace

Made make_dockerswarm(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<Dockerswarm>(
      static_cast<const config::DockerswarmSdConfig&>(config), around);
}

}  // namespace prom::discover
