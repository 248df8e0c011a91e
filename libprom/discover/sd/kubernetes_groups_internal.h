// From the objects of Kubernetes to target groups: which addresses, which
// labels.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "libprom/config/discovery.h"
#include "libprom/config/sd/kubernetes.h"
#include "libprom/discover/sd/kubernetes_objects_internal.h"

namespace prom::discover::kubernetes {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>()(text);
  }
};
template <class T>
using ByKey = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

// Everything that is known of a cluster, by Meta::key().
struct Cluster {
  ByKey<Pod> pods;
  ByKey<Node> nodes;
  ByKey<Service> services;
  ByKey<Endpoints> endpoints;
  ByKey<Slice> slices;
  ByKey<Ingress> ingresses;
  ByKey<Owner> namespaces, replica_sets, jobs;
};

class GroupMaker {
 public:
  // Both outlive this.
  GroupMaker(const Cluster& cluster, const config::KubernetesMetadata& attach)
      : cluster_(cluster), attach_(attach) {}

  // The group of an object.  nullopt: it says too little, and what it said
  // before stays.
  std::optional<config::TargetGroup> group(const Pod& pod);
  std::optional<config::TargetGroup> group(const Node& node);
  std::optional<config::TargetGroup> group(const Service& service);
  std::optional<config::TargetGroup> group(const Endpoints& endpoints);
  std::optional<config::TargetGroup> group(const Slice& slice);
  std::optional<config::TargetGroup> group(const Ingress& ingress);

  // Which other objects the last group was made of, as "pods/space/name",
  // also those that are not there.
  [[nodiscard]] std::vector<std::string> take_uses() {
    return std::exchange(uses_, {});
  }

 private:
  struct SeenPod {
    const Pod* pod = nullptr;
    std::vector<std::int64_t> ports;
  };
  using SeenPods = std::vector<SeenPod>;

  template <class T>
  const T* find(const ByKey<T>& objects, std::string_view kind,
                const std::string& key);
  void add_namespace(const std::string& space, LabelsBuilder& labels);
  void add_node(const std::string& node, LabelsBuilder& labels);
  void add_pod(const Pod& pod, LabelsBuilder& labels);
  // Of the pod that an address belongs to: its labels, and those of the
  // container with that port.  `protocol` is the endpoint's, or "" for the
  // container's.
  void add_pod_of(const std::optional<Reference>& of, const Port& port,
                  std::string_view protocol, SeenPods& seen,
                  LabelsBuilder& labels);
  void add_unseen_ports(const SeenPods& seen, std::vector<Labels>& targets);
  Labels address_target(const Address& address, const Port& port,
                        std::string_view ready, SeenPods& seen);
  Labels slice_target(const std::string& address, const SliceEndpoint& endpoint,
                      const Port& port, SeenPods& seen);

  const Cluster& cluster_;
  const config::KubernetesMetadata& attach_;
  std::vector<std::string> uses_;
};

}  // namespace prom::discover::kubernetes
