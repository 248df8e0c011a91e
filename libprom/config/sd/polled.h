// What the clouds have in common that are asked at every interval and whose
// servers are scraped at one port.
#pragma once

#include <cstdint>

#include "libprom/config/discovery.h"

namespace prom::config {

struct PolledSdConfig : SdConfig {
  HttpClientConfig client;
  std::int64_t refresh_interval_ms = 60'000;
  std::int64_t port = 80;

  [[nodiscard]] const HttpClientConfig* http() const override {
    return &client;
  }
};

}  // namespace prom::config
