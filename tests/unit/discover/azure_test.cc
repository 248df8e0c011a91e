#include "libprom/config/sd/azure.h"

#include "tests/support/sd_test.h"

namespace prom::discover {
namespace {

constexpr const char* kMachines =
    "GET /subscriptions/S/providers/Microsoft.Compute/virtualMachines"
    "?api-version=2023-03-01";
constexpr const char* kSets =
    "GET /subscriptions/S/providers/Microsoft.Compute/virtualMachineScaleSets"
    "?api-version=2023-03-01";

class AzureTest : public SdTest {
 protected:
  AzureTest() {
    config_.subscription_id = "S";
    config_.tenant_id = "T";
    config_.client_id = "C";
    config_.client_secret = config::Secret("hidden");
    config_.login_url = api_.url() + "/login/";
    config_.management_url = api_.url();
    config_.metadata_url = api_.url() + "/imds";
    api_.answer("POST /login/T/oauth2/v2.0/token",
                R"({"access_token":"tok","expires_in":3600})");
    api_.answer(kSets, R"({"value":[]})");
  }

  config::AzureSdConfig config_;
};

TEST_F(AzureTest, MachinesBecomeTargetsAndOutliveFailures) {
  const std::string card =
      "/subscriptions/S/resourceGroups/G/providers/Microsoft.Network/"
      "networkInterfaces/a";
  api_.answer(kMachines, R"({"value":[{"id":"/x/resourceGroups/Grp/vm/m",
    "name":"m","location":"we","tags":{"my tag":"v"},"properties":{
    "hardwareProfile":{"vmSize":"B1"},"networkProfile":{
    "networkInterfaces":[{"id":")" +
                             card + R"("}]}}}]})");
  api_.answer("GET " + card +
                  "?$expand=IPConfigurations/PublicIPAddress&"
                  "api-version=2023-05-01",
              R"({"properties":{"primary":true,"ipConfigurations":[
                {"properties":{"privateIPAddress":"10.0.0.1"}}]}})");
  Source& source = begin(config_);
  settle(source);
  EXPECT_EQ(source.findings().failure(), "");
  const std::string before =
      "10.0.0.1:80 {__meta_azure_machine_id=\"/x/resourceGroups/Grp/vm/m\", "
      "__meta_azure_machine_location=\"we\", __meta_azure_machine_name=\"m\", "
      "__meta_azure_machine_private_ip=\"10.0.0.1\", "
      "__meta_azure_machine_resource_group=\"Grp\", "
      "__meta_azure_machine_size=\"B1\", "
      "__meta_azure_machine_tag_my_tag=\"v\", "
      "__meta_azure_subscription_id=\"S\", __meta_azure_tenant_id=\"T\"}\n";
  EXPECT_EQ(print(source), before);
  EXPECT_EQ(api_.last(kMachines).header("authorization"), "Bearer tok");
  api_.answer(kMachines, "hidden", 403);
  pass_and_look(300'000);
  EXPECT_NE(source.findings().failure().find("HTTP status 403"),
            std::string::npos);
  EXPECT_EQ(source.findings().failure().find("hidden"), std::string::npos);
  EXPECT_EQ(print(source), before);
}

}  // namespace
}  // namespace prom::discover
