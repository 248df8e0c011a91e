// hetzner_sd_config of Prometheus.
#pragma once

#include <string>

#include "libprom/config/sd/polled.h"

namespace prom::config {

struct HetznerSdConfig : PolledSdConfig {
  std::string role;            // "hcloud" or "robot"
  std::string label_selector;  // of hcloud; "": all servers
  std::string hcloud_url = "https://api.hetzner.cloud/v1";
  std::string robot_url = "https://robot-ws.your-server.de";

  [[nodiscard]] std::string_view mechanism() const override {
    return "hetzner";
  }
};

}  // namespace prom::config
