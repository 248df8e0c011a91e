// exec_sd_config: a command that prints target groups.  Ours: Prometheus has no
// such mechanism.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "libprom/config/discovery.h"
#include "libprom/config/load.h"

namespace prom::config {

struct ExecSdConfig : SdConfig {
  std::vector<std::string> command;  // the program and its arguments
  std::vector<std::pair<std::string, std::string>> environment;  // added
  std::int64_t refresh_interval_ms = 60'000;
  std::int64_t timeout_ms = 30'000;

  [[nodiscard]] std::string_view mechanism() const override { return "exec"; }
};

// What the command printed: JSON when it begins with a bracket, else YAML; as
// in a file.  `name` is shown in messages and labels.
Loaded<std::vector<TargetGroup>> parse_exec_sd(std::string_view text,
                                               const std::string& name);

}  // namespace prom::config
