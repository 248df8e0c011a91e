// eureka_sd_config of Prometheus.
#pragma once

#include <cstdint>
#include <string>

#include "libprom/config/discovery.h"

namespace prom::config {

struct EurekaSdConfig : SdConfig {
  std::string server;  // a URL; may hold credentials
  std::int64_t refresh_interval_ms = 30'000;
  HttpClientConfig client;

  [[nodiscard]] std::string_view mechanism() const override { return "eureka"; }
  [[nodiscard]] const HttpClientConfig* http() const override {
    return &client;
  }
};

}  // namespace prom::config
