#include "libprom/config/sd/hetzner.h"

#include <gtest/gtest.h>

#include "tests/support/sd_test.h"

namespace prom::discover {
namespace {

class HetznerTest : public SdTest {
 protected:
  HetznerTest() {
    config_.hcloud_url = api_.url() + "/v1";
    config_.robot_url = api_.url();
  }

  config::HetznerSdConfig config_;
};

TEST_F(HetznerTest, CloudServersHaveTheNamesOfTheirNetworks) {
  config_.role = "hcloud";
  config_.label_selector = "env=prod";
  api_.answer("GET /v1/servers?label_selector=env=prod&page=1&per_page=50",
              R"({"servers":[
    {"id":42,"name":"my-server","status":"running",
     "public_net":{"ipv4":{"ip":"1.2.3.4"},"ipv6":{"ip":"2001:DB8::1/64"}},
     "private_net":[{"network":4711,"ip":"10.0.0.2"},{"network":1}],
     "server_type":{"name":"cx11","cores":1,"memory":2.0,"disk":25,
                    "cpu_type":"shared"},
     "location":{"name":"fsn1","network_zone":"eu-central"},
     "image":{"name":"ubuntu-20.04","description":"Ubuntu 20.04 Standard",
              "os_flavor":"ubuntu","os_version":"20.04"},
     "labels":{"my-key":"my-value","empty":""}}],
    "meta":{"pagination":{"page":1,"next_page":2}}})");
  api_.answer("GET /v1/servers?label_selector=env=prod&page=2&per_page=50",
              R"({"servers":[{"id":36,"name":"private","image":null,
                   "public_net":{"ipv4":null,"ipv6":null}}],
                  "meta":{"pagination":{"next_page":null}}})");
  api_.answer("GET /v1/networks?page=1&per_page=50", R"({"networks":[
    {"id":4711,"name":"my.net"},{"id":4712,"name":"other"}]})");
  Source& source = begin(config_);
  settle(source);
  EXPECT_EQ(source.findings().failure(), "");
  EXPECT_EQ(listed(source), R"(1.2.3.4:80
  hetzner_hcloud_cpu_cores=1
  hetzner_hcloud_cpu_type=shared
  hetzner_hcloud_datacenter_location=fsn1
  hetzner_hcloud_datacenter_location_network_zone=eu-central
  hetzner_hcloud_disk_size_gb=25
  hetzner_hcloud_image_description=Ubuntu 20.04 Standard
  hetzner_hcloud_image_name=ubuntu-20.04
  hetzner_hcloud_image_os_flavor=ubuntu
  hetzner_hcloud_image_os_version=20.04
  hetzner_hcloud_label_my_key=my-value
  hetzner_hcloud_labelpresent_empty=true
  hetzner_hcloud_labelpresent_my_key=true
  hetzner_hcloud_location=fsn1
  hetzner_hcloud_location_network_zone=eu-central
  hetzner_hcloud_memory_size_gb=2
  hetzner_hcloud_private_ipv4_my_net=10.0.0.2
  hetzner_hcloud_server_type=cx11
  hetzner_public_ipv4=1.2.3.4
  hetzner_public_ipv6_network=2001:db8::/64
  hetzner_role=hcloud
  hetzner_server_id=42
  hetzner_server_name=my-server
  hetzner_server_status=running
<nil>:80
  hetzner_hcloud_cpu_cores=0
  hetzner_hcloud_disk_size_gb=0
  hetzner_hcloud_memory_size_gb=0
  hetzner_public_ipv4=<nil>
  hetzner_public_ipv6_network=<nil>
  hetzner_role=hcloud
  hetzner_server_id=36
  hetzner_server_name=private
)");
}

TEST_F(HetznerTest, RobotServersAreDedicated) {
  config_.role = "robot";
  config_.client.basic_auth = {.username = "my-hetzner",
                               .username_file = {},
                               .password = config::Secret("my-password"),
                               .password_file = {}};
  api_.answer("GET /server", R"([
    {"server":{"server_ip":"123.123.123.123","server_number":321,
      "server_name":"server1","product":"DS 3000","dc":"NBG1-DC1",
      "status":"ready","cancelled":false,
      "subnet":[{"ip":"10.0.0.0","mask":"24"},
                {"ip":"2a01:4f8:111:4221::","mask":"64"}]}},
    {"server":{"server_ip":"123.123.123.124","server_number":421,
      "server_name":"server2","product":"X5","dc":"FSN1-DC10",
      "status":"in process","cancelled":true,"subnet":null}}])");
  Source& source = begin(config_);
  settle(source);
  EXPECT_EQ(source.findings().failure(), "");
  EXPECT_EQ(listed(source), R"(123.123.123.123:80
  hetzner_datacenter=nbg1-dc1
  hetzner_public_ipv4=123.123.123.123
  hetzner_public_ipv6_network=2a01:4f8:111:4221::/64
  hetzner_robot_cancelled=false
  hetzner_robot_datacenter=nbg1-dc1
  hetzner_robot_product=DS 3000
  hetzner_role=robot
  hetzner_server_id=321
  hetzner_server_name=server1
  hetzner_server_status=ready
123.123.123.124:80
  hetzner_datacenter=fsn1-dc10
  hetzner_public_ipv4=123.123.123.124
  hetzner_robot_cancelled=true
  hetzner_robot_datacenter=fsn1-dc10
  hetzner_robot_product=X5
  hetzner_role=robot
  hetzner_server_id=421
  hetzner_server_name=server2
  hetzner_server_status=in process
)");
  EXPECT_EQ(api_.last("GET /server").header("authorization"),
            "Basic bXktaGV0em5lcjpteS1wYXNzd29yZA==");
}

}  // namespace
}  // namespace prom::discover
