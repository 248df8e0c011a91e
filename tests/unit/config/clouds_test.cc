// What is wrong with the settings of the clouds.
#include <string>

#include <gtest/gtest.h>

#include "libprom/config/load.h"

namespace prom::config {
namespace {

std::string no_environment(const std::string& /*name*/) {
  return "";
}

// "" when the settings of one element of KEY are good, else what is wrong.
std::string problems(const std::string& key, const std::string& settings) {
  const std::string yaml =
      "scrape_configs: [{job_name: j, " + key + ": [{" + settings + "}]}]\n";
  const auto config = parse_prometheus(yaml, "/etc/p/p.yml", no_environment);
  std::string all;
  if (!config) {
    for (const Diagnostic& finding : config.error())
      all += finding.to_string() + "\n";
  }
  return all;
}

const std::string kUuid = "cb334986-b054-4725-9d5a-30850fdc6015";
const std::string kScaleway = "role: instance, project_id: " + kUuid +
                              ", access_key: SCW0W8NG6024YHRJ7723";
const std::string kOvh =
    "application_key: a, application_secret: b, consumer_key: c, service: vps";
const std::string kTriton = "account: a, dns_suffix: b, endpoint: c";

TEST(Clouds, AreChecked) {
  const struct {
    std::string key, settings, problem;
  } kCases[] = {
      {"digitalocean", "port: 9100, role: databases, bearer_token: x", ""},
      {"digitalocean", "role: x", "unknown DigitalOcean SD role \"x\""},
      {"digitalocean", "role: ''",
       "role missing (one of: droplets, databases)"},
      {"digitalocean", "api_url: x", "unknown field \"api_url\""},
      {"hetzner", "role: hcloud, label_selector: a=b", ""},
      {"hetzner", "port: 1", "role missing (one of: robot, hcloud)"},
      {"hetzner", "role: cloud", "unknown role \"cloud\""},
      {"ionos", "datacenter_id: x", ""},
      {"ionos", "port: 1", "datacenter id can't be empty"},
      {"linode", "region: us-east, tag_separator: ';', port: 1", ""},
      {"linode", "regions: x", "unknown field \"regions\""},
      {"outscale", "access_key: a, secret_key_file: x, port: 9100", ""},
      {"outscale", "access_key: a",
       "one of secret_key & secret_key_file must be configured"},
      {"outscale", "secret_key: hunter2",
       "outscale SD configuration requires access_key"},
      {"outscale", "region: ''", "outscale SD configuration requires a region"},
      {"outscale", "secret_key: hunter2, secret_key_file: b",
       "at most one of secret_key & secret_key_file must be configured"},
      {"ovhcloud", kOvh, ""},
      {"ovhcloud", kOvh + ", endpoint: ''", "endpoint can not be empty"},
      {"ovhcloud", "service: vps", "application key can not be empty"},
      {"ovhcloud", "service: vps", "consumer key can not be empty"},
      {"ovhcloud", "service: x", "unknown service: x"},
      {"ovhcloud", kOvh + ", bearer_token: x", "unknown field"},
      {"scaleway", kScaleway + ", secret_key: " + kUuid, ""},
      {"scaleway", kScaleway + ", secret_key_file: x, tags_filter: [a]", ""},
      {"scaleway", kScaleway + ", secret_key: hunter2",
       "invalid secret key format, expected a UUID"},
      {"scaleway", kScaleway + ", secret_key: " + kUuid + ", zone: moon",
       "invalid default zone format \"moon\""},
      {"scaleway", "role: instance, project_id: x, access_key: y",
       "invalid project ID format \"x\""},
      {"scaleway", "role: instance, project_id: x, access_key: y",
       "invalid access key format \"y\""},
      {"scaleway", "role: x", "project_id is mandatory"},
      {"scaleway", "role: x", "access_key is mandatory"},
      {"stackit", "project: p, service_account_key_path: x, region: eu02", ""},
      {"stackit", "region: ''", "stackit_sd: endpoint and region missing"},
      {"stackit", "endpoint: '://x'", "stackit_sd: invalid endpoint"},
      {"triton", kTriton + ", role: cn, groups: [a], version: 2", ""},
      {"triton", "role: x",
       "triton SD configuration requires role to be 'container' or 'cn'"},
      {"triton", "role: cn", "triton SD configuration requires a dns_suffix"},
      {"triton", kTriton + ", refresh_interval: 0s",
       "requires RefreshInterval to be a positive integer"},
      {"uyuni", "server: 'https://u', username: a, password: hunter2", ""},
      {"uyuni", "server: x", "Uyuni Server URL is not valid"},
      {"uyuni", "server: ''", "Uyuni SD configuration requires server host"},
      {"uyuni", "server: x", "Uyuni SD configuration requires a username"},
      {"uyuni", "server: x", "Uyuni SD configuration requires a password"},
      {"vultr", "port: 1, refresh_interval: 5m", ""},
      {"vultr", "port: x", "port must be a whole number"},
  };
  for (const auto& c : kCases) {
    const std::string found = problems(c.key + "_sd_configs", c.settings);
    if (c.problem.empty()) {
      EXPECT_EQ(found, "") << c.key << " " << c.settings;
    } else {
      EXPECT_NE(found.find(c.problem), std::string::npos)
          << c.key << " " << c.settings << ": " << found;
    }
    EXPECT_EQ(found.find("hunter2"), std::string::npos);
  }
}

}  // namespace
}  // namespace prom::config
