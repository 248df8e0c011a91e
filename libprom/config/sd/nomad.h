// nomad_sd_config of Prometheus.
#pragma once

#include <cstdint>
#include <string>

#include "libprom/config/discovery.h"

namespace prom::config {

struct NomadSdConfig : SdConfig {
  std::string server = "http://localhost:4646";
  std::string namespace_name = "default", region = "global";
  std::string tag_separator = ",";
  bool allow_stale = true;
  std::int64_t refresh_interval_ms = 60'000;
  HttpClientConfig client;

  [[nodiscard]] std::string_view mechanism() const override { return "nomad"; }
  [[nodiscard]] const HttpClientConfig* http() const override {
    return &client;
  }
};

}  // namespace prom::config
