// scaleway_sd_config of Prometheus.
#pragma once

#include <string>
#include <vector>

#include "libprom/config/sd/polled.h"

namespace prom::config {

struct ScalewaySdConfig : PolledSdConfig {
  std::string role;  // "instance" or "baremetal"
  std::string api_url = "https://api.scaleway.com";
  std::string zone = "fr-par-1";
  std::string project_id, access_key;
  Secret secret_key;
  std::string secret_key_file;
  std::string name_filter;               // "": all
  std::vector<std::string> tags_filter;  // all of them

  [[nodiscard]] std::string_view mechanism() const override {
    return "scaleway";
  }
};

}  // namespace prom::config
