// ionos_sd_config of Prometheus.
#pragma once

#include <string>

#include "libprom/config/sd/polled.h"

namespace prom::config {

struct IonosSdConfig : PolledSdConfig {
  std::string datacenter_id;
  std::string api_url = "https://api.ionos.com";

  [[nodiscard]] std::string_view mechanism() const override { return "ionos"; }
};

}  // namespace prom::config
