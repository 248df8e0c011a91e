// azure_sd_config of Prometheus.
#pragma once

#include <cstdint>
#include <string>

#include "libprom/config/discovery.h"

namespace prom::config {

struct AzureSdConfig : SdConfig {
  std::string environment = "AzurePublicCloud";
  std::int64_t port = 80;
  std::string subscription_id, tenant_id, client_id;
  Secret client_secret;
  std::int64_t refresh_interval_ms = 300'000;
  // "OAuth", "ManagedIdentity", "SDK" or "WorkloadIdentity"
  std::string authentication_method = "OAuth";
  std::string resource_group;  // "": all
  HttpClientConfig client;
  // Instead of the environment's, when not empty.
  std::string login_url, management_url;
  std::string metadata_url = "http://169.254.169.254";

  [[nodiscard]] std::string_view mechanism() const override { return "azure"; }
  [[nodiscard]] const HttpClientConfig* http() const override {
    return &client;
  }
};

}  // namespace prom::config
