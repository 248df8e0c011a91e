#include "libprom/config/sd/consul.h"

#include <gtest/gtest.h>

#include "tests/support/sd_test.h"

namespace prom::discover {
namespace {

constexpr const char* kSelf = R"({"Config":{"Datacenter":"test-dc"}})";
constexpr const char* kHealth = R"([{
  "Node":{"Node":"node1","Address":"1.1.1.1","Meta":{"rack-name":"2304"},
          "TaggedAddresses":{"lan":"192.168.10.10","wan":"10.0.10.10"}},
  "Service":{"ID":"test1","Service":"test","Tags":["tag1","tag2"],
             "Address":"","Port":3341,"Meta":{"version":"1.0.0"},
             "Namespace":"default","Partition":"default"},
  "Checks":[{"CheckID":"serfHealth","Status":"passing"}]},
 {"Node":{"Node":"n2","Address":"1.1.1.2"},
  "Service":{"ID":"t2","Address":"fd00::2","Port":1,"Tags":null},
  "Checks":[{"Status":"passing"},{"Status":"warning"},{"Status":"critical"}]}])";
constexpr const char* kTargets =
    R"(1.1.1.1:3341 {__meta_consul_address="1.1.1.1", )"
    R"(__meta_consul_dc="test-dc", __meta_consul_health="passing", )"
    R"(__meta_consul_metadata_rack_name="2304", )"
    R"(__meta_consul_namespace="default", __meta_consul_node="node1", )"
    R"(__meta_consul_partition="default", __meta_consul_service="test", )"
    R"(__meta_consul_service_id="test1", )"
    R"(__meta_consul_service_metadata_version="1.0.0", )"
    R"(__meta_consul_service_port="3341", )"
    R"(__meta_consul_tagged_address_lan="192.168.10.10", )"
    R"(__meta_consul_tagged_address_wan="10.0.10.10", )"
    R"(__meta_consul_tags=",tag1,tag2,"})"
    "\n"
    R"([fd00::2]:1 {__meta_consul_address="1.1.1.2", )"
    R"(__meta_consul_dc="test-dc", __meta_consul_health="critical", )"
    R"(__meta_consul_node="n2", __meta_consul_service="test", )"
    R"(__meta_consul_service_address="fd00::2", )"
    R"(__meta_consul_service_id="t2", __meta_consul_service_port="1", )"
    R"(__meta_consul_tags=",,"})"
    "\n";

class ConsulTest : public SdTest {
 protected:
  ConsulTest() {
    config_.server = api_.address();
    api_.answer("GET /v1/agent/self", kSelf);
  }
  void answer(const std::string& request, const std::string& body,
              const std::string& index) {
    api_.answer("GET " + request, [=](const http::ServerRequest&) {
      return http::ServerResponse{.content_type = "application/json",
                                  .headers = {{"X-Consul-Index", index}},
                                  .body = body};
    });
  }

  config::ConsulSdConfig config_;
};

TEST_F(ConsulTest, WatchesEveryServiceOfTheCatalog) {
  answer("/v1/catalog/services?stale=&wait=120000ms",
         R"({"test":["tag1"],"other":[]})", "1");
  answer("/v1/health/service/test?stale=&wait=120000ms", kHealth, "7");
  answer("/v1/health/service/other?stale=&wait=120000ms", "[]", "3");
  Source& source = begin(config_);
  settle(source);
  EXPECT_EQ(source.findings().failure(), "");
  EXPECT_EQ(print(source), kTargets);
  // From now on it waits for what is newer.
  answer("/v1/catalog/services?index=1&stale=&wait=120000ms", R"({"new":[]})",
         "2");
  answer("/v1/health/service/new?stale=&wait=120000ms",
         R"([{"Node":{"Address":"n"},"Service":{"Port":5}}])", "1");
  answer("/v1/health/service/other?index=3&stale=&wait=120000ms", "[]", "3");
  answer("/v1/health/service/test?index=7&stale=&wait=120000ms", "[]", "8");
  clock_.advance_ms(30'000);
  turn_until([&] { return print(source).starts_with("n:5 "); });
  turn_until([&] { return client_.active() == 0; });
  EXPECT_EQ(source.findings().places().size(), 1U);
  EXPECT_EQ(source.findings().failure(), "");
}

TEST_F(ConsulTest, NamedServicesNeedNoCatalog) {
  config_.services = {"test"};
  config_.datacenter = "dc9";
  config_.namespace_name = "ns1";
  config_.partition = "p1";
  config_.allow_stale = false;
  config_.node_meta = {{"rack_name", "2304"}};
  config_.health_filter = "Node.Meta.x == \"y\"";
  config_.token = config::Secret("tok");
  config_.path_prefix = "consul";
  config_.tag_separator = "|";
  const std::string request =
      "GET /consul/v1/health/service/test?dc=dc9&filter=Node.Meta.x == \"y\"&"
      "node-meta=rack_name:2304&ns=ns1&partition=p1&wait=120000ms";
  api_.answer(request, kHealth);
  Source& source = begin(config_);
  settle(source);
  EXPECT_EQ(source.findings().failure(), "");
  EXPECT_NE(print(source).find("__meta_consul_tags=\"|tag1|tag2|\""),
            std::string::npos);
  EXPECT_NE(print(source).find("__meta_consul_dc=\"dc9\""), std::string::npos);
  EXPECT_EQ(api_.last(request).header("x-consul-token"), "tok");
  EXPECT_EQ(api_.requests().size(), 1U);
}

TEST_F(ConsulTest, TagsChooseServicesAndInstances) {
  config_.services = {"a", "b"};
  config_.tags = {"x", "y"};
  answer("/v1/catalog/services?stale=&wait=120000ms",
         R"({"a":["y","x","z"],"b":["x"],"c":["x","y"]})", "1");
  answer("/v1/health/service/a?stale=&tag=x&tag=y&wait=120000ms",
         R"([{"Node":{"Address":"n"},"Service":{"Port":5}}])", "1");
  Source& source = begin(config_);
  settle(source);
  EXPECT_EQ(source.findings().failure(), "");
  EXPECT_EQ(source.findings().places().size(), 1U);
  EXPECT_EQ(source.findings().places().begin()->first, "a");
}

TEST_F(ConsulTest, AFailureKeepsTheTargetsAndIsRetried) {
  config_.services = {"test"};
  config_.refresh_interval_ms = 1000;
  config_.token = config::Secret("geheim");
  const std::string first = "/v1/health/service/test?stale=&wait=120000ms";
  const std::string next =
      "/v1/health/service/test?index=7&stale=&wait=120000ms";
  answer(first, kHealth, "7");
  Source& source = begin(config_);
  settle(source);
  const struct {
    int status;
    const char *body, *reason;
  } kCases[] = {{403, "ACL not found", "403"},
                {500, "", "500"},
                {200, "[{", "no JSON"},
                {200, "{}", "no list"}};
  for (const auto& c : kCases) {
    api_.answer("GET " + next, c.body, c.status);
    pass_and_look(15'000);
    EXPECT_NE(source.findings().failure().find(c.reason), std::string::npos)
        << source.findings().failure();
    EXPECT_EQ(source.findings().failure().find("geheim"), std::string::npos);
    EXPECT_EQ(print(source), kTargets);
  }
  // Nothing new: the same index again.
  answer(next, "[]", "7");
  pass_and_look(15'000);
  EXPECT_EQ(source.findings().failure(), "");
  EXPECT_EQ(print(source), kTargets);
}

TEST_F(ConsulTest, TheDatacenterIsAskedForUntilItIsThere) {
  config_.services = {"test"};
  api_.answer("GET /v1/agent/self", "{}");
  answer("/v1/health/service/test?stale=&wait=120000ms", kHealth, "7");
  Source& source = begin(config_);
  settle(source);
  EXPECT_NE(source.findings().failure().find("names no datacenter"),
            std::string::npos);
  api_.answer("GET /v1/agent/self", kSelf);
  clock_.advance_ms(15'000);
  turn_until([&] { return source.findings().failure().empty(); });
  EXPECT_EQ(print(source), kTargets);
}

TEST_F(ConsulTest, HealthIsTheWorstOfTheChecks) {
  const struct {
    const char *checks, *health;
  } kCases[] = {
      {"[]", "passing"},
      {R"([{"Status":"warning"},{"Status":"passing"}])", "warning"},
      {R"([{"Status":"critical"},{"CheckID":"_node_maintenance"}])",
       "maintenance"},
      {R"([{"CheckID":"_service_maintenance:x","Status":"critical"}])",
       "maintenance"},
      {R"([{"Status":"odd"},{"Status":"critical"}])", ""},
  };
  config_.services = {"s"};
  for (const auto& c : kCases) {
    answer(
        "/v1/health/service/s?stale=&wait=120000ms",
        std::string(R"([{"Node":{},"Service":{},"Checks":)") + c.checks + "}]",
        "1");
    Source& source = begin(config_);
    settle(source);
    EXPECT_EQ(source.findings().places().at("s").front().targets.front().get(
                  "__meta_consul_health"),
              c.health);
  }
}

}  // namespace
}  // namespace prom::discover
