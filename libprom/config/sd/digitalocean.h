// digitalocean_sd_config of Prometheus.
#pragma once

#include <string>

#include "libprom/config/sd/polled.h"

namespace prom::config {

struct DigitalOceanSdConfig : PolledSdConfig {
  std::string role = "droplets";  // or "databases"
  std::string api_url = "https://api.digitalocean.com";

  [[nodiscard]] std::string_view mechanism() const override {
    return "digitalocean";
  }
};

}  // namespace prom::config
