// linode_sd_config of Prometheus.
#pragma once

#include <string>

#include "libprom/config/sd/polled.h"

namespace prom::config {

struct LinodeSdConfig : PolledSdConfig {
  std::string region;  // "": all
  std::string tag_separator = ",";
  std::string api_url = "https://api.linode.com";

  [[nodiscard]] std::string_view mechanism() const override { return "linode"; }
};

}  // namespace prom::config
