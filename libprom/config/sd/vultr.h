// vultr_sd_config of Prometheus.
#pragma once

#include <string>

#include "libprom/config/sd/polled.h"

namespace prom::config {

struct VultrSdConfig : PolledSdConfig {
  std::string api_url = "https://api.vultr.com";

  [[nodiscard]] std::string_view mechanism() const override { return "vultr"; }
};

}  // namespace prom::config
