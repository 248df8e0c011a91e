// dns_sd_config of Prometheus.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libprom/config/discovery.h"

namespace prom::config {

struct DnsSdConfig : SdConfig {
  std::vector<std::string> names;
  std::string type = "SRV";  // in upper case: SRV, A, AAAA, MX or NS
  std::int64_t port = 0;     // for every type but SRV
  std::int64_t refresh_interval_ms = 30'000;
  // Not read from files: where the servers and the search list stand.
  std::string resolv_conf = "/etc/resolv.conf";

  [[nodiscard]] std::string_view mechanism() const override { return "dns"; }
};

}  // namespace prom::config
