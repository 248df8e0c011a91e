// outscale_sd_config of Prometheus.
#pragma once

#include <string>

#include "libprom/config/sd/polled.h"

namespace prom::config {

struct OutscaleSdConfig : PolledSdConfig {
  std::string region = "eu-west-2";
  std::string endpoint;  // the region's when the settings have none
  std::string access_key;
  Secret secret_key;
  std::string secret_key_file;

  [[nodiscard]] std::string_view mechanism() const override {
    return "outscale";
  }
};

}  // namespace prom::config
