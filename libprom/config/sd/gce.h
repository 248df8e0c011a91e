// gce_sd_config of Prometheus.
#pragma once

#include <cstdint>
#include <string>

#include "libprom/config/discovery.h"

namespace prom::config {

struct GceSdConfig : SdConfig {
  std::string project, zone;
  std::string filter;  // of the API, or ""
  std::int64_t refresh_interval_ms = 60'000;
  std::int64_t port = 80;
  std::string tag_separator = ",";
  std::string api_url = "https://compute.googleapis.com";

  [[nodiscard]] std::string_view mechanism() const override { return "gce"; }
};

}  // namespace prom::config
