#include "libprom/config/sd/triton.h"

#include <gtest/gtest.h>

#include "libprom/base/number.h"

#include "tests/support/sd_test.h"

namespace prom::discover {
namespace {

class TritonTest : public SdTest {
 protected:
  TritonTest() {
    const std::string address = api_.address();
    config_.scheme = "http";
    config_.endpoint = "127.0.0.1";
    config_.port = parse_int(address.substr(address.rfind(':') + 1)).value();
    config_.dns_suffix = "triton.example";
  }
  // An address of a target, which has the port of the API.
  [[nodiscard]] std::string at(const std::string& host) const {
    return host + ".triton.example:" + std::to_string(config_.port) + "\n";
  }

  config::TritonSdConfig config_;
};

TEST_F(TritonTest, ContainersHaveNamesInTheSuffix) {
  config_.groups = {"foo", "bar baz"};
  api_.answer("GET /v1/discover?groups=foo,bar baz", R"({"containers":[
    {"groups":["foo","bar"],"server_uuid":"44454c4c",
     "vm_alias":"server01","vm_brand":"lx","vm_image_uuid":"7b27a514",
     "vm_uuid":"ad466fbf"},
    {"server_uuid":"a5894692","vm_uuid":"7b27a514","groups":[]}]})");
  Source& source = begin(config_);
  settle(source);
  EXPECT_EQ(source.findings().failure(), "");
  EXPECT_EQ(listed(source), at("7b27a514") +
                                "  triton_machine_id=7b27a514\n"
                                "  triton_server_id=a5894692\n" +
                                at("ad466fbf") +
                                "  triton_groups=,foo,bar,\n"
                                "  triton_machine_alias=server01\n"
                                "  triton_machine_brand=lx\n"
                                "  triton_machine_id=ad466fbf\n"
                                "  triton_machine_image=7b27a514\n"
                                "  triton_server_id=44454c4c\n");
  EXPECT_EQ(source.findings().places().begin()->second.front().source,
            api_.url() + "/v1/discover?groups=foo%2Cbar%20baz");
}

TEST_F(TritonTest, ComputeNodesAreServers) {
  config_.role = "cn";
  config_.version = 2;
  api_.answer("GET /v2/gz/discover", R"({"cns":[
    {"server_uuid":"44454c4c","server_hostname":"server01"}]})");
  Source& source = begin(config_);
  settle(source);
  EXPECT_EQ(source.findings().failure(), "");
  EXPECT_EQ(listed(source), at("44454c4c") +
                                "  triton_machine_alias=server01\n"
                                "  triton_machine_id=44454c4c\n");
}

}  // namespace
}  // namespace prom::discover
