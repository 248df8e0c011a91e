#include <algorithm>

#include "libprom/base/letters.h"
#include "libprom/base/utf8.h"
#include "libprom/discover/sd/zookeeper_members_internal.h"

namespace prom::discover {
namespace {

constexpr std::int64_t kRetryMs = 10'000;
constexpr std::size_t kNodesMax = 200'000;
constexpr std::size_t kPathBytesMax = 4096;

// No path but the root ends with a slash.
config::ZookeeperPaths trimmed(config::ZookeeperPaths config) {
  for (std::string& path : config.paths) {
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  }
  return config;
}

std::string child_path(const std::string& path, const std::string& name) {
  return path.ends_with('/') ? path + name : path + "/" + name;
}

}  // namespace

Json member(const Json& object, std::string_view lower_name) {
  for (const auto& [name, value] : object.members()) {
    if (to_lower(name) == lower_name) return value;
  }
  return {};
}

std::optional<std::int64_t> whole_number(const Json& value) {
  if (value.is_null()) return 0;
  const std::optional<double> number = value.number();
  if (!number || static_cast<double>(value.integer()) != *number)
    return std::nullopt;
  return value.integer();
}

ZookeeperMembers::ZookeeperMembers(std::string_view name,
                                   config::ZookeeperPaths config, Read read,
                                   Surroundings& around)
    : name_(name),
      config_(trimmed(std::move(config))),
      read_(read),
      around_(around),
      failures_(around.metrics.registry.counter(
          "prometheus_treecache_zookeeper_failures_total",
          "Sessions with ZooKeeper that failed.")),
      client_(around.async) {}

bool ZookeeperMembers::covers(std::string_view place) const {
  return std::ranges::any_of(config_.paths, [&](const std::string& path) {
    return place == path || place.starts_with(child_path(path, ""));
  });
}

Task<Status> ZookeeperMembers::run(Findings& findings) {
  std::vector<std::string> servers = config_.servers;
  std::ranges::shuffle(servers, random_);
  for (std::size_t i = 0;; i = (i + 1) % servers.size()) {
    Task<Status> following = follow(servers[i], findings);
    const Status ended = co_await following;
    failures_.add();
    findings.failed(printable(servers[i]), ended.error().message);
    // All of them at once, then a pause.
    if (i + 1 < servers.size() && nodes_.empty()) continue;
    Async::Wait wait = around_.async.sleep_ms(kRetryMs);
    co_await wait;
  }
}

Task<Status> ZookeeperMembers::follow(std::string server, Findings& findings) {
  nodes_.clear();
  found_.clear();
  Task<Status> step = client_.connect(server, config_.timeout_ms);
  Status done = co_await step;
  if (!done) co_return done;
  for (const std::string& path : config_.paths) {
    step = read_tree(path, true);
    done = co_await step;
    if (!done) co_return done;
    if (!nodes_.contains(path))
      co_return fail(Code::kMissing,
                     "path " + printable(path) + " does not exist");
  }
  findings.found_all(found_);
  for (;;) {
    Task<Result<zookeeper::Event>> waiting = client_.next_event();
    const Result<zookeeper::Event> event = co_await waiting;
    if (!event) co_return fail(event.error());
    if (event->is_deletion) {
      forget_below(event->path);
    } else if (nodes_.contains(event->path)) {
      step = read_tree(event->path, false);
      done = co_await step;
      if (!done) co_return done;
    }
    for (const std::string& path : config_.paths) {
      if (event->is_deletion && event->path == path)
        co_return fail(Code::kMissing,
                       "path " + printable(path) + " no longer exists");
    }
    findings.found_all(found_);
  }
}

Task<Status> ZookeeperMembers::read_tree(std::string path, bool all) {
  std::vector<std::string> open = {path};
  while (!open.empty()) {
    const std::string at = std::move(open.back());
    open.pop_back();
    Task<Result<zookeeper::Node>> reading = client_.read(at);
    const Result<zookeeper::Node> node = co_await reading;
    if (!node) co_return fail(node.error());
    if (!node->exists) {
      forget_below(at);
      continue;
    }
    keep(at, node->data);
    std::vector<std::string> before = nodes_[at];
    for (const std::string& name : before) {
      if (std::ranges::find(node->children, name) == node->children.end())
        forget_below(child_path(at, name));
    }
    nodes_[at] = node->children;
    for (const std::string& name : node->children) {
      const std::string child = child_path(at, name);
      if (child.size() > kPathBytesMax || nodes_.size() >= kNodesMax)
        co_return fail(Code::kLimit, "too many nodes below " + printable(path));
      if (all || !nodes_.contains(child)) open.push_back(child);
    }
  }
  co_return {};
}

void ZookeeperMembers::keep(const std::string& path, const std::string& data) {
  Groups groups;
  if (const auto json = Json::parse(data)) {
    if (auto labels = read_(*json, path)) {
      config::TargetGroup& group = groups.emplace_back();
      group.source = path;
      group.targets.push_back(*std::move(labels));
    }
  }
  if (groups.empty()) {
    found_.erase(path);
  } else {
    found_.insert_or_assign(path, std::move(groups));
  }
}

// Paths below another are neighbours in order, but for the node itself.
void ZookeeperMembers::forget_below(const std::string& path) {
  const std::string prefix = child_path(path, "");
  const auto forget = [&](auto& map) {
    map.erase(path);
    auto at = map.lower_bound(prefix);
    while (at != map.end() && at->first.starts_with(prefix)) at = map.erase(at);
  };
  forget(nodes_);
  forget(found_);
}

}  // namespace prom::discover
