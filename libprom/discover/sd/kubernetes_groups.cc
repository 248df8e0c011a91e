#include <algorithm>
#include <array>

#include "libprom/base/letters.h"
#include "libprom/discover/api.h"
#include "libprom/discover/sd/kubernetes_groups_internal.h"

namespace prom::discover::kubernetes {
namespace {

std::string meta(std::string_view name) {
  return "__meta_kubernetes_" + std::string(name);
}

void add_pairs(const Pairs& pairs, const std::string& prefix,
               const std::string& present_prefix, LabelsBuilder& labels) {
  for (const auto& [name, value] : pairs) {
    const std::string safe = sanitized_label_name(name);
    labels.set(prefix + safe, value);
    labels.set(present_prefix + safe, "true");
  }
}

void add_labels_and_annotations(const Meta& object, std::string_view role,
                                LabelsBuilder& labels) {
  const std::string prefix = meta(role);
  add_pairs(object.labels, prefix + "_label_", prefix + "_labelpresent_",
            labels);
  add_pairs(object.annotations, prefix + "_annotation_",
            prefix + "_annotationpresent_", labels);
}

void add_meta(const Meta& object, std::string_view role,
              LabelsBuilder& labels) {
  labels.set(meta(role) + "_name", object.name);
  add_labels_and_annotations(object, role, labels);
}

void add_service(const Service& service, LabelsBuilder& labels) {
  labels.set(meta("namespace"), service.meta.space);
  add_meta(service.meta, "service", labels);
}

void add_container(const Container& container, const Port& port,
                   std::string_view protocol, LabelsBuilder& labels) {
  labels.set(meta("pod_container_name"), container.name)
      .set(meta("pod_container_image"), container.image)
      .set(meta("pod_container_init"), container.is_init ? "true" : "false")
      .set(meta("pod_container_port_name"), port.name)
      .set(meta("pod_container_port_number"),
           std::to_string(port.number.value_or(0)))
      .set(meta("pod_container_port_protocol"), protocol);
}

// The address that a node is best reached by.
const std::string* best_address(const Node& node) {
  constexpr std::array<std::string_view, 6> kTypes = {
      "InternalIP",  "InternalDNS",  "ExternalIP",
      "ExternalDNS", "LegacyHostIP", "Hostname"};
  for (const std::string_view type : kTypes) {
    const auto address =
        std::ranges::find(node.addresses, type, &Pairs::value_type::first);
    if (address != node.addresses.end()) return &address->second;
  }
  return nullptr;
}

// Whether "*.example.org" stands for the host, with one part for the star.
bool matches_host(const std::string& pattern, const std::string& host) {
  if (pattern == host) return true;
  if (!pattern.starts_with("*.")) return false;
  const std::size_t dot = host.find('.');
  return dot != std::string::npos && host.substr(dot) == pattern.substr(1);
}

// A slice for the second address family of a service repeats the first's.
bool is_second_family(const Service* service, const Slice& slice) {
  return service != nullptr &&
         (service->ip_family_policy == "PreferDualStack" ||
          service->ip_family_policy == "RequireDualStack") &&
         !service->primary_ip_family.empty() &&
         service->primary_ip_family != slice.address_type;
}

}  // namespace

template <class T>
const T* GroupMaker::find(const ByKey<T>& objects, std::string_view kind,
                          const std::string& key) {
  uses_.push_back(std::string(kind) + "/" + key);
  const auto found = objects.find(key);
  return found == objects.end() ? nullptr : &found->second;
}

void GroupMaker::add_namespace(const std::string& space,
                               LabelsBuilder& labels) {
  if (!attach_.of_namespace) return;
  if (const Owner* owner = find(cluster_.namespaces, "namespaces", space))
    add_labels_and_annotations(owner->meta, "namespace", labels);
}

void GroupMaker::add_node(const std::string& node, LabelsBuilder& labels) {
  if (!attach_.of_node || node.empty()) return;
  if (const Node* found = find(cluster_.nodes, "nodes", node))
    add_meta(found->meta, "node", labels);
}

void GroupMaker::add_pod(const Pod& pod, LabelsBuilder& labels) {
  labels.set(meta("pod_ip"), pod.ip)
      .set(meta("pod_ready"), pod.ready)
      .set(meta("pod_phase"), pod.phase)
      .set(meta("pod_node_name"), pod.node)
      .set(meta("pod_host_ip"), pod.host_ip)
      .set(meta("pod_uid"), pod.meta.uid);
  add_meta(pod.meta, "pod", labels);
  if (!pod.meta.controller) return;
  const Reference& controller = *pod.meta.controller;
  labels.set(meta("pod_controller_kind"), controller.kind)
      .set(meta("pod_controller_name"), controller.name);
  const std::string key = pod.meta.space + "/" + controller.name;
  if (controller.kind == "ReplicaSet" && attach_.deployment) {
    const Owner* const set = find(cluster_.replica_sets, "replicasets", key);
    if (set != nullptr && set->meta.controller &&
        set->meta.controller->kind == "Deployment")
      labels.set(meta("pod_deployment_name"), set->meta.controller->name);
  }
  if (controller.kind != "Job") return;
  if (attach_.job) labels.set(meta("pod_job_name"), controller.name);
  if (!attach_.cronjob) return;
  const Owner* const job = find(cluster_.jobs, "jobs", key);
  if (job != nullptr && job->meta.controller &&
      job->meta.controller->kind == "CronJob")
    labels.set(meta("pod_cronjob_name"), job->meta.controller->name);
}

std::optional<config::TargetGroup> GroupMaker::group(const Pod& pod) {
  config::TargetGroup group;
  group.source = "pod/" + pod.meta.key();
  // It is starting, or was evicted.
  if (pod.ip.empty()) return group;
  // Selectors of nodes choose pods.
  if (attach_.of_node && find(cluster_.nodes, "nodes", pod.node) == nullptr)
    return group;
  LabelsBuilder labels;
  add_pod(pod, labels);
  labels.set(meta("namespace"), pod.meta.space);
  add_node(pod.node, labels);
  add_namespace(pod.meta.space, labels);
  group.labels = labels.build();
  for (const Container& container : pod.containers) {
    LabelsBuilder target;
    target.set(meta("pod_container_id"), container.id);
    for (const Port& port : container.ports) {
      add_container(container, port, port.protocol, target);
      target.set("__address__", host_port(pod.ip, port.number.value_or(0)));
      group.targets.push_back(target.build());
    }
    if (!container.ports.empty()) continue;
    target.set("__address__", pod.ip)
        .set(meta("pod_container_name"), container.name)
        .set(meta("pod_container_image"), container.image)
        .set(meta("pod_container_init"), container.is_init ? "true" : "false");
    group.targets.push_back(target.build());
  }
  return group;
}

std::optional<config::TargetGroup> GroupMaker::group(const Node& node) {
  const std::string* const address = best_address(node);
  if (address == nullptr) return std::nullopt;
  config::TargetGroup group;
  group.source = "node/" + node.meta.name;
  LabelsBuilder labels;
  labels.set(meta("node_provider_id"), node.provider_id);
  for (const auto& [type, status] : node.conditions)
    labels.set(meta("node_condition_") + sanitized_label_name(to_lower(type)),
               to_lower(status));
  add_meta(node.meta, "node", labels);
  group.labels = labels.build();
  LabelsBuilder target;
  // The first of each type.
  for (auto at = node.addresses.rbegin(); at != node.addresses.rend(); ++at)
    target.set(meta("node_address_") + sanitized_label_name(at->first),
               at->second);
  target.set("__address__", host_port(*address, node.kubelet_port))
      .set("instance", node.meta.name);
  group.targets.push_back(target.build());
  return group;
}

std::optional<config::TargetGroup> GroupMaker::group(const Service& service) {
  config::TargetGroup group;
  group.source = "svc/" + service.meta.key();
  LabelsBuilder labels;
  add_service(service, labels);
  add_namespace(service.meta.space, labels);
  group.labels = labels.build();
  for (const Port& port : service.ports) {
    const std::string number = std::to_string(port.number.value_or(0));
    LabelsBuilder target;
    target
        .set("__address__",
             service.meta.name + "." + service.meta.space + ".svc:" + number)
        .set(meta("service_port_name"), port.name)
        .set(meta("service_port_number"), number)
        .set(meta("service_port_protocol"), port.protocol)
        .set(meta("service_type"), service.type);
    if (service.type == "ExternalName") {
      target.set(meta("service_external_name"), service.external_name);
    } else {
      target.set(meta("service_cluster_ip"), service.cluster_ip);
    }
    if (service.type == "LoadBalancer")
      target.set(meta("service_loadbalancer_ip"), service.load_balancer_ips);
    group.targets.push_back(target.build());
  }
  return group;
}

void GroupMaker::add_pod_of(const std::optional<Reference>& of,
                            const Port& port, std::string_view protocol,
                            SeenPods& seen, LabelsBuilder& labels) {
  if (!of || of->kind != "Pod") return;
  const Pod* const pod =
      find(cluster_.pods, "pods", of->space + "/" + of->name);
  if (pod == nullptr) return;
  add_pod(*pod, labels);
  auto entry = std::ranges::find(seen, pod, &SeenPod::pod);
  if (entry == seen.end())
    entry = seen.insert(seen.end(), {.pod = pod, .ports = {}});
  if (!port.number) return;
  entry->ports.push_back(*port.number);
  for (const Container& container : pod->containers) {
    const auto own =
        std::ranges::find(container.ports, port.number, &Port::number);
    if (own == container.ports.end()) continue;
    add_container(container, *own,
                  protocol.empty() ? std::string_view(own->protocol) : protocol,
                  labels);
  }
}

// Ports of containers that no endpoint is for.
void GroupMaker::add_unseen_ports(const SeenPods& seen,
                                  std::vector<Labels>& targets) {
  for (const auto& [pod, ports] : seen) {
    if (pod->ip.empty()) continue;
    for (const Container& container : pod->containers) {
      for (const Port& port : container.ports) {
        const std::int64_t number = port.number.value_or(0);
        if (std::ranges::find(ports, number) != ports.end()) continue;
        LabelsBuilder target;
        add_container(container, port, port.protocol, target);
        target.set("__address__", host_port(pod->ip, number));
        add_pod(*pod, target);
        targets.push_back(target.build());
      }
    }
  }
}

Labels GroupMaker::address_target(const Address& address, const Port& port,
                                  std::string_view ready, SeenPods& seen) {
  LabelsBuilder target;
  target.set("__address__", host_port(address.ip, port.number.value_or(0)))
      .set(meta("endpoint_port_name"), port.name)
      .set(meta("endpoint_port_protocol"), port.protocol)
      .set(meta("endpoint_ready"), ready)
      .set(meta("endpoint_node_name"), address.node)
      .set(meta("endpoint_hostname"), address.hostname);
  if (address.of) {
    target.set(meta("endpoint_address_target_kind"), address.of->kind)
        .set(meta("endpoint_address_target_name"), address.of->name);
  }
  if (!address.node.empty()) {
    add_node(address.node, target);
  } else if (address.of && address.of->kind == "Node") {
    add_node(address.of->name, target);
  }
  add_pod_of(address.of, port, port.protocol, seen, target);
  return target.build();
}

std::optional<config::TargetGroup> GroupMaker::group(
    const Endpoints& endpoints) {
  const std::string key = endpoints.meta.key();
  config::TargetGroup group;
  group.source = "endpoints/" + key;
  LabelsBuilder labels;
  labels.set(meta("namespace"), endpoints.meta.space);
  if (const Service* service = find(cluster_.services, "services", key))
    add_service(*service, labels);
  add_meta(endpoints.meta, "endpoints", labels);
  add_namespace(endpoints.meta.space, labels);
  group.labels = labels.build();
  SeenPods seen;
  for (const Subset& subset : endpoints.subsets) {
    for (const Port& port : subset.ports) {
      for (const Address& address : subset.ready)
        group.targets.push_back(address_target(address, port, "true", seen));
      for (const Address& address : subset.not_ready)
        group.targets.push_back(address_target(address, port, "false", seen));
    }
  }
  add_unseen_ports(seen, group.targets);
  return group;
}

Labels GroupMaker::slice_target(const std::string& address,
                                const SliceEndpoint& endpoint, const Port& port,
                                SeenPods& seen) {
  LabelsBuilder target;
  target.set("__address__", address)
      .set(meta("endpointslice_port_name"), port.name)
      .set(meta("endpointslice_port_protocol"), port.protocol)
      .set(meta("endpointslice_port_app_protocol"), port.app_protocol)
      .set(meta("endpointslice_endpoint_conditions_ready"), endpoint.ready)
      .set(meta("endpointslice_endpoint_conditions_serving"), endpoint.serving)
      .set(meta("endpointslice_endpoint_conditions_terminating"),
           endpoint.terminating)
      .set(meta("endpointslice_endpoint_hostname"), endpoint.hostname)
      .set(meta("endpointslice_endpoint_node_name"), endpoint.node)
      .set(meta("endpointslice_endpoint_zone"), endpoint.zone);
  if (port.number) {
    target.set("__address__", host_port(address, *port.number))
        .set(meta("endpointslice_port"), std::to_string(*port.number));
  }
  if (endpoint.of) {
    target.set(meta("endpointslice_address_target_kind"), endpoint.of->kind)
        .set(meta("endpointslice_address_target_name"), endpoint.of->name);
  }
  add_pairs(endpoint.topology, meta("endpointslice_endpoint_topology_"),
            meta("endpointslice_endpoint_topology_present_"), target);
  add_node(endpoint.of && endpoint.of->kind == "Node" ? endpoint.of->name
                                                      : endpoint.node,
           target);
  add_pod_of(endpoint.of, port, "", seen, target);
  return target.build();
}

std::optional<config::TargetGroup> GroupMaker::group(const Slice& slice) {
  config::TargetGroup group;
  group.source = "endpointslice/" + slice.meta.key();
  LabelsBuilder labels;
  labels.set(meta("namespace"), slice.meta.space)
      .set(meta("endpointslice_address_type"), slice.address_type);
  add_meta(slice.meta, "endpointslice", labels);
  const std::string name = slice.service();
  const Service* const service =
      name.empty()
          ? nullptr
          : find(cluster_.services, "services", slice.meta.space + "/" + name);
  if (service != nullptr) add_service(*service, labels);
  add_namespace(slice.meta.space, labels);
  group.labels = labels.build();
  if (is_second_family(service, slice)) return group;
  SeenPods seen;
  for (const SliceEndpoint& endpoint : slice.endpoints) {
    for (const Port& port : slice.ports) {
      for (const std::string& address : endpoint.addresses)
        group.targets.push_back(slice_target(address, endpoint, port, seen));
    }
  }
  add_unseen_ports(seen, group.targets);
  return group;
}

std::optional<config::TargetGroup> GroupMaker::group(const Ingress& ingress) {
  config::TargetGroup group;
  group.source = "ingress/" + ingress.meta.key();
  LabelsBuilder labels;
  labels.set(meta("namespace"), ingress.meta.space)
      .set(meta("ingress_class_name"), ingress.class_name);
  add_meta(ingress.meta, "ingress", labels);
  add_namespace(ingress.meta.space, labels);
  group.labels = labels.build();
  for (const IngressRule& rule : ingress.rules) {
    const bool is_tls =
        std::ranges::any_of(ingress.tls_hosts, [&](const std::string& pattern) {
          return matches_host(pattern, rule.host);
        });
    for (const std::string& path : rule.paths) {
      LabelsBuilder target;
      target.set("__address__", rule.host)
          .set(meta("ingress_scheme"), is_tls ? "https" : "http")
          .set(meta("ingress_host"), rule.host)
          .set(meta("ingress_path"), path);
      group.targets.push_back(target.build());
    }
  }
  return group;
}

}  // namespace prom::discover::kubernetes
