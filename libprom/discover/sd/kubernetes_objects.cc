#include "libprom/base/letters.h"
#include "libprom/discover/sd/kubernetes_objects_internal.h"

namespace prom::discover::kubernetes {
namespace {

Pairs read_pairs(const Json& json) {
  Pairs pairs;
  for (const auto& [name, value] : json.members())
    pairs.emplace_back(name, value.text());
  return pairs;
}

std::optional<Reference> read_reference(const Json& json) {
  if (!json.is_object()) return std::nullopt;
  return Reference{.kind = json["kind"].text(),
                   .space = json["namespace"].text(),
                   .name = json["name"].text()};
}

Meta read_meta(const Json& object) {
  const Json json = object["metadata"];
  Meta meta;
  meta.space = json["namespace"].text();
  meta.name = json["name"].text();
  meta.uid = json["uid"].text();
  meta.labels = read_pairs(json["labels"]);
  meta.annotations = read_pairs(json["annotations"]);
  for (const Json& owner : json["ownerReferences"].items()) {
    if (!owner["controller"].flag()) continue;
    meta.controller = read_reference(owner);
    break;
  }
  return meta;
}

std::string read_flag(const Json& json) {
  return json.printed();  // "true", "false" or ""
}

std::optional<std::int64_t> read_number(const Json& json) {
  if (!json.number()) return std::nullopt;
  return json.integer();
}

// Ports are called by their number in one of several members.
std::vector<Port> read_ports(const Json& json, std::string_view number) {
  std::vector<Port> ports;
  for (const Json& port : json.items()) {
    ports.push_back({.name = port["name"].text(),
                     .protocol = port["protocol"].text(),
                     .app_protocol = port["appProtocol"].text(),
                     .number = read_number(port[number])});
  }
  return ports;
}

void read_containers(const Json& containers, const Json& statuses, bool is_init,
                     std::vector<Container>& into) {
  const std::vector<Json> known = statuses.items();
  for (const Json& json : containers.items()) {
    Container& container = into.emplace_back();
    container.name = json["name"].text();
    container.image = json["image"].text();
    container.is_init = is_init;
    container.ports = read_ports(json["ports"], "containerPort");
    for (const Json& status : known) {
      if (status["name"].text() != container.name) continue;
      container.id = status["containerID"].text();
      break;
    }
  }
}

std::vector<Address> read_addresses(const Json& json) {
  std::vector<Address> addresses;
  for (const Json& address : json.items()) {
    addresses.push_back({.ip = address["ip"].text(),
                         .hostname = address["hostname"].text(),
                         .node = address["nodeName"].text(),
                         .of = read_reference(address["targetRef"])});
  }
  return addresses;
}

std::vector<std::string> read_texts(const Json& json) {
  std::vector<std::string> texts;
  for (const Json& text : json.items()) texts.push_back(text.text());
  return texts;
}

}  // namespace

std::string Slice::service() const {
  for (const auto& [name, value] : meta.labels) {
    if (name == "kubernetes.io/service-name") return value;
  }
  return "";
}

void read(const Json& json, Pod& into) {
  into.meta = read_meta(json);
  const Json spec = json["spec"];
  const Json status = json["status"];
  into.ip = status["podIP"].text();
  into.host_ip = status["hostIP"].text();
  into.phase = status["phase"].text();
  into.node = spec["nodeName"].text();
  into.ready = "unknown";
  for (const Json& condition : status["conditions"].items()) {
    if (condition["type"].text() != "Ready") continue;
    into.ready = to_lower(condition["status"].text());
    break;
  }
  read_containers(spec["containers"], status["containerStatuses"], false,
                  into.containers);
  read_containers(spec["initContainers"], status["initContainerStatuses"], true,
                  into.containers);
}

void read(const Json& json, Node& into) {
  into.meta = read_meta(json);
  into.provider_id = json["spec"]["providerID"].text();
  const Json status = json["status"];
  for (const Json& condition : status["conditions"].items())
    into.conditions.emplace_back(condition["type"].text(),
                                 condition["status"].text());
  for (const Json& address : status["addresses"].items())
    into.addresses.emplace_back(address["type"].text(),
                                address["address"].text());
  into.kubelet_port =
      status["daemonEndpoints"]["kubeletEndpoint"]["Port"].integer();
}

void read(const Json& json, Service& into) {
  into.meta = read_meta(json);
  const Json spec = json["spec"];
  into.type = spec["type"].text();
  into.cluster_ip = spec["clusterIP"].text();
  into.external_name = spec["externalName"].text();
  for (const Json& ingress :
       json["status"]["loadBalancer"]["ingress"].items()) {
    const std::string ip = ingress["ip"].text();
    if (ip.empty()) continue;
    if (!into.load_balancer_ips.empty()) into.load_balancer_ips += ',';
    into.load_balancer_ips += ip;
  }
  // The old place.
  if (into.load_balancer_ips.empty())
    into.load_balancer_ips = spec["loadBalancerIP"].text();
  into.ip_family_policy = spec["ipFamilyPolicy"].text();
  into.primary_ip_family = spec["ipFamilies"][0].text();
  into.ports = read_ports(spec["ports"], "port");
}

void read(const Json& json, Endpoints& into) {
  into.meta = read_meta(json);
  for (const Json& subset : json["subsets"].items()) {
    into.subsets.push_back(
        {.ready = read_addresses(subset["addresses"]),
         .not_ready = read_addresses(subset["notReadyAddresses"]),
         .ports = read_ports(subset["ports"], "port")});
  }
}

void read(const Json& json, Slice& into) {
  into.meta = read_meta(json);
  into.address_type = json["addressType"].text();
  into.ports = read_ports(json["ports"], "port");
  for (const Json& endpoint : json["endpoints"].items()) {
    const Json conditions = endpoint["conditions"];
    into.endpoints.push_back(
        {.addresses = read_texts(endpoint["addresses"]),
         .ready = read_flag(conditions["ready"]),
         .serving = read_flag(conditions["serving"]),
         .terminating = read_flag(conditions["terminating"]),
         .hostname = endpoint["hostname"].text(),
         .node = endpoint["nodeName"].text(),
         .zone = endpoint["zone"].text(),
         .of = read_reference(endpoint["targetRef"]),
         .topology = read_pairs(endpoint["deprecatedTopology"])});
  }
}

void read(const Json& json, Ingress& into) {
  into.meta = read_meta(json);
  const Json spec = json["spec"];
  into.class_name = spec["ingressClassName"].text();
  for (const Json& rule : spec["rules"].items()) {
    IngressRule& read = into.rules.emplace_back();
    read.host = rule["host"].text();
    if (!rule["http"].is_object()) {
      read.paths = {"/"};
      continue;
    }
    for (const Json& path : rule["http"]["paths"].items()) {
      const std::string text = path["path"].text();
      read.paths.push_back(text.empty() ? "/" : text);
    }
  }
  for (const Json& tls : spec["tls"].items()) {
    for (const Json& host : tls["hosts"].items())
      into.tls_hosts.push_back(host.text());
  }
}

void read(const Json& json, Owner& into) {
  into.meta = read_meta(json);
}

}  // namespace prom::discover::kubernetes
