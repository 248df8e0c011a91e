// file_sd_config of Prometheus.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libprom/config/discovery.h"

namespace prom::config {

struct FileSdConfig : SdConfig {
  std::vector<std::string> files;  // patterns, joined to the file's directory
  std::int64_t refresh_interval_ms = 300'000;

  [[nodiscard]] std::string_view mechanism() const override { return "file"; }
};

}  // namespace prom::config
