#include "libprom/config/sd/uyuni.h"

#include <gtest/gtest.h>

#include "tests/support/sd_test.h"

namespace prom::discover {
namespace {

std::string response(const std::string& value) {
  return "<?xml version=\"1.0\"?><methodResponse><params><param><value>" +
         value + "</value></param></params></methodResponse>";
}

std::string structure(
    const std::vector<std::pair<std::string, std::string>>& members) {
  std::string out = "<struct>";
  for (const auto& [name, value] : members)
    out += "<member><name>" + name + "</name><value>" + value +
           "</value></member>";
  return out + "</struct>";
}

std::string array(const std::vector<std::string>& values) {
  std::string out = "<array><data>";
  for (const std::string& value : values) out += "<value>" + value + "</value>";
  return out + "</data></array>";
}

class UyuniTest : public SdTest {
 protected:
  UyuniTest() {
    config_.server = api_.url() + "/";
    config_.username = "us<er";
    config_.password = config::Secret("hunter2");
    answers_["auth.login"] = response("\n  a token \n");
    answers_["system.listSystemGroupsForSystemsWithEntitlement"] = response(
        array({structure(
                   {{"id", "<int>1000010000</int>"},
                    {"system_groups",
                     array({structure({{"name", "A"}, {"id", "<i4>1</i4>"}}),
                            structure({{"name", "<string>B</string>"}})})}}),
               structure({{"id", "<int>7</int>"}})}));
    answers_["system.getNetworkForSystems"] =
        response(array({structure({{"system_id", "<int>1000010000</int>"},
                                   {"hostname", "minion.example"},
                                   {"primary_fqdn", "fqdn.example"},
                                   {"ip", "10.0.0.1"}})}));
    answers_["system.monitoring.listEndpoints"] =
        response(array({structure({{"system_id", "<int>1000010000</int>"},
                                   {"endpoint_name", "node"},
                                   {"port", "<int>9100</int>"},
                                   {"path", "/metrics"},
                                   {"module", ""},
                                   {"exporter_name", "node_exporter"},
                                   {"tls_enabled", "<boolean>1</boolean>"}})}));
    api_.answer("POST /rpc/api", [this](const http::ServerRequest& request) {
      const std::size_t begin = request.body.find("<methodName>") + 12;
      const std::string method = request.body.substr(
          begin, request.body.find("</methodName>") - begin);
      const std::lock_guard lock(mutex_);
      ++calls_[method];
      bodies_[method] = request.body;
      const auto found = answers_.find(method);
      return http::ServerResponse{
          .status = found == answers_.end() ? 500 : 200,
          .content_type = "text/xml",
          .body = found == answers_.end() ? "" : found->second};
    });
  }
  void answer(const std::string& method, const std::string& body) {
    const std::lock_guard lock(mutex_);
    answers_[method] = body;
  }
  int calls(const std::string& method) {
    const std::lock_guard lock(mutex_);
    return calls_[method];
  }
  std::string body(const std::string& method) {
    const std::lock_guard lock(mutex_);
    return bodies_[method];
  }

  config::UyuniSdConfig config_;

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> answers_, bodies_;
  std::map<std::string, int> calls_;
};

TEST_F(UyuniTest, EndpointsOfSystemsAreTargets) {
  Source& source = begin(config_);
  settle(source);
  EXPECT_EQ(source.findings().failure(), "");
  EXPECT_EQ(listed(source), R"(minion.example:9100
  uyuni_endpoint_name=node
  uyuni_exporter=node_exporter
  uyuni_groups=A,B
  uyuni_metrics_path=/metrics
  uyuni_minion_hostname=minion.example
  uyuni_primary_fqdn=fqdn.example
  uyuni_scheme=https
  uyuni_system_id=1000010000
)");
  EXPECT_EQ(source.findings().places().begin()->second.front().source,
            api_.url() + "/rpc/api");
  EXPECT_NE(body("auth.login")
                .find("<params><param><value><string>us&lt;er</string></value>"
                      "</param><param><value><string>hunter2</string></value>"
                      "</param><param><value><int>600</int></value></param>"
                      "</params>"),
            std::string::npos);
  EXPECT_NE(body("system.getNetworkForSystems")
                .find("<string>a token</string></value></param><param><value>"
                      "<array><data><value><int>7</int></value><value><int>"
                      "1000010000</int></value></data></array>"),
            std::string::npos);
}

TEST_F(UyuniTest, ASessionIsRenewedAfterHalfItsLifeAndAfterAFailure) {
  Source& source = begin(config_);
  settle(source);
  for (int look = 0; look < 5; ++look) pass_and_look(60'000);
  EXPECT_EQ(calls("auth.login"), 1);
  pass_and_look(60'000);
  EXPECT_EQ(calls("auth.login"), 2);
  answer("system.getNetworkForSystems",
         "<methodResponse><fault><value>" +
             structure({{"faultCode", "<int>-1</int>"},
                        {"faultString", "no session a token"}}) +
             "</value></fault></methodResponse>");
  pass_and_look(60'000);
  EXPECT_EQ(source.findings().failure(),
            api_.url() +
                "/rpc/api: system.getNetworkForSystems: server "
                "returned fault -1");
  pass_and_look(60'000);
  EXPECT_EQ(calls("auth.login"), 3);
  EXPECT_EQ(labels_of(source).size(), 1U);
}

TEST_F(UyuniTest, StrangeAnswersKeepTheTargets) {
  Source& source = begin(config_);
  settle(source);
  const std::string before = listed(source);
  for (const std::string& bad :
       {std::string(), std::string("{}"), std::string("<a/>"),
        std::string("<methodResponse/>"), response(""),
        response("<int>1</int>"), response("<struct/>"),
        std::string("<methodResponse><params>")}) {
    answer("system.monitoring.listEndpoints", bad);
    pass_and_look(60'000);
    EXPECT_NE(source.findings().failure(), "") << bad;
    EXPECT_EQ(source.findings().failure().find("hunter2"), std::string::npos);
    EXPECT_EQ(listed(source), before) << bad;
  }
}

}  // namespace
}  // namespace prom::discover
