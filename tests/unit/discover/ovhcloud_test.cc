#include "libprom/config/sd/ovhcloud.h"

#include <array>
#include <iomanip>
#include <sstream>

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include "tests/support/sd_test.h"

namespace prom::discover {
namespace {

class OvhcloudTest : public SdTest {
 protected:
  OvhcloudTest() {
    config_.endpoint = api_.url() + "/1.0";
    config_.application_key = "app-key";
    config_.application_secret = config::Secret("app-secret");
    config_.consumer_key = config::Secret("consumer");
    api_.answer("GET /1.0/auth/time", "1457018875");
  }
  // A virtual server of that name and address.
  void serve(const std::string& name, const std::string& ip) {
    api_.answer("GET /1.0/vps/" + name, R"({"name":")" + name + R"("})");
    api_.answer("GET /1.0/vps/" + name + "/ips", R"([")" + ip + R"("])");
  }
  [[nodiscard]] static std::string addresses(const Source& source) {
    std::string all;
    for (auto& labels : labels_of(source)) all += labels["__address__"] + " ";
    return all;
  }

  config::OvhcloudSdConfig config_;
};

TEST_F(OvhcloudTest, VirtualServers) {
  config_.service = "vps";
  api_.answer("GET /1.0/vps", R"(["vps-1/x"])");
  api_.answer("GET /1.0/vps/vps-1/x", R"({"offerType":"ssd",
    "monitoringIpBlocks":[],"displayName":"abc","zone":"zone",
    "cluster":"cluster_test","name":"abc","vcore":1,"state":"running",
    "keymap":null,"netbootMode":"local","memoryLimit":2048,
    "model":{"name":"vps-value-1-2-40","maximumAdditionnalIp":16,
      "offer":"VPS abc","disk":40,"version":"2019v1","vcore":2,"memory":4096,
      "datacenter":["a","b"]}})");
  api_.answer("GET /1.0/vps/vps-1/x/ips",
              R"(["192.0.2.1/32","192.0.2.0/24","2001:0db1::0001/64",
                  "2001:DB1::2","0.0.0.0"])");
  Source& source = begin(config_);
  settle(source);
  EXPECT_EQ(source.findings().failure(), "");
  EXPECT_EQ(listed(source), R"(192.0.2.1
  ovhcloud_vps_cluster=cluster_test
  ovhcloud_vps_datacenter=[a b]
  ovhcloud_vps_disk=40
  ovhcloud_vps_display_name=abc
  ovhcloud_vps_ipv4=192.0.2.1
  ovhcloud_vps_ipv6=2001:db1::2
  ovhcloud_vps_maximum_additional_ip=16
  ovhcloud_vps_memory=4096
  ovhcloud_vps_memory_limit=2048
  ovhcloud_vps_model_name=vps-value-1-2-40
  ovhcloud_vps_model_vcore=2
  ovhcloud_vps_name=abc
  ovhcloud_vps_netboot_mode=local
  ovhcloud_vps_offer=VPS abc
  ovhcloud_vps_offer_type=ssd
  ovhcloud_vps_state=running
  ovhcloud_vps_vcore=1
  ovhcloud_vps_version=2019v1
  ovhcloud_vps_zone=zone
  instance=abc
)");
}

TEST_F(OvhcloudTest, DedicatedServers) {
  config_.service = "dedicated_server";
  api_.answer("GET /1.0/dedicated/server", R"(["abcde"])");
  api_.answer("GET /1.0/dedicated/server/abcde", R"({"ip":"1.2.3.4",
    "commercialRange":"Advance-1 Gen 2","rack":"TESTRACK","supportLevel":"pro",
    "linkSpeed":123,"noIntervention":true,"name":"abcde","state":"test",
    "datacenter":"gra3","os":"debian11_64","reverse":"abcde-rev",
    "serverId":1234})");
  api_.answer("GET /1.0/dedicated/server/abcde/ips", R"(["2001:db8::1"])");
  Source& source = begin(config_);
  settle(source);
  EXPECT_EQ(source.findings().failure(), "");
  EXPECT_EQ(listed(source), R"(2001:db8::1
  ovhcloud_dedicated_server_commercial_range=Advance-1 Gen 2
  ovhcloud_dedicated_server_datacenter=gra3
  ovhcloud_dedicated_server_ipv6=2001:db8::1
  ovhcloud_dedicated_server_link_speed=123
  ovhcloud_dedicated_server_name=abcde
  ovhcloud_dedicated_server_no_intervention=true
  ovhcloud_dedicated_server_os=debian11_64
  ovhcloud_dedicated_server_rack=TESTRACK
  ovhcloud_dedicated_server_reverse=abcde-rev
  ovhcloud_dedicated_server_server_id=1234
  ovhcloud_dedicated_server_state=test
  ovhcloud_dedicated_server_support_level=pro
  instance=abcde
)");
}

TEST_F(OvhcloudTest, RequestsAreSignedInTheServersTime) {
  config_.service = "vps";
  clock_.set_wall_ms(1'457'018'000'000);
  api_.answer("GET /1.0/vps", "[]");
  settle(begin(config_));
  const http::ServerRequest request = api_.last("GET /1.0/vps");
  EXPECT_EQ(request.header("x-ovh-application"), "app-key");
  EXPECT_EQ(request.header("x-ovh-consumer"), "consumer");
  EXPECT_EQ(request.header("x-ovh-timestamp"), "1457018875");
  const std::string signature = request.header("x-ovh-signature");
  const std::string text =
      "app-secret+consumer+GET+" + api_.url() + "/1.0/vps++1457018875";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha1(),
             nullptr);
  std::ostringstream expected;
  expected << "$1$" << std::hex << std::setfill('0');
  for (std::size_t i = 0; i < 20; ++i)
    expected << std::setw(2) << static_cast<int>(digest.at(i));
  EXPECT_EQ(signature, expected.str());
  const http::ServerRequest time = api_.last("GET /1.0/auth/time");
  EXPECT_EQ(time.header("x-ovh-signature"), "");
  EXPECT_EQ(time.header("x-ovh-application"), "app-key");
}

TEST_F(OvhcloudTest, AServerThatCannotBeSeenStaysAsItWas) {
  config_.service = "vps";
  api_.answer("GET /1.0/vps", R"(["a","b","c"])");
  serve("a", "10.0.0.1");
  serve("b", "10.0.0.2");
  Source& source = begin(config_);
  settle(source);
  EXPECT_EQ(source.findings().failure(), "");
  EXPECT_EQ(addresses(source), "10.0.0.1 10.0.0.2 ");
  api_.forget("GET /1.0/vps/a/ips");
  serve("b", "no address");
  serve("c", "10.0.0.3");
  pass_and_look(60'000);
  EXPECT_EQ(addresses(source), "10.0.0.1 10.0.0.2 10.0.0.3 ");
  api_.answer("GET /1.0/vps", R"(["b"])");
  pass_and_look(60'000);
  EXPECT_EQ(addresses(source), "10.0.0.2 ");
}

TEST_F(OvhcloudTest, AnUnknownEndpointIsAReason) {
  config_.service = "vps";
  config_.endpoint = "ovh-moon";
  Source& source = begin(config_);
  settle(source);
  EXPECT_EQ(source.findings().failure(),
            "ovh-moon vps: unknown endpoint \"ovh-moon\"");
}

}  // namespace
}  // namespace prom::discover
