#include "libprom/config/sd/stackit.h"

#include <fstream>
#include <memory>

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "tests/support/sd_test.h"
#include "tests/support/temporary_directory.h"

namespace prom::discover {
namespace {

const char* const kServers = "GET /v1/projects/p-1/servers?details=true";

std::string new_key() {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      EVP_RSA_gen(2048), EVP_PKEY_free);
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()),
                                                      BIO_free);
  PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr,
                           nullptr);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

class StackitTest : public SdTest {
 protected:
  StackitTest() {
    config_.endpoint = api_.url() + "/";
    config_.project = "p-1";
    config_.client.authorization.emplace().credentials =
        config::Secret("static-token");
    api_.answer(kServers, R"({"items":[]})");
    api_.answer("POST /token",
                R"({"access_token":"fresh-token","expires_in":600,
                    "token_type":"Bearer"})");
  }
  // What the request for servers was authorized with.
  std::string authorization() {
    Source& source = begin(config_);
    settle(source);
    EXPECT_EQ(source.findings().failure(), "");
    return api_.last(kServers).header("authorization");
  }

  config::StackitSdConfig config_;
};

TEST_F(StackitTest, ServersPreferTheirPublicAddress) {
  api_.answer(kServers, R"({"items":[
    {"availabilityZone":"eu01-3","id":"b4176700","machineType":"g1.1",
     "name":"runcommandtest","powerStatus":"STOPPED","status":"INACTIVE",
     "labels":{"agent":"true","stackit_project-id":"p","n":7,"empty":""},
     "nics":[{"ipv4":"10.0.0.153","networkName":"my net"},
             {"ipv4":"10.0.0.154","networkName":"x","publicIp":"192.0.2.1"}]},
    {"id":"2","nics":[{"ipv4":"10.0.0.9","publicIp":"","networkName":"y"}]},
    {"id":"3","nics":[]},{"id":"4","nics":null}]})");
  Source& source = begin(config_);
  settle(source);
  EXPECT_EQ(source.findings().failure(), "");
  EXPECT_EQ(listed(source), R"(10.0.0.9:80
  stackit_id=2
  stackit_private_ipv4_y=10.0.0.9
  stackit_project=p-1
192.0.2.1:80
  stackit_availability_zone=eu01-3
  stackit_id=b4176700
  stackit_label_agent=true
  stackit_label_stackit_project_id=p
  stackit_labelpresent_agent=true
  stackit_labelpresent_empty=true
  stackit_labelpresent_stackit_project_id=true
  stackit_name=runcommandtest
  stackit_power_status=STOPPED
  stackit_private_ipv4_my_net=10.0.0.153
  stackit_private_ipv4_x=10.0.0.154
  stackit_project=p-1
  stackit_public_ipv4=192.0.2.1
  stackit_status=INACTIVE
  stackit_type=g1.1
)");
}

TEST_F(StackitTest, WithoutAServiceAccountTheSettingsAuthorize) {
  EXPECT_EQ(authorization(), "Bearer static-token");
}

TEST_F(StackitTest, AServiceAccountGetsATokenWithItsKey) {
  config_.token_url = api_.url() + "/token";
  config_.private_key = config::Secret(new_key());
  config_.service_account_key = config::Secret(
      R"({"Credentials":{"Aud":"aud","Iss":"iss@sa","Kid":"k","Sub":"s"}})");
  EXPECT_EQ(authorization(), "Bearer fresh-token");
  const http::ServerRequest token = api_.last("POST /token");
  EXPECT_EQ(token.header("authorization"), "");
  EXPECT_NE(token.body.find("assertion=ey"), std::string::npos) << token.body;
}

TEST_F(StackitTest, TheKeyMayBeInTheFileOfTheAccount) {
  const TemporaryDirectory directory;
  config_.service_account_key_path = directory.path() + "/account.json";
  // No other key is looked for in this place.
  config_.credentials_file_path = directory.path() + "/none";
  std::string key;
  for (const char c : new_key()) key += c == '\n' ? "\\n" : std::string(1, c);
  std::ofstream(config_.service_account_key_path)
      << R"({"credentials":{"iss":"i","sub":"s","kid":"k","aud":"a",)"
      << R"("tokenEndpoint":")" << api_.url() << R"(/token","privateKey":")"
      << key << "\"}}";
  EXPECT_EQ(authorization(), "Bearer fresh-token");
}

TEST_F(StackitTest, WhatIsWrongWithTheAccountIsAReason) {
  const struct {
    std::string account, key, reason;
  } kCases[] = {
      {"hunter2", "", "service_account_key: no JSON"},
      {R"({"credentials":{"iss":"hunter2"}})", "",
       "private key is not part of the service account key"},
      {R"({"credentials":{"iss":"hunter2"}})", "hunter2", "RSA"},
  };
  config_.credentials_file_path = "/nowhere";
  for (const auto& c : kCases) {
    config_.service_account_key = config::Secret(c.account);
    config_.private_key = config::Secret(c.key);
    Source& source = begin(config_);
    settle(source);
    const std::string failure = source.findings().failure();
    EXPECT_NE(failure.find(c.reason), std::string::npos) << failure;
    EXPECT_EQ(failure.find("hunter2"), std::string::npos) << failure;
  }
}

}  // namespace
}  // namespace prom::discover
