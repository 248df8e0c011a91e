#include "libprom/config/sd/ionos.h"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/support/sd_test.h"
#include "tests/support/shared_data.h"

namespace prom::discover {
namespace {

const char* const kServers =
    "GET /cloudapi/v6/datacenters/8feda53f/servers"
    "?depth=3&limit=1000&offset=0";

class IonosTest : public SdTest {
 protected:
  IonosTest() {
    config_.api_url = api_.url();
    config_.datacenter_id = "8feda53f";
  }

  config::IonosSdConfig config_;
};

TEST_F(IonosTest, ServersHaveTheAddressOfTheirLastInterface) {
  api_.answer(kServers, R"({"id":"8feda53f/servers","items":[
    {"id":"b501942c","metadata":{"state":"AVAILABLE"},
     "properties":{"name":"prometheus-2","availabilityZone":"ZONE_2",
       "vmState":"RUNNING","cpuFamily":"INTEL_SKYLAKE","type":"ENTERPRISE",
       "bootCdrom":{"id":"0e4d57f9"},"bootVolume":{"id":"7c1f"}},
     "entities":{
       "nics":{"items":[
         {"properties":{"name":null,"ips":["185.56.150.9","85.215.238.118"]}},
         {"properties":null},
         {"properties":{"name":"no ips"}},
         {"properties":{"name":"metrics-net","ips":["85.215.243.177"]}}]},
       "volumes":{"items":[{"properties":{"image":"31c5"}},{}]}}},
    {"id":"2","properties":null,"entities":{"nics":{"items":[
      {"properties":{"ips":["10.0.0.1"]}}]}}},
    {"id":"3","entities":{"nics":{"items":[]}}},
    {"id":"4"}]})");
  Source& source = begin(config_);
  settle(source);
  EXPECT_EQ(source.findings().failure(), "");
  EXPECT_EQ(listed(source), R"(10.0.0.1:80
  ionos_server_id=2
  ionos_server_ip=,10.0.0.1,
  ionos_server_nic_ip_unnamed=,10.0.0.1,
  ionos_server_servers_id=8feda53f/servers
85.215.243.177:80
  ionos_server_availability_zone=ZONE_2
  ionos_server_boot_cdrom_id=0e4d57f9
  ionos_server_boot_image_id=31c5
  ionos_server_boot_volume_id=7c1f
  ionos_server_cpu_family=INTEL_SKYLAKE
  ionos_server_id=b501942c
  ionos_server_ip=,85.215.243.177,185.56.150.9,85.215.238.118,
  ionos_server_lifecycle=AVAILABLE
  ionos_server_name=prometheus-2
  ionos_server_nic_ip_metrics_net=,85.215.243.177,
  ionos_server_nic_ip_no_ips=,,
  ionos_server_nic_ip_unnamed=,185.56.150.9,85.215.238.118,
  ionos_server_servers_id=8feda53f/servers
  ionos_server_state=RUNNING
  ionos_server_type=ENTERPRISE
)");
}

TEST_F(IonosTest, ADatacenterMayBeEmpty) {
  api_.answer(kServers, R"({"id":"8feda53f/servers","type":"collection"})");
  Source& source = begin(config_);
  settle(source);
  EXPECT_EQ(source.findings().failure(), "");
  EXPECT_EQ(listed(source), "");
}

TEST_F(IonosTest, UpstreamsAnswersAreRead) {
  const auto file =
      test::shared_path("conformance/discovery/ionos/testdata/servers.json");
  if (!file) GTEST_SKIP() << "upstream's files are not here";
  std::ostringstream text;
  text << std::ifstream(*file).rdbuf();
  api_.answer(kServers, text.str());
  Source& source = begin(config_);
  settle(source);
  std::string all;
  for (auto& labels : labels_of(source)) {
    all += labels["__address__"] + " " + labels["__meta_ionos_server_ip"] +
           " " + labels["__meta_ionos_server_name"] + "\n";
  }
  EXPECT_EQ(all,
            "85.215.243.177:80 ,85.215.243.177,185.56.150.9,85.215.238.118, "
            "prometheus-2\n"
            "85.215.248.84:80 ,85.215.248.84, prometheus-1\n"
            "10.0.0.99:80 ,10.0.0.99, \n");
}

}  // namespace
}  // namespace prom::discover
