// serverset_sd_config and nerve_sd_config of Prometheus: members below paths of
// a ZooKeeper.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libprom/config/discovery.h"

namespace prom::config {

struct ZookeeperPaths {
  std::vector<std::string> servers;  // host or host:port
  std::vector<std::string> paths;    // absolute
  std::int64_t timeout_ms = 10'000;  // of the session
};

struct ServersetSdConfig : SdConfig {
  ZookeeperPaths zookeeper;

  [[nodiscard]] std::string_view mechanism() const override {
    return "serverset";
  }
};

struct NerveSdConfig : SdConfig {
  ZookeeperPaths zookeeper;

  [[nodiscard]] std::string_view mechanism() const override { return "nerve"; }
};

}  // namespace prom::config
