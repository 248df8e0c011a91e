// oci_sd_config of Prometheus.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libprom/config/discovery.h"

namespace prom::config {

struct OciSdConfig : SdConfig {
  std::string auth = "api_key";  // or "instance_principal"
  std::string tenancy, user, fingerprint, key_file;
  Secret key_passphrase;
  std::string key_passphrase_file;
  std::string region;
  std::vector<std::string> compartments;  // none: all that can be seen
  HttpClientConfig client;
  std::int64_t port = 80;
  std::int64_t refresh_interval_ms = 60'000;
  // Instead of the region's, when not empty.
  std::string identity_url, compute_url, auth_url;
  std::string metadata_url = "http://169.254.169.254";

  [[nodiscard]] std::string_view mechanism() const override { return "oci"; }
  [[nodiscard]] const HttpClientConfig* http() const override {
    return &client;
  }
};

}  // namespace prom::config
