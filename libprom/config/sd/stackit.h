// stackit_sd_config of Prometheus.
#pragma once

#include <string>

#include "libprom/config/sd/polled.h"

namespace prom::config {

struct StackitSdConfig : PolledSdConfig {
  std::string project;
  std::string region = "eu01";
  std::string endpoint;  // "": the region's
  // A service account that gets tokens with a key.  Without one, requests are
  // authorized as `client` says.
  Secret service_account_key;            // JSON
  std::string service_account_key_path;  // of such a file
  // The key itself, when that JSON has it not: PEM, or a file.
  Secret private_key;
  std::string private_key_path;
  std::string credentials_file_path;  // where else keys may be named
  std::string token_url;              // "": the one that the JSON names

  [[nodiscard]] std::string_view mechanism() const override {
    return "stackit";
  }
};

}  // namespace prom::config
