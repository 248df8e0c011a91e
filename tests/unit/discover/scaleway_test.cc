#include "libprom/config/sd/scaleway.h"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/support/sd_test.h"
#include "tests/support/shared_data.h"
#include "tests/support/temporary_directory.h"

namespace prom::discover {
namespace {

const char* const kServers = "GET /instance/v1/zones/fr-par-1/servers?page=1";

class ScalewayTest : public SdTest {
 protected:
  ScalewayTest() {
    config_.api_url = api_.url();
    config_.role = "instance";
    config_.secret_key = config::Secret("6d6579e5-a5b9");
  }

  config::ScalewaySdConfig config_;
};

TEST_F(ScalewayTest, InstancesPreferTheirPrivateAddress) {
  api_.answer(kServers, R"({"servers":[
    {"id":"93c18a61","name":"shirley","hostname":"scw-shirley",
     "commercial_type":"DEV1-S","boot_type":"local","state":"running",
     "organization":"cb334986","project":"cb334987","zone":"fr-par-1",
     "image":{"id":"45a86b35","name":"Ubuntu 18.04","arch":"x86_64"},
     "location":{"cluster_id":"40","hypervisor_id":"1601","node_id":"29"},
     "security_group":{"id":"a6a794b7","name":"Default"},
     "tags":["a","b"],"private_ip":"10.70.60.57",
     "ipv6":{"address":"2001:BC8:630::1"},
     "public_ip":{"address":"151.115.45.127","family":"inet"},
     "public_ips":[
       {"address":"151.115.45.127","family":"inet"},
       {"address":"2001:bc8:1640::","family":"inet6"}]},
    {"id":"2","name":"no address","zone":"nl-ams-1","public_ip":null,
     "private_ip":null,"ipv6":null,"private_nics":[]}]})");
  Source& source = begin(config_);
  settle(source);
  EXPECT_EQ(source.findings().failure(), "");
  EXPECT_EQ(listed(source), R"(10.70.60.57:80
  scaleway_instance_boot_type=local
  scaleway_instance_hostname=scw-shirley
  scaleway_instance_id=93c18a61
  scaleway_instance_image_arch=x86_64
  scaleway_instance_image_id=45a86b35
  scaleway_instance_image_name=Ubuntu 18.04
  scaleway_instance_location_cluster_id=40
  scaleway_instance_location_hypervisor_id=1601
  scaleway_instance_location_node_id=29
  scaleway_instance_name=shirley
  scaleway_instance_organization_id=cb334986
  scaleway_instance_private_ipv4=10.70.60.57
  scaleway_instance_project_id=cb334987
  scaleway_instance_public_ipv4=151.115.45.127
  scaleway_instance_public_ipv4_addresses=,151.115.45.127,
  scaleway_instance_public_ipv6=2001:bc8:630::1
  scaleway_instance_public_ipv6_addresses=,2001:bc8:1640::,
  scaleway_instance_region=fr-par
  scaleway_instance_security_group_id=a6a794b7
  scaleway_instance_security_group_name=Default
  scaleway_instance_status=running
  scaleway_instance_tags=,a,b,
  scaleway_instance_type=DEV1-S
  scaleway_instance_zone=fr-par-1
)");
  EXPECT_EQ(api_.last(kServers).header("x-auth-token"), "6d6579e5-a5b9");
}

TEST_F(ScalewayTest, AddressesOfInterfacesAreAskedFor) {
  api_.answer(kServers, R"({"servers":[
    {"id":"1","zone":"fr-par-1","public_ip":null,"private_ip":null,
     "private_nics":[{"id":"nic-1"},{"id":"nic-2"}]}]})");
  api_.answer(
      "GET /ipam/v1/regions/fr-par/ips?resource_types=instance_private_nic"
      "&resource_ids=nic-1&resource_ids=nic-2&page=1",
      R"({"total_count":2,"ips":[
    {"address":"fd00::7/64","is_ipv6":true,"resource":{"id":"nic-1"}},
    {"address":"10.0.0.7/32","is_ipv6":false,"resource":{"id":"nic-2"}}]})");
  Source& source = begin(config_);
  settle(source);
  EXPECT_EQ(source.findings().failure(), "");
  EXPECT_EQ(listed(source), R"(10.0.0.7:80
  scaleway_instance_id=1
  scaleway_instance_private_ipv4=10.0.0.7
  scaleway_instance_region=fr-par
  scaleway_instance_zone=fr-par-1
)");
}

TEST_F(ScalewayTest, AHeaderSaysHowManyThereAre) {
  config_.name_filter = "web";
  config_.tags_filter = {"a", "b"};
  const auto page = [&](const std::string& number, const std::string& ip) {
    api_.answer(
        "GET /instance/v1/zones/fr-par-1/servers?name=web&tags=a,b"
        "&page=" +
            number,
        [ip](const http::ServerRequest&) {
          return http::ServerResponse{
              .status = 200,
              .headers = {{"X-Total-Count", "2"}},
              .body = R"({"servers":[{"private_ip":")" + ip + R"("}]})"};
        });
  };
  page("1", "10.0.0.1");
  page("2", "10.0.0.2");
  Source& source = begin(config_);
  settle(source);
  EXPECT_EQ(source.findings().failure(), "");
  EXPECT_EQ(labels_of(source).size(), 2U);
}

TEST_F(ScalewayTest, DedicatedServersAreNamedByOfferAndSystem) {
  config_.role = "baremetal";
  config_.tags_filter = {"a", "b"};
  const std::string path = "GET /baremetal/v1/zones/fr-par-1";
  api_.answer(path + "/servers?tags=a&tags=b&page=1", R"({"servers":[
    {"id":"1","name":"metal","zone":"fr-par-1","status":"ready",
     "project_id":"p","offer_id":"o2","install":{"os_id":"s1"},"tags":["a"],
     "ips":[{"version":"IPv6","address":"2001:db8::1"},
            {"version":"IPv4","address":"1.2.3.4"},
            {"version":"IPv4","address":"1.2.3.5"}]},
    {"id":"2","offer_id":"x","install":null,"ips":[
      {"version":"IPv6","address":"2001:db8::2"}]}],"total_count":2})");
  api_.answer(path + "/offers?page=1",
              R"({"offers":[{"id":"o1","name":"A"},{"id":"o2","name":"B"}]})");
  api_.answer(path + "/os?page=1",
              R"({"os":[{"id":"s1","name":"Debian","version":"12"}]})");
  Source& source = begin(config_);
  settle(source);
  EXPECT_EQ(source.findings().failure(), "");
  EXPECT_EQ(listed(source), R"(1.2.3.4:80
  scaleway_baremetal_id=1
  scaleway_baremetal_name=metal
  scaleway_baremetal_os_name=Debian
  scaleway_baremetal_os_version=12
  scaleway_baremetal_project_id=p
  scaleway_baremetal_public_ipv4=1.2.3.4
  scaleway_baremetal_public_ipv6=2001:db8::1
  scaleway_baremetal_status=ready
  scaleway_baremetal_tags=,a,
  scaleway_baremetal_type=B
  scaleway_baremetal_zone=fr-par-1
[2001:db8::2]:80
  scaleway_baremetal_id=2
  scaleway_baremetal_public_ipv6=2001:db8::2
)");
}

TEST_F(ScalewayTest, TheKeyIsReadAnewFromItsFile) {
  const TemporaryDirectory directory;
  config_.secret_key = {};
  config_.secret_key_file = directory.path() + "/key";
  api_.answer(kServers, R"({"servers":[]})");
  std::ofstream(config_.secret_key_file) << "first\n";
  Source& source = begin(config_);
  settle(source);
  EXPECT_EQ(api_.last(kServers).header("x-auth-token"), "first");
  std::ofstream(config_.secret_key_file) << "second\n";
  pass_and_look(60'000);
  EXPECT_EQ(api_.last(kServers).header("x-auth-token"), "second");
}

TEST_F(ScalewayTest, UpstreamsAnswersAreRead) {
  const auto file = test::shared_path(
      "conformance/discovery/scaleway/testdata/instance.json");
  if (!file) GTEST_SKIP() << "upstream's files are not here";
  std::ostringstream text;
  text << std::ifstream(*file).rdbuf();
  api_.answer(kServers, text.str());
  Source& source = begin(config_);
  settle(source);
  std::string all;
  for (auto& labels : labels_of(source)) {
    all += labels["__address__"] + " " +
           labels["__meta_scaleway_instance_public_ipv6"] + " " +
           labels["__meta_scaleway_instance_public_ipv6_addresses"] + " " +
           labels["__meta_scaleway_instance_region"] + "\n";
  }
  EXPECT_EQ(all,
            "10.70.60.57:80 2001:bc8:630:1e1c::1  fr-par\n"
            "10.193.162.9:80 2001:bc8:1e00:6204::1  fr-par\n"
            "51.158.183.115:80  ,2001:bc8:1640:1568:dc00:ff:fe21:91b, nl-ams\n"
            "163.172.136.10:80  ,2001:bc8:710:4a69:dc00:ff:fe58:40c1,"
            "2001:bc8:710:d::,2001:bc8:710:5417::, fr-par\n");
}

}  // namespace
}  // namespace prom::discover
