// kuma_sd_config of Prometheus.
#pragma once

#include <cstdint>
#include <string>

#include "libprom/config/discovery.h"

namespace prom::config {

struct KumaSdConfig : SdConfig {
  std::string server;     // a URL; may hold credentials
  std::string client_id;  // "": this host's name
  std::int64_t refresh_interval_ms = 15'000;
  std::int64_t fetch_timeout_ms = 120'000;
  HttpClientConfig client;

  [[nodiscard]] std::string_view mechanism() const override { return "kuma"; }
  [[nodiscard]] const HttpClientConfig* http() const override {
    return &client;
  }
};

}  // namespace prom::config
