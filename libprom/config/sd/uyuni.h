// uyuni_sd_config of Prometheus.
#pragma once

#include <cstdint>
#include <string>

#include "libprom/config/discovery.h"

namespace prom::config {

struct UyuniSdConfig : SdConfig {
  std::string server;  // URL
  std::string username;
  Secret password;
  std::string entitlement = "monitoring_entitled";
  std::string separator = ",";
  std::int64_t refresh_interval_ms = 60'000;
  HttpClientConfig client;

  [[nodiscard]] std::string_view mechanism() const override { return "uyuni"; }
  [[nodiscard]] const HttpClientConfig* http() const override {
    return &client;
  }
};

}  // namespace prom::config
