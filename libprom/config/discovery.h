// What a job's targets come from.  Parsed by config, run by discover; the
// table of mechanisms is the one place that knows which exist.
#pragma once

#include <cstdint>
#include <span>
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

struct FileSdConfig {
  std::vector<std::string> files;  // patterns, joined to the file's directory
  std::int64_t refresh_interval_ms = 300'000;
};

struct HttpSdConfig {
  std::string url;  // may hold credentials: show with http::safe_url
  std::int64_t refresh_interval_ms = 60'000;
  HttpClientConfig http;
};

// A mechanism that upstream has and this version has not.
struct UnavailableSd {
  std::string key;  // "ec2_sd_configs"
  TextPosition at;
};

struct DiscoveryConfigs {
  std::vector<TargetGroup> static_groups;
  std::vector<FileSdConfig> files;
  std::vector<HttpSdConfig> https;
  std::vector<UnavailableSd> unavailable;
};

struct SdMechanism {
  std::string_view key;
  bool available = false;
};
// Every *_sd_configs key of Prometheus 3.14 and static_configs, sorted.
std::span<const SdMechanism> sd_mechanisms();

// "ec2_sd_configs: not available in this version"
std::string unavailable_message(const UnavailableSd& sd);

}  // namespace prom::config
