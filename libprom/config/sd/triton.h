// triton_sd_config of Prometheus.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libprom/config/discovery.h"

namespace prom::config {

struct TritonSdConfig : SdConfig {
  std::string account;
  std::string role = "container";  // or "cn"
  std::string dns_suffix, endpoint;
  std::vector<std::string> groups;
  std::int64_t port = 9163;
  std::int64_t version = 1;
  std::int64_t refresh_interval_ms = 60'000;
  HttpClientConfig client;  // tls_config is all that can be said of it
  std::string scheme = "https";

  [[nodiscard]] std::string_view mechanism() const override { return "triton"; }
  [[nodiscard]] const HttpClientConfig* http() const override {
    return &client;
  }
};

}  // namespace prom::config
