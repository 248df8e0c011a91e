// What goes wrong with any of the clouds: nothing of it takes targets away,
// all of it is named, and no reason names a credential.
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "libprom/base/number.h"
#include "libprom/config/sd/digitalocean.h"
#include "libprom/config/sd/hetzner.h"
#include "libprom/config/sd/ionos.h"
#include "libprom/config/sd/linode.h"
#include "libprom/config/sd/outscale.h"
#include "libprom/config/sd/ovhcloud.h"
#include "libprom/config/sd/scaleway.h"
#include "libprom/config/sd/stackit.h"
#include "libprom/config/sd/triton.h"
#include "libprom/config/sd/vultr.h"

#include "tests/support/sd_test.h"

namespace prom::discover {
namespace {

constexpr std::string_view kSecret = "hunter2";

struct Answer {
  std::string request, body;
};
// A mechanism whose API is at that URL, and answers with one target.
struct Cloud {
  std::shared_ptr<config::SdConfig> config;
  std::vector<Answer> answers;
};

template <class Config>
std::shared_ptr<Config> made(void (*fill)(Config&, const std::string& url),
                             const std::string& url) {
  auto config = std::make_shared<Config>();
  if constexpr (requires { config->client; }) {
    config->client.authorization.emplace().credentials =
        config::Secret(std::string(kSecret));
  }
  fill(*config, url);
  return config;
}

std::vector<Cloud> clouds(const std::string& url) {
  using namespace config;
  return {
      {made<DigitalOceanSdConfig>(
           [](auto& c, const std::string& at) { c.api_url = at; }, url),
       {{"GET /v2/droplets", R"({"droplets":[{"networks":{"v4":[{}]}}]})"}}},
      {made<DigitalOceanSdConfig>(
           [](auto& c, const std::string& at) {
             c.api_url = at;
             c.role = "databases";
           },
           url),
       {{"GET /v2/databases?page=1&per_page=100",
         R"({"databases":[{"id":"1"}]})"},
        {"GET /v2/databases?page=2&per_page=100", R"({"databases":[]})"}}},
      {made<HetznerSdConfig>(
           [](auto& c, const std::string& at) {
             c.hcloud_url = at;
             c.role = "hcloud";
           },
           url),
       {{"GET /servers?page=1&per_page=50", R"({"servers":[{"id":1}]})"},
        {"GET /networks?page=1&per_page=50", R"({"networks":[]})"}}},
      {made<HetznerSdConfig>(
           [](auto& c, const std::string& at) {
             c.robot_url = at;
             c.role = "robot";
           },
           url),
       {{"GET /server", R"([{"server":{"server_ip":"1.2.3.4"}}])"}}},
      {made<IonosSdConfig>(
           [](auto& c, const std::string& at) { c.api_url = at; }, url),
       {{"GET /cloudapi/v6/datacenters//servers?depth=3&limit=1000&offset=0",
         R"({"items":[{"entities":{"nics":{"items":[
              {"properties":{"ips":["1.2.3.4"]}}]}}}]})"}}},
      {made<LinodeSdConfig>(
           [](auto& c, const std::string& at) { c.api_url = at; }, url),
       {{"GET /v4/linode/instances?page=1&page_size=500",
         R"({"data":[{"ipv4":["1.2.3.4"]}]})"},
        {"GET /v4/networking/ips?page=1&page_size=500", R"({"data":[]})"},
        {"GET /v4/networking/ipv6/ranges?page=1&page_size=500",
         R"({"data":[]})"}}},
      {made<OutscaleSdConfig>(
           [](auto& c, const std::string& at) {
             c.endpoint = at;
             c.secret_key = Secret(std::string(kSecret));
           },
           url),
       {{"POST /ReadVms", R"({"Vms":[{"PublicIp":"1.2.3.4"}]})"}}},
      {made<OvhcloudSdConfig>(
           [](auto& c, const std::string& at) {
             c.endpoint = at;
             c.service = "vps";
             c.application_secret = Secret(std::string(kSecret));
             c.consumer_key = Secret(std::string(kSecret));
           },
           url),
       {{"GET /auth/time", "1"},
        {"GET /vps", R"(["a"])"},
        {"GET /vps/a", R"({"name":"a"})"},
        {"GET /vps/a/ips", R"(["1.2.3.4"])"}}},
      {made<ScalewaySdConfig>(
           [](auto& c, const std::string& at) {
             c.api_url = at;
             c.role = "instance";
             c.secret_key = Secret(std::string(kSecret));
           },
           url),
       {{"GET /instance/v1/zones/fr-par-1/servers?page=1",
         R"({"servers":[{"private_ip":"1.2.3.4"}]})"}}},
      {made<StackitSdConfig>(
           [](auto& c, const std::string& at) { c.endpoint = at; }, url),
       {{"GET /v1/projects//servers?details=true",
         R"({"items":[{"nics":[{"ipv4":"1.2.3.4"}]}]})"}}},
      {made<TritonSdConfig>(
           [](auto& c, const std::string& at) {
             c.scheme = "http";
             c.endpoint = "127.0.0.1";
             c.port = parse_int(at.substr(at.rfind(':') + 1)).value();
           },
           url),
       {{"GET /v1/discover", R"({"containers":[{"vm_uuid":"a"}]})"}}},
      {made<VultrSdConfig>(
           [](auto& c, const std::string& at) { c.api_url = at; }, url),
       {{"GET /v2/instances?per_page=100", R"({"instances":[{"id":"1"}]})"}}},
  };
}

using CloudFailures = SdTest;

TEST_F(CloudFailures, KeepTheTargetsAndNameTheReason) {
  const struct {
    std::string body;
    int status;
    std::string reason;
  } kBad[] = {
      {"", 401, "401"},
      {"hunter2 is wrong", 403, "403"},
      {"{}", 429, "429"},
      {"[]", 500, "500"},
      {"", 200, "no JSON"},
      {"<html>hunter2</html>", 200, "no JSON"},
      {R"({"items":[{)", 200, "no JSON"},
      {"[\"\xff\"]", 200, "no JSON"},
      {std::string(200, '['), 200, "too deep"},
      {"\"hunter2\"", 200, "unexpected answer"},
      {"7", 200, "unexpected answer"},
      {"[[]]", 200, "unexpected answer"},
  };
  for (const Cloud& cloud : clouds(api_.url())) {
    for (const Answer& answer : cloud.answers)
      api_.answer(answer.request, answer.body);
    Source source(make_mechanism(*cloud.config, around_), around_);
    source.start();
    settle(source);
    const std::string what(cloud.config->mechanism());
    EXPECT_EQ(source.findings().failure(), "") << what;
    const std::string before = listed(source);
    EXPECT_EQ(labels_of(source).size(), 1U) << what;
    for (const auto& bad : kBad) {
      api_.break_with(bad.body, bad.status);
      pass_and_look(60'000);
      const std::string failure = source.findings().failure();
      EXPECT_NE(failure.find(bad.reason), std::string::npos)
          << what << " with " << bad.body << ": " << failure;
      EXPECT_EQ(failure.find(kSecret), std::string::npos) << failure;
      EXPECT_EQ(listed(source), before) << what << " with " << bad.body;
    }
    api_.mend();
    pass_and_look(60'000);
    EXPECT_EQ(source.findings().failure(), "") << what;
    EXPECT_EQ(listed(source), before) << what;
  }
}

TEST_F(CloudFailures, ARefusedConnectionIsAReason) {
  for (const Cloud& cloud : clouds("http://127.0.0.1:1")) {
    Source source(make_mechanism(*cloud.config, around_), around_);
    source.start();
    settle(source);
    const std::string failure = source.findings().failure();
    EXPECT_NE(failure, "") << cloud.config->mechanism();
    EXPECT_EQ(failure.find(kSecret), std::string::npos) << failure;
  }
}

}  // namespace
}  // namespace prom::discover
