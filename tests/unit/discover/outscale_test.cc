#include "libprom/config/sd/outscale.h"

#include <gtest/gtest.h>

#include "tests/support/sd_test.h"

namespace prom::discover {
namespace {

class OutscaleTest : public SdTest {
 protected:
  OutscaleTest() {
    config_.endpoint = api_.url() + "/api/v1";
    config_.access_key = "AK";
    config_.secret_key = config::Secret("hunter2");
    config_.port = 9090;
    config_.client.authorization.emplace().credentials =
        config::Secret("not this");
  }

  config::OutscaleSdConfig config_;
};

TEST_F(OutscaleTest, MachinesOfAllPagesAreTargets) {
  api_.answer("POST /api/v1/ReadVms", [](const http::ServerRequest& request) {
    const bool is_first = request.body == "{}";
    const bool is_second = request.body == R"({"NextPageToken":"a\"b"})";
    return http::ServerResponse{.status = is_first || is_second ? 200 : 400,
                                .body = is_first
                                            ? R"({"NextPageToken":"a\"b","Vms":[
    {"VmId":"i-abc","State":"running","PrivateIp":"10.1.2.3",
     "PublicIp":"1.2.3.4","Placement":{"SubregionName":"eu-west-2a"},
     "Tags":[{"Key":"Name","Value":"my-vm"},{"Key":"a.b","Value":"c"},
             {"Key":"","Value":"x"},{"Key":"empty","Value":""}]},
    {"VmId":"i-1","State":"running"}]})"
                                            : R"({"Vms":[
    {"VmId":"i-pub","State":"stopped","PublicIp":"203.0.113.10"}]})"};
  });
  clock_.set_wall_ms(1'700'000'000'000);
  Source& source = begin(config_);
  settle(source);
  EXPECT_EQ(source.findings().failure(), "");
  EXPECT_EQ(listed(source), R"(10.1.2.3:9090
  outscale_vm_instance_id=i-abc
  outscale_vm_private_ip=10.1.2.3
  outscale_vm_public_ip=1.2.3.4
  outscale_vm_region=eu-west-2
  outscale_vm_state=running
  outscale_vm_subregion=eu-west-2a
  outscale_vm_tag_Name=my-vm
  outscale_vm_tag_a_b=c
203.0.113.10:9090
  outscale_vm_instance_id=i-pub
  outscale_vm_public_ip=203.0.113.10
  outscale_vm_region=eu-west-2
  outscale_vm_state=stopped
)");
  const http::ServerRequest request = api_.last("POST /api/v1/ReadVms");
  EXPECT_TRUE(request.header("authorization")
                  .starts_with("AWS4-HMAC-SHA256 Credential=AK/20231114/"
                               "eu-west-2/oapi/aws4_request, SignedHeaders="))
      << request.header("authorization");
  EXPECT_EQ(request.header("x-amz-date"), "20231114T221320Z");
}

TEST_F(OutscaleTest, AListWithoutAnEndIsRefused) {
  api_.answer(
      "POST /api/v1/ReadVms", R"({"NextPageToken":"x","Vms":[)" + [] {
        std::string vms = "{\"PublicIp\":\"1\"}";
        for (int i = 0; i < 50'000; ++i) vms += ",{\"PublicIp\":\"1\"}";
        return vms;
      }() + "]}");
  Source& source = begin(config_);
  settle(source);
  EXPECT_NE(source.findings().failure().find("a list without an end"),
            std::string::npos)
      << source.findings().failure();
  EXPECT_EQ(source.findings().failure().find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace prom::discover
