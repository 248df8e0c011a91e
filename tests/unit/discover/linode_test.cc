#include "libprom/config/sd/linode.h"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/support/sd_test.h"
#include "tests/support/shared_data.h"

namespace prom::discover {
namespace {

const char* const kInstances = "GET /v4/linode/instances?page=1&page_size=500";
const char* const kIps = "GET /v4/networking/ips?page=1&page_size=500";
const char* const kRanges =
    "GET /v4/networking/ipv6/ranges?page=1&page_size=500";
const char* const kEvents = "GET /v4/account/events?page=1&page_size=25";

class LinodeTest : public SdTest {
 protected:
  LinodeTest() { config_.api_url = api_.url(); }

  // One instance of that name.
  void serve(const std::string& name) {
    api_.answer(kInstances, R"({"data":[{"label":")" + name +
                                R"(","ipv4":["1.2.3.4"]}],"pages":1})");
    api_.answer(kIps, R"({"data":[{"address":"1.2.3.4","public":true,
                          "rdns":"null"}]})");
    api_.answer(kRanges, R"({"data":[]})");
    api_.answer(kEvents, R"({"data":[]})");
  }
  [[nodiscard]] static std::string names(const Source& source) {
    std::string all;
    for (auto& labels : labels_of(source))
      all += labels["__meta_linode_instance_label"];
    return all;
  }

  config::LinodeSdConfig config_;
};

TEST_F(LinodeTest, AddressesOfAnInstanceAreSorted) {
  config_.tag_separator = ";";
  api_.answer(kInstances, R"({"data":[
    {"id":26838044,"label":"exporter-1","group":"","status":"running",
     "type":"g6-standard-2","image":null,"region":"us-east","hypervisor":"kvm",
     "ipv4":["45.33.82.151","96.126.108.16","192.168.170.51","192.168.201.25"],
     "ipv6":"2600:3c03::1382/128",
     "specs":{"disk":81920,"memory":4096,"vcpus":2,"gpus":0,"transfer":4000},
     "backups":{"enabled":true},"tags":["monitoring","x"]},
    {"id":1,"label":"no addresses","ipv4":[]}],"page":1,"pages":1})");
  api_.answer(kIps, R"({"pages":2,"data":[
    {"address":"192.168.201.25","public":false,"rdns":null},
    {"address":"192.168.170.51","public":false,"rdns":null},
    {"address":"96.126.108.16","public":true,"rdns":"li2.example"}]})");
  api_.answer("GET /v4/networking/ips?page=2&page_size=500", R"({"data":[
    {"address":"45.33.82.151","public":true,"rdns":"li1.example"},
    {"address":"2600:3c03::1382","public":true,"rdns":"null"}]})");
  api_.answer(kRanges, R"({"data":[
    {"range":"2600:3c03:e000:123::","prefix":64,
     "route_target":"2600:3c03::1382"},
    {"range":"2600:4::","prefix":64,"route_target":"2600:4::1"}]})");
  Source& source = begin(config_);
  settle(source);
  EXPECT_EQ(source.findings().failure(), "");
  EXPECT_EQ(listed(source), R"(45.33.82.151:80
  linode_backups=enabled
  linode_extra_ips=;96.126.108.16;192.168.201.25;
  linode_gpus=0
  linode_hypervisor=kvm
  linode_instance_id=26838044
  linode_instance_label=exporter-1
  linode_ipv6_ranges=;2600:3c03:e000:123::/64;
  linode_private_ipv4=192.168.170.51
  linode_public_ipv4=45.33.82.151
  linode_public_ipv4_rdns=li1.example
  linode_public_ipv6=2600:3c03::1382
  linode_region=us-east
  linode_specs_disk_bytes=85899345920
  linode_specs_memory_bytes=4294967296
  linode_specs_transfer_bytes=4194304000
  linode_specs_vcpus=2
  linode_status=running
  linode_tags=;monitoring;x;
  linode_type=g6-standard-2
)");
}

TEST_F(LinodeTest, ARegionIsAFilter) {
  config_.region = "us-east";
  serve("a");
  settle(begin(config_));
  for (const char* request : {kInstances, kIps, kRanges})
    EXPECT_EQ(api_.last(request).header("x-filter"),
              R"({"region": "us-east"})");
}

TEST_F(LinodeTest, AsksOnlyForEventsWhileThereAreNone) {
  serve("a");
  clock_.set_wall_ms(1'700'000'000'500);
  Source& source = begin(config_);
  settle(source);
  serve("b");
  for (int look = 1; look <= 9; ++look) {
    pass_and_look(60'000);
    EXPECT_EQ(names(source), "a") << look;
  }
  EXPECT_EQ(api_.last(kEvents).header("x-filter"),
            R"({"created": {"+gte": "2023-11-14T22:21:20"}})");
  pass_and_look(60'000);
  EXPECT_EQ(names(source), "b");
  serve("c");
  api_.answer(kEvents, R"({"data":[{"id":1}]})");
  pass_and_look(60'000);
  EXPECT_EQ(names(source), "c");
  api_.answer(kEvents, "", 500);
  pass_and_look(60'000);
  EXPECT_NE(source.findings().failure().find(
                "events: server returned HTTP status 500"),
            std::string::npos);
  EXPECT_EQ(names(source), "c");
}

TEST_F(LinodeTest, LooksAtAllWhenEventsMayNotBeRead) {
  serve("a");
  api_.answer(kEvents, "", 401);
  Source& source = begin(config_);
  settle(source);
  for (const char* name : {"b", "c"}) {
    serve(name);
    api_.answer(kEvents, "", 401);
    pass_and_look(60'000);
    EXPECT_EQ(names(source), name);
  }
  int asked = 0;
  for (const auto& request : api_.requests())
    asked += request.path == "/v4/account/events" ? 1 : 0;
  EXPECT_EQ(asked, 1);
}

TEST_F(LinodeTest, FailuresAreCounted) {
  settle(begin(config_));
  EXPECT_NE(
      metrics_.registry.text().find("prometheus_sd_linode_failures_total 1"),
      std::string::npos);
}

TEST_F(LinodeTest, UpstreamsAnswersAreRead) {
  const auto directory = test::shared_path(
      "conformance/discovery/linode/testdata/no_region_filter/v4");
  if (!directory) GTEST_SKIP() << "upstream's files are not here";
  const auto serve_file = [&](const char* request, const std::string& name) {
    std::ostringstream text;
    text << std::ifstream(*directory + name).rdbuf();
    api_.answer(request, text.str());
  };
  serve_file(kInstances, "/linode/instances.json");
  serve_file(kIps, "/networking/ips.json");
  serve_file(kRanges, "/networking/ipv6/ranges.json");
  Source& source = begin(config_);
  settle(source);
  std::string addresses;
  for (auto& labels : labels_of(source)) {
    addresses += labels["__address__"] + " " +
                 labels["__meta_linode_private_ipv4"] + " " +
                 labels["__meta_linode_extra_ips"] + " " +
                 labels["__meta_linode_ipv6_ranges"] + "\n";
  }
  EXPECT_EQ(addresses,
            R"(45.33.82.151:80 192.168.170.51 ,96.126.108.16,192.168.201.25, 
139.162.196.43:80   
192.53.120.25:80   ,2600:3c04:e001:456::/64,
66.228.47.103:80 192.168.148.94 ,172.104.18.104, ,2600:3c03:e000:123::/64,
)");
}

}  // namespace
}  // namespace prom::discover
