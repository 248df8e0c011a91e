// aws_sd_config of Prometheus, and ec2_sd_config, lightsail_sd_config and so
// on, which are the same with a fixed role.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "libprom/config/discovery.h"

namespace prom::config {

struct AwsSdConfig : SdConfig {
  using Filter = std::pair<std::string, std::vector<std::string>>;

  std::string role;      // "ec2", "ecs", …: which mechanism this is
  std::string region;    // "": what the environment or the machine says
  std::string endpoint;  // "": AWS's own for the service and region
  std::string access_key;
  Secret secret_key;
  std::string profile, role_arn, external_id;
  std::int64_t refresh_interval_ms = 60'000;
  std::int64_t port = 80;
  std::vector<Filter> filters;        // of ec2 and rds
  std::vector<std::string> clusters;  // ARNs; of ecs, elasticache, msk, rds
  std::int64_t request_concurrency = 10;
  HttpClientConfig client;

  [[nodiscard]] std::string_view mechanism() const override { return role; }
  [[nodiscard]] const HttpClientConfig* http() const override {
    return &client;
  }
};

struct Ec2SdConfig : AwsSdConfig {
  Ec2SdConfig() { role = "ec2"; }
};
struct EcsSdConfig : AwsSdConfig {
  EcsSdConfig() {
    role = "ecs";
    request_concurrency = 20;
  }
};
struct ElasticacheSdConfig : AwsSdConfig {
  ElasticacheSdConfig() { role = "elasticache"; }
};
struct LightsailSdConfig : AwsSdConfig {
  LightsailSdConfig() { role = "lightsail"; }
};
struct MskSdConfig : AwsSdConfig {
  MskSdConfig() { role = "msk"; }
};
struct RdsSdConfig : AwsSdConfig {
  RdsSdConfig() { role = "rds"; }
};

}  // namespace prom::config
