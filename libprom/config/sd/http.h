// http_sd_config of Prometheus.
#pragma once

#include <cstdint>
#include <string>

#include "libprom/config/discovery.h"

namespace prom::config {

struct HttpSdConfig : SdConfig {
  std::string url;  // may hold credentials: show with http::safe_url
  std::int64_t refresh_interval_ms = 60'000;
  HttpClientConfig client;

  [[nodiscard]] std::string_view mechanism() const override { return "http"; }
  [[nodiscard]] const HttpClientConfig* http() const override {
    return &client;
  }
};

}  // namespace prom::config
