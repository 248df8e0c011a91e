// ovhcloud_sd_config of Prometheus.
#pragma once

#include <cstdint>
#include <string>

#include "libprom/config/discovery.h"

namespace prom::config {

struct OvhcloudSdConfig : SdConfig {
  std::string endpoint = "ovh-eu";  // a name of the vendor's, or a URL
  std::string application_key;
  Secret application_secret, consumer_key;
  std::string service;  // "vps" or "dedicated_server"
  std::int64_t refresh_interval_ms = 60'000;
  HttpClientConfig client;  // the defaults: nothing can be said of it

  [[nodiscard]] std::string_view mechanism() const override {
    return "ovhcloud";
  }
};

}  // namespace prom::config
