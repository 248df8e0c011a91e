// openstack_sd_config of Prometheus.
#pragma once

#include <cstdint>
#include <string>

#include "libprom/config/discovery.h"

namespace prom::config {

struct OpenstackSdConfig : SdConfig {
  std::string identity_endpoint;  // "": this and all below from OS_… variables
  std::string username, user_id;
  Secret password;
  std::string project_name, project_id;
  std::string domain_name, domain_id;
  std::string application_credential_name, application_credential_id;
  Secret application_credential_secret;
  std::string role;  // "hypervisor", "instance" or "loadbalancer"
  std::string region;
  std::int64_t refresh_interval_ms = 60'000;
  std::int64_t port = 80;
  bool all_tenants = false;
  std::string availability = "public";  // or "internal", "admin"
  HttpClientConfig client;              // only its tls

  [[nodiscard]] std::string_view mechanism() const override {
    return "openstack";
  }
  [[nodiscard]] const HttpClientConfig* http() const override {
    return &client;
  }
};

}  // namespace prom::config
