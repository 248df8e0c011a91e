// docker_sd_config and dockerswarm_sd_config of Prometheus.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "libprom/config/discovery.h"

namespace prom::config {

// What both have in common.
struct DockerHost {
  std::string host;  // unix:///path, tcp://host:port, http:// or https://
  std::int64_t port = 80;
  std::vector<std::pair<std::string, std::vector<std::string>>> filters;
  std::int64_t refresh_interval_ms = 60'000;
  HttpClientConfig client;
};

struct DockerSdConfig : SdConfig {
  DockerHost docker;
  std::string host_networking_host = "localhost";
  bool match_first_network = true;

  [[nodiscard]] std::string_view mechanism() const override { return "docker"; }
  [[nodiscard]] const HttpClientConfig* http() const override {
    return &docker.client;
  }
};

struct DockerswarmSdConfig : SdConfig {
  DockerHost docker;
  std::string role;  // "services", "tasks" or "nodes"

  [[nodiscard]] std::string_view mechanism() const override {
    return "dockerswarm";
  }
  [[nodiscard]] const HttpClientConfig* http() const override {
    return &docker.client;
  }
};

}  // namespace prom::config
