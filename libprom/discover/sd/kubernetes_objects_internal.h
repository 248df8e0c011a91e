// What discovery needs to know of the objects of Kubernetes.  The API's own are
// ten times as large and change every few seconds in things that matter to no
// target; these are equal when no label could differ.
// Source: https://kubernetes.io/docs/reference/kubernetes-api/
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libprom/discover/json.h"

namespace prom::discover::kubernetes {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// Another object: the one that controls this, or that an address belongs to.
struct Reference {
  std::string kind, space, name;
  bool operator==(const Reference&) const = default;
};

struct Meta {
  std::string space, name, uid;  // `space` is the namespace
  Pairs labels, annotations;
  std::optional<Reference> controller;

  // "space/name", or "name" for what is in none.
  [[nodiscard]] std::string key() const {
    return space.empty() ? name : space + "/" + name;
  }
  bool operator==(const Meta&) const = default;
};

struct Port {
  std::string name, protocol, app_protocol;
  std::optional<std::int64_t> number;
  bool operator==(const Port&) const = default;
};

struct Container {
  std::string name, image, id;
  bool is_init = false;
  std::vector<Port> ports;
  bool operator==(const Container&) const = default;
};

struct Pod {
  Meta meta;
  std::string ip, host_ip, phase, ready, node;
  std::vector<Container> containers;  // those of initialization last
  bool operator==(const Pod&) const = default;
};

struct Node {
  Meta meta;
  std::string provider_id;
  Pairs conditions, addresses;  // by type, in the API's order
  std::int64_t kubelet_port = 0;
  bool operator==(const Node&) const = default;
};

struct Service {
  Meta meta;
  std::string type, cluster_ip, external_name, load_balancer_ips;
  std::string ip_family_policy, primary_ip_family;
  std::vector<Port> ports;
  bool operator==(const Service&) const = default;
};

struct Address {
  std::string ip, hostname, node;
  std::optional<Reference> of;
  bool operator==(const Address&) const = default;
};

struct Subset {
  std::vector<Address> ready, not_ready;
  std::vector<Port> ports;
  bool operator==(const Subset&) const = default;
};

struct Endpoints {
  Meta meta;
  std::vector<Subset> subsets;
  bool operator==(const Endpoints&) const = default;
};

struct SliceEndpoint {
  std::vector<std::string> addresses;
  // "true", "false", or "" where the API leaves it open.
  std::string ready, serving, terminating;
  std::string hostname, node, zone;
  std::optional<Reference> of;
  Pairs topology;
  bool operator==(const SliceEndpoint&) const = default;
};

struct Slice {
  Meta meta;
  std::string address_type;
  std::vector<SliceEndpoint> endpoints;
  std::vector<Port> ports;
  // Of the service that it belongs to; "" for none.
  [[nodiscard]] std::string service() const;
  bool operator==(const Slice&) const = default;
};

struct IngressRule {
  std::string host;
  std::vector<std::string> paths;
  bool operator==(const IngressRule&) const = default;
};

struct Ingress {
  Meta meta;
  std::string class_name;
  std::vector<IngressRule> rules;
  std::vector<std::string> tls_hosts;
  bool operator==(const Ingress&) const = default;
};

// A namespace, a replica set, a job: only what stands above it counts.
struct Owner {
  Meta meta;
  bool operator==(const Owner&) const = default;
};

void read(const Json& json, Pod& into);
void read(const Json& json, Node& into);
void read(const Json& json, Service& into);
void read(const Json& json, Endpoints& into);
void read(const Json& json, Slice& into);
void read(const Json& json, Ingress& into);
void read(const Json& json, Owner& into);

}  // namespace prom::discover::kubernetes
