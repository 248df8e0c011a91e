// What a job's targets come from.  Parsed by config, run by discover; the
// table of mechanisms is the one place that knows which exist.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/diagnostic.h"
#include "libprom/config/http_client.h"
#include "libprom/model/labels.h"

namespace prom::config {

// Targets that share labels.  Groups are replaced by `source`.
struct TargetGroup {
  std::string source;
  std::vector<Labels> targets;  // each with __address__
  Labels labels;
};

// The settings of one mechanism.  Each kind is a struct of its own in sd/.
struct SdConfig {
  SdConfig() = default;
  SdConfig(const SdConfig&) = default;
  SdConfig(SdConfig&&) = default;
  SdConfig& operator=(const SdConfig&) = default;
  SdConfig& operator=(SdConfig&&) = default;
  virtual ~SdConfig() = default;

  // "consul", of consul_sd_configs.
  [[nodiscard]] virtual std::string_view mechanism() const = 0;
  // How its API is spoken to, if it speaks HTTP.
  [[nodiscard]] virtual const HttpClientConfig* http() const { return nullptr; }
};

struct DiscoveryConfigs {
  std::vector<std::shared_ptr<const SdConfig>> mechanisms;
};

}  // namespace prom::config
