// kubernetes_sd_configs: the pods, services, endpoints, endpoint slices, nodes
// or ingresses of a cluster, and what else their labels are made of, kept up to
// date by watches.  Each object of the role is a group, made anew when it or
// an object that it was made of has changed.
#include "libprom/config/sd/kubernetes.h"

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <unordered_set>

#include "libprom/base/utf8.h"
#include "libprom/discover/sd/kubernetes_groups_internal.h"
#include "libprom/discover/sd/kubernetes_watch_internal.h"
#include "libprom/discover/sd/makers_internal.h"

namespace prom::discover {
namespace kubernetes {
namespace {

constexpr std::int64_t kRetryMs = 15'000;

// A kind of objects, as the API calls it.
struct Kind {
  std::string_view name;  // "pods"
  std::string_view api;   // what its path begins with
  std::string_view role;  // in metrics, and in selectors
};
constexpr std::string_view kCore = "/api/v1";
constexpr Kind kPods{"pods", kCore, "pod"};
constexpr Kind kNodes{"nodes", kCore, "node"};
constexpr Kind kServices{"services", kCore, "service"};
constexpr Kind kEndpoints{"endpoints", kCore, "endpoints"};
constexpr Kind kNamespaces{"namespaces", kCore, "namespace"};
constexpr Kind kSlices{"endpointslices", "/apis/discovery.k8s.io/v1",
                       "endpointslice"};
constexpr Kind kIngresses{"ingresses", "/apis/networking.k8s.io/v1", "ingress"};
constexpr Kind kReplicaSets{"replicasets", "/apis/apps/v1", "replicaset"};
constexpr Kind kJobs{"jobs", "/apis/batch/v1", "job"};

// Whom the tables tell what has happened to them.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void changed(std::string_view kind, const std::string& key) = 0;
  virtual void listed() = 0;
  virtual void pause() = 0;
  virtual void failed(const std::string& place, const std::string& why) = 0;
  virtual void recovered(const std::string& place) = 0;
};

// The objects of one kind in one namespace, or in all.
template <class T>
class Table final : public Sink {
 public:
  Table(const Kind& kind, std::string space, std::string place,
        ByKey<T>& objects, Metrics& metrics, Listener& listener)
      : kind_(kind),
        space_(std::move(space)),
        place_(std::move(place)),
        objects_(objects),
        listener_(listener),
        added_(events(metrics, "add")),
        updated_(events(metrics, "update")),
        deleted_(events(metrics, "delete")) {}

  void put(const Json& json) override {
    T object;
    read(json, object);
    const std::string key = object.meta.key();
    if (object.meta.name.empty() || !is_mine(key)) return;
    seen_.insert(key);
    const auto [known, is_new] = objects_.try_emplace(key);
    (is_new ? added_ : updated_).add();
    if (!is_new && known->second == object) return;
    known->second = std::move(object);
    listener_.changed(kind_.name, key);
  }
  void remove(const Json& json) override {
    T object;
    read(json, object);
    erase(object.meta.key());
  }
  void listed() override {
    std::vector<std::string> gone;
    for (const auto& [key, object] : objects_) {
      if (is_mine(key) && !seen_.contains(key)) gone.push_back(key);
    }
    for (const std::string& key : gone) erase(key);
    seen_.clear();
    if (!std::exchange(was_listed_, true)) listener_.listed();
  }
  void pause() override {
    seen_.clear();
    listener_.pause();
  }
  void failed(const std::string& why) override {
    listener_.failed(place_, why);
  }
  void recovered() override { listener_.recovered(place_); }

 private:
  exposition::Counter& events(Metrics& metrics, std::string_view event) {
    return metrics.registry.counter(
        "prometheus_sd_kubernetes_events_total",
        "Events of the objects that discovery watches.",
        {{"role", kind_.role}, {"event", event}});
  }
  // Several tables share the objects of a kind when there are several
  // namespaces.
  [[nodiscard]] bool is_mine(const std::string& key) const {
    return space_.empty() || key.starts_with(space_ + "/");
  }
  void erase(const std::string& key) {
    if (!is_mine(key) || objects_.erase(key) == 0) return;
    deleted_.add();
    listener_.changed(kind_.name, key);
  }

  const Kind kind_;
  const std::string space_, place_;
  ByKey<T>& objects_;
  Listener& listener_;
  exposition::Counter& added_;
  exposition::Counter& updated_;
  exposition::Counter& deleted_;
  std::unordered_set<std::string> seen_;  // while a list is under way
  bool was_listed_ = false;
};

// What a role is about.
struct Role {
  std::string_view name;
  Kind kind;
  std::string_view source;  // what names of groups begin with
};
constexpr std::array kRoles = {
    Role{"pod", kPods, "pod/"},
    Role{"node", kNodes, "node/"},
    Role{"service", kServices, "svc/"},
    Role{"endpoints", kEndpoints, "endpoints/"},
    Role{"endpointslice", kSlices, "endpointslice/"},
    Role{"ingress", kIngresses, "ingress/"},
};

class Kubernetes : public Mechanism, private Listener {
 public:
  Kubernetes(const config::KubernetesSdConfig& config, Surroundings& around)
      : config_(config),
        around_(around),
        access_(config_, around.environment),
        role_(*std::ranges::find(kRoles, config_.role, &Role::name)),
        groups_(cluster_, config_.attach),
        failures_(around.metrics.registry.counter(
            "prometheus_sd_kubernetes_failures_total",
            "Lists and watches of Kubernetes that failed.")) {}

  [[nodiscard]] std::string_view name() const override { return "kubernetes"; }
  [[nodiscard]] bool covers(std::string_view place) const override {
    return place.starts_with(role_.source);
  }

  Task<Status> run(Findings& findings) override {
    findings_ = &findings;
    std::set<std::string> spaces(config_.namespaces.begin(),
                                 config_.namespaces.end());
    while (config_.own_namespace) {
      const Result<std::string> own = access_.own_namespace();
      if (own) {
        spaces.insert(*own);
        break;
      }
      failed("namespace", own.error().message);
      Async::Wait wait = around_.async.sleep_ms(kRetryMs);
      co_await wait;
    }
    recovered("namespace");
    if (spaces.empty()) spaces.insert("");
    start_watches(spaces);
    Async::Wait for_ever = around_.async.sleep_ms(INT64_MAX);
    co_await for_ever;
    co_return {};
  }

 private:
  struct Watched {
    std::unique_ptr<Sink> sink;
    std::unique_ptr<Watch> watch;
    Task<Status> task;  // uses those above
  };

  void start_watches(const std::set<std::string>& spaces) {
    const config::KubernetesMetadata& attach = config_.attach;
    const bool has_pods = role_.kind.name == kPods.name;
    const bool has_endpoints =
        role_.kind.name == kEndpoints.name || role_.kind.name == kSlices.name;
    if (role_.kind.name == kNodes.name) {
      add(kNodes, "", cluster_.nodes, true);
    } else {
      for (const std::string& space : spaces) {
        add_role(space);
        if (has_endpoints) {
          add(kServices, space, cluster_.services, true);
          add(kPods, space, cluster_.pods, true);
        }
        if (!has_pods && !has_endpoints) continue;
        if (attach.deployment)
          add(kReplicaSets, space, cluster_.replica_sets, false);
        if (attach.job || attach.cronjob)
          add(kJobs, space, cluster_.jobs, false);
      }
      if (attach.of_node && (has_pods || has_endpoints))
        add(kNodes, "", cluster_.nodes, true);
      if (attach.of_namespace) add(kNamespaces, "", cluster_.namespaces, true);
    }
    for (Watched& watched : watches_) {
      watched.task = watched.watch->run();
      watched.task.start();
    }
  }

  void add_role(const std::string& space) {
    if (role_.kind.name == kPods.name) {
      add(kPods, space, cluster_.pods, true);
    } else if (role_.kind.name == kServices.name) {
      add(kServices, space, cluster_.services, true);
    } else if (role_.kind.name == kEndpoints.name) {
      add(kEndpoints, space, cluster_.endpoints, true);
    } else if (role_.kind.name == kSlices.name) {
      add(kSlices, space, cluster_.slices, true);
    } else {
      add(kIngresses, space, cluster_.ingresses, true);
    }
  }

  // Groups are made once all that is `needed` was listed.
  template <class T>
  void add(const Kind& kind, const std::string& space, ByKey<T>& objects,
           bool needed) {
    std::string path(kind.api);
    if (!space.empty()) path += "/namespaces/" + space;
    path += "/" + std::string(kind.name);
    std::vector<std::pair<std::string, std::string>> selectors;
    for (const config::KubernetesSelector& selector : config_.selectors) {
      if (selector.role != kind.role) continue;
      if (!selector.field.empty())
        selectors.emplace_back("fieldSelector", selector.field);
      if (!selector.label.empty())
        selectors.emplace_back("labelSelector", selector.label);
    }
    Watched& watched = watches_.emplace_back();
    watched.sink = std::make_unique<Table<T>>(
        kind, space, printable(path), objects, around_.metrics,
        needed ? static_cast<Listener&>(*this) : later_);
    watched.watch =
        std::make_unique<Watch>(path, std::move(selectors), access_,
                                around_.async, around_.metrics, *watched.sink);
    if (needed) ++lists_missing_;
  }

  // What is not needed to begin with: the same, but for its first list.
  class Later : public Listener {
   public:
    explicit Later(Kubernetes& all) : all_(all) {}
    void changed(std::string_view kind, const std::string& key) override {
      all_.changed(kind, key);
    }
    void listed() override {}
    void pause() override { all_.pause(); }
    void failed(const std::string& place, const std::string& why) override {
      all_.failed(place, why);
    }
    void recovered(const std::string& place) override { all_.recovered(place); }

   private:
    Kubernetes& all_;
  };

  void changed(std::string_view kind, const std::string& key) override {
    if (kind == role_.kind.name) dirty_.insert(key);
    const auto users = users_.find(std::string(kind) + "/" + key);
    if (users == users_.end()) return;
    dirty_.insert(users->second.begin(), users->second.end());
  }

  void listed() override {
    if (--lists_missing_ != 0) return;
    pause();
    // What was there before a reload and is no more.
    std::vector<std::string> gone;
    for (const auto& [place, groups] : findings_->places()) {
      if (!made_.contains(place)) gone.push_back(place);
    }
    for (const std::string& place : gone) findings_->gone(place);
    settle_if_done();
  }

  void pause() override {
    if (lists_missing_ != 0) return;
    for (const std::string& key : dirty_) make(key);
    dirty_.clear();
  }

  void failed(const std::string& place, const std::string& why) override {
    failures_.add();
    troubles_.insert(place);
    findings_->failed(place, why);
  }

  void recovered(const std::string& place) override {
    if (troubles_.erase(place) != 0) settle_if_done();
  }

  void settle_if_done() {
    if (lists_missing_ == 0 && troubles_.empty()) findings_->settled();
  }

  // Makes the group of an object of the role anew.
  void make(const std::string& key) {
    if (role_.kind.name == kPods.name) return make_of(cluster_.pods, key);
    if (role_.kind.name == kNodes.name) return make_of(cluster_.nodes, key);
    if (role_.kind.name == kServices.name)
      return make_of(cluster_.services, key);
    if (role_.kind.name == kEndpoints.name)
      return make_of(cluster_.endpoints, key);
    if (role_.kind.name == kSlices.name) return make_of(cluster_.slices, key);
    make_of(cluster_.ingresses, key);
  }

  template <class T>
  void make_of(const ByKey<T>& objects, const std::string& key) {
    const std::string source = std::string(role_.source) + key;
    const auto object = objects.find(key);
    if (object == objects.end()) {
      remember_uses(key, {});
      made_.erase(source);
      findings_->gone(source);
      return;
    }
    auto group = groups_.group(object->second);
    remember_uses(key, groups_.take_uses());
    if (!group) return;
    if (group->targets.empty()) {
      made_.erase(source);
      findings_->gone(source);
      return;
    }
    made_.insert(source);
    Groups groups;
    groups.push_back(*std::move(group));
    findings_->found(source, std::move(groups));
  }

  void remember_uses(const std::string& key, std::vector<std::string> uses) {
    std::vector<std::string>& before = uses_[key];
    for (const std::string& use : before) {
      const auto users = users_.find(use);
      if (users == users_.end()) continue;
      users->second.erase(key);
      if (users->second.empty()) users_.erase(users);
    }
    for (const std::string& use : uses) users_[use].insert(key);
    if (uses.empty()) {
      uses_.erase(key);
    } else {
      before = std::move(uses);
    }
  }

  const config::KubernetesSdConfig config_;
  Surroundings& around_;
  const Access access_;
  const Role role_;
  Cluster cluster_;
  GroupMaker groups_;
  exposition::Counter& failures_;
  Later later_{*this};
  Findings* findings_ = nullptr;
  std::size_t lists_missing_ = 0;
  std::unordered_set<std::string> dirty_;  // objects whose groups are old
  std::unordered_set<std::string> made_;   // groups that there are
  std::set<std::string> troubles_;         // places that failed last
  // Which other objects an object's group was made of, and the reverse.
  ByKey<std::vector<std::string>> uses_;
  ByKey<std::unordered_set<std::string>> users_;
  std::vector<Watched> watches_;  // use those above
};

}  // namespace
}  // namespace kubernetes

Made make_kubernetes(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<kubernetes::Kubernetes>(
      static_cast<const config::KubernetesSdConfig&>(config), around);
}

}  // namespace prom::discover
