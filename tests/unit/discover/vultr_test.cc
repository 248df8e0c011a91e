#include "libprom/config/sd/vultr.h"

#include <gtest/gtest.h>

#include "tests/support/sd_test.h"

namespace prom::discover {
namespace {

using VultrTest = SdTest;

TEST_F(VultrTest, InstancesOfAllPagesAreTargets) {
  config::VultrSdConfig config;
  config.api_url = api_.url();
  config.port = 9100;
  api_.answer("GET /v2/instances?per_page=100", R"({"instances":[
    {"id":"dbdbd38c","os":"Marketplace","ram":4096,"disk":128,
     "main_ip":"149.28.234.27","vcpu_count":2,"region":"ewr",
     "plan":"vhf-2c-4gb","allowed_bandwidth":3000,"server_status":"ok",
     "v6_main_ip":"2001:19f0::1","label":"np-2","internal_ip":"10.1.96.5",
     "hostname":"np-2.example","os_id":426,"features":["backups"],
     "tags":["tag1","tag2"]}],
    "meta":{"total":2,"links":{"next":"bmV4dF9f&x","prev":""}}})");
  api_.answer("GET /v2/instances?cursor=bmV4dF9f&x&per_page=100",
              R"({"instances":[{"id":"2","features":[]}],
                  "meta":{"links":{"next":""}}})");
  Source& source = begin(config);
  settle(source);
  EXPECT_EQ(source.findings().failure(), "");
  EXPECT_EQ(listed(source), R"(149.28.234.27:9100
  vultr_instance_allowed_bandwidth_gb=3000
  vultr_instance_disk_gb=128
  vultr_instance_features=,backups,
  vultr_instance_hostname=np-2.example
  vultr_instance_id=dbdbd38c
  vultr_instance_internal_ip=10.1.96.5
  vultr_instance_label=np-2
  vultr_instance_main_ip=149.28.234.27
  vultr_instance_main_ipv6=2001:19f0::1
  vultr_instance_os=Marketplace
  vultr_instance_os_id=426
  vultr_instance_plan=vhf-2c-4gb
  vultr_instance_ram_mb=4096
  vultr_instance_region=ewr
  vultr_instance_server_status=ok
  vultr_instance_tags=,tag1,tag2,
  vultr_instance_vcpu_count=2
:9100
  vultr_instance_allowed_bandwidth_gb=0
  vultr_instance_disk_gb=0
  vultr_instance_id=2
  vultr_instance_os_id=0
  vultr_instance_ram_mb=0
  vultr_instance_vcpu_count=0
)");
}

}  // namespace
}  // namespace prom::discover
