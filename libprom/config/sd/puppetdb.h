// puppetdb_sd_config of Prometheus.
#pragma once

#include <cstdint>
#include <string>

#include "libprom/config/discovery.h"

namespace prom::config {

struct PuppetdbSdConfig : SdConfig {
  std::string url, query;
  bool include_parameters = false;
  std::int64_t port = 80;
  std::int64_t refresh_interval_ms = 60'000;
  HttpClientConfig client;

  [[nodiscard]] std::string_view mechanism() const override {
    return "puppetdb";
  }
  [[nodiscard]] const HttpClientConfig* http() const override {
    return &client;
  }
};

}  // namespace prom::config
