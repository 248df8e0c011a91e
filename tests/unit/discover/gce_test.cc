#include "libprom/config/sd/gce.h"

#include <algorithm>
#include <fstream>

#include "libprom/http/rsa.h"

#include "tests/support/sd_test.h"
#include "tests/support/temporary_directory.h"

namespace prom::discover {
namespace {

constexpr const char* kList = "GET /compute/v1/projects/p/zones/z/instances";

class GceTest : public SdTest {
 protected:
  GceTest() {
    config_.project = "p";
    config_.zone = "z";
    config_.api_url = api_.url();
    around_.environment = [this](const std::string& name) {
      const auto found = environment_.find(name);
      return found == environment_.end() ? std::string() : found->second;
    };
    environment_["HOME"] = directory_.path();
    environment_["GCE_METADATA_HOST"] = api_.address();
    api_.answer(kMetadata, R"({"access_token":"tok","expires_in":3600})");
  }
  void use_account(const std::string& json) {
    const std::string path = directory_.path() + "/account.json";
    std::ofstream(path) << json;
    environment_["GOOGLE_APPLICATION_CREDENTIALS"] = path;
  }

  static constexpr const char* kMetadata =
      "GET /computeMetadata/v1/instance/service-accounts/default/token"
      "?scopes=https://www.googleapis.com/auth/compute.readonly";
  config::GceSdConfig config_;
  std::map<std::string, std::string> environment_;
  TemporaryDirectory directory_;
};

TEST_F(GceTest, InstancesBecomeTargets) {
  api_.answer(std::string(kList) + "?filter=a b", R"({"items":[
    {"id":"18446744073709551615","name":"n","status":"RUNNING","zone":"Z",
     "machineType":"mt","networkInterfaces":[
      {"name":"nic0","network":"net","subnetwork":"sub","networkIP":"10.0.0.1",
       "accessConfigs":[{"type":"ONE_TO_ONE_NAT","natIP":"1.2.3.4"}]},
      {"name":"nic-1","networkIP":"10.1.0.1"}],
     "tags":{"items":["a","b"]},"labels":{"my-label":"v"},
     "metadata":{"items":[{"key":"k-1","value":"m"},{"key":"null"}]}},
    {"id":"2","name":"without"}],"nextPageToken":"t/2"})");
  api_.answer(std::string(kList) + "?filter=a b&pageToken=t/2",
              R"({"items":[{"id":3,"networkInterfaces":[
                {"name":"n","networkIP":"10.0.0.3"}]}]})");
  config_.filter = "a b";
  config_.port = 9100;
  config_.tag_separator = ";";
  Source& source = begin(config_);
  settle(source);
  EXPECT_EQ(source.findings().failure(), "");
  EXPECT_EQ(print(source),
            "10.0.0.1:9100 {__meta_gce_instance_id=\"18446744073709551615\", "
            "__meta_gce_instance_name=\"n\", "
            "__meta_gce_instance_status=\"RUNNING\", "
            "__meta_gce_interface_ipv4_nic0=\"10.0.0.1\", "
            "__meta_gce_interface_ipv4_nic_1=\"10.1.0.1\", "
            "__meta_gce_label_my_label=\"v\", "
            "__meta_gce_machine_type=\"mt\", __meta_gce_metadata_k_1=\"m\", "
            "__meta_gce_network=\"net\", __meta_gce_private_ip=\"10.0.0.1\", "
            "__meta_gce_project=\"p\", __meta_gce_public_ip=\"1.2.3.4\", "
            "__meta_gce_subnetwork=\"sub\", __meta_gce_tags=\";a;b;\", "
            "__meta_gce_zone=\"Z\"}\n"
            "10.0.0.3:9100 {__meta_gce_instance_id=\"3\", "
            "__meta_gce_interface_ipv4_n=\"10.0.0.3\", "
            "__meta_gce_private_ip=\"10.0.0.3\", __meta_gce_project=\"p\"}\n");
  EXPECT_EQ(api_.requests().back().header("authorization"), "Bearer tok");
  EXPECT_EQ(api_.last(kMetadata).header("metadata-flavor"), "Google");
}

TEST_F(GceTest, AServiceAccountSignsForItsToken) {
  const auto key = http::generate_rsa_key();
  ASSERT_TRUE(key);
  std::string escaped;
  for (const char c : key->private_pem)
    escaped += c == '\n' ? "\\n" : std::string(1, c);
  use_account(R"({"type":"service_account","client_email":"me@x",)"
              R"("private_key_id":"kid","private_key":")" +
              escaped + R"(","token_uri":")" + api_.url() + "/token\"}");
  api_.answer("POST /token", R"({"access_token":"sa","expires_in":"3600"})");
  api_.answer(kList, "{}");
  Source& source = begin(config_);
  settle(source);
  EXPECT_EQ(source.findings().failure(), "");
  EXPECT_EQ(api_.requests().back().header("authorization"), "Bearer sa");
  EXPECT_TRUE(api_.last("POST /token")
                  .body.starts_with("grant_type=urn%3Aietf%3Aparams%3Aoauth%3A"
                                    "grant-type%3Ajwt-bearer&assertion=eyJ"));
}

TEST_F(GceTest, AFailureKeepsTheTargets) {
  const std::string one =
      R"({"items":[{"networkInterfaces":[{"name":"n","networkIP":"10.0.0.1"}]}]})";
  api_.answer(kList, one);
  Source& source = begin(config_);
  settle(source);
  const std::string before = print(source);
  EXPECT_NE(before, "");
  const struct {
    int status;
    std::string body, reason;
  } kCases[] = {{403, "{}", "HTTP status 403"},
                {500, "", "HTTP status 500"},
                {200, "garbage", "no JSON"},
                {200, R"({"nextPageToken":"x"})", "404"}};
  for (const auto& c : kCases) {
    api_.answer(kList, c.body, c.status);
    pass_and_look(60'000);
    EXPECT_NE(source.findings().failure().find(c.reason), std::string::npos)
        << source.findings().failure();
    EXPECT_EQ(print(source), before);
  }
}

}  // namespace
}  // namespace prom::discover
