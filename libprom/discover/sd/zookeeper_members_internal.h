// Members that announce themselves as nodes of a ZooKeeper: the nodes below
// some paths, each of which may be a target.  Servers are tried one after
// another; while there is no session, what was found stays.
#pragma once

#include <functional>
#include <optional>
#include <random>
#include <string>

#include "libprom/config/sd/zookeeper.h"
#include "libprom/discover/json.h"
#include "libprom/discover/mechanism.h"
#include "libprom/discover/sd/zookeeper_client_internal.h"

namespace prom::discover {

class ZookeeperMembers : public Mechanism {
 public:
  // The target that a node's data describes; nullopt when it is none.
  using Read = std::optional<Labels> (*)(const Json& data,
                                         const std::string& path);

  ZookeeperMembers(std::string_view name, config::ZookeeperPaths config,
                   Read read, Surroundings& around);

  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] bool covers(std::string_view place) const override;
  Task<Status> run(Findings& findings) override;

 private:
  // Until the session ends; why it did.
  Task<Status> follow(std::string server, Findings& findings);
  // Reads what stands at and below a path.  A child that is known is read
  // again only if `all`.
  Task<Status> read_tree(std::string path, bool all);
  void keep(const std::string& path, const std::string& data);
  void forget_below(const std::string& path);

  const std::string_view name_;
  const config::ZookeeperPaths config_;
  const Read read_;
  Surroundings& around_;
  exposition::Counter& failures_;
  std::minstd_rand random_{std::random_device{}()};
  zookeeper::Client client_;
  // What the session knows: each node with the names of its children.
  std::map<std::string, std::vector<std::string>> nodes_;
  Findings::Places found_;
};

// A member of an object whatever its case, as Go's JSON finds it.
Json member(const Json& object, std::string_view lower_name);
// A whole number or nothing there, which is 0; nullopt for anything else.
std::optional<std::int64_t> whole_number(const Json& value);

}  // namespace prom::discover
