// marathon_sd_config of Prometheus.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libprom/config/discovery.h"

namespace prom::config {

struct MarathonSdConfig : SdConfig {
  std::vector<std::string> servers;  // URLs; one is chosen for each look
  std::int64_t refresh_interval_ms = 30'000;
  Secret auth_token;
  std::string auth_token_file;
  HttpClientConfig client;

  [[nodiscard]] std::string_view mechanism() const override {
    return "marathon";
  }
  [[nodiscard]] const HttpClientConfig* http() const override {
    return &client;
  }
};

}  // namespace prom::config
