// static_configs: targets that the configuration itself names.
#pragma once

#include <vector>

#include "libprom/config/discovery.h"

namespace prom::config {

// All static_configs of a job at once.
struct StaticSdConfig : SdConfig {
  std::vector<TargetGroup> groups;

  [[nodiscard]] std::string_view mechanism() const override { return "static"; }
};

}  // namespace prom::config
