// consul_sd_config of Prometheus.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "libprom/config/discovery.h"

namespace prom::config {

struct ConsulSdConfig : SdConfig {
  std::string server = "localhost:8500";
  std::string scheme = "http", path_prefix;
  Secret token;
  std::string datacenter, namespace_name, partition;
  std::string tag_separator = ",";
  bool allow_stale = true;
  std::int64_t refresh_interval_ms = 30'000;
  std::vector<std::string> services, tags;
  std::vector<std::pair<std::string, std::string>> node_meta;
  std::string filter, health_filter;
  HttpClientConfig client;

  [[nodiscard]] std::string_view mechanism() const override { return "consul"; }
  [[nodiscard]] const HttpClientConfig* http() const override {
    return &client;
  }
};

}  // namespace prom::config
