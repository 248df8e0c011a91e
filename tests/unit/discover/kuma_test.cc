#include "libprom/config/sd/kuma.h"

#include <gtest/gtest.h>

#include "tests/support/sd_test.h"

namespace prom::discover {
namespace {

constexpr const char* kRequest =
    "POST /base/v3/discovery:monitoringassignments?fetch-timeout=2m";
constexpr const char* kType =
    "type.googleapis.com/kuma.observability.v1.MonitoringAssignment";

std::string answer(const std::string& resources) {
  return std::string(R"({"version_info":"v7","nonce":"n7","type_url":")") +
         kType + R"(","resources":[)" + resources + "]}";
}
std::string assignment() {
  return std::string(R"({"@type":")") + kType +
         R"(","mesh":"metrics","service":"prometheus","labels":{"kuma_io/zone":
         "us","a":"1"},"targets":[{"name":"prometheus-01","scheme":"http",
         "address":"10.1.4.32:9090","metrics_path":"/custom",
         "labels":{"commit_hash":"620","a":"2"}},{"name":"p2",
         "address":"10.1.4.33:9090","metricsPath":"/m"}]})";
}

class KumaTest : public SdTest {
 protected:
  KumaTest() {
    config_.server = api_.url() + "/base";
    config_.client_id = "main";
  }
  config::KumaSdConfig config_;
};

TEST_F(KumaTest, TellsTheTargetsOfAssignments) {
  api_.answer(kRequest, answer(assignment()));
  Source& source = begin(config_);
  settle(source);
  EXPECT_EQ(source.findings().failure(), "");
  EXPECT_EQ(print(source), golden("kuma.txt"));
  EXPECT_EQ(
      api_.last(kRequest).body,
      std::string(R"({"node":{"id":"main"},"type_url":")") + kType + "\"}");
  // The server has nothing new.
  api_.answer(kRequest, "", 304);
  pass_and_look(15'000);
  EXPECT_EQ(print(source), golden("kuma.txt"));
  EXPECT_EQ(api_.last(kRequest).body,
            std::string(R"({"version_info":"v7","node":{"id":"main"},)") +
                R"("type_url":")" + kType + R"(","response_nonce":"n7"})");
  api_.answer(kRequest, answer(""));
  pass_and_look(15'000);
  EXPECT_EQ(print(source), "");
}

TEST_F(KumaTest, AFailureKeepsTheTargets) {
  api_.answer(kRequest, answer(assignment()));
  Source& source = begin(config_);
  settle(source);
  const struct {
    int status;
    std::string body, reason;
  } kCases[] = {
      {401, "", "401"},
      {500, "", "500"},
      {204, "", "204"},
      {200, "{", "no JSON"},
      {200, R"({"type_url":"x"})", "an answer of type \"x\""},
      {200, answer(R"({"@type":"y"})"), "a resource of type \"y\""},
  };
  for (const auto& c : kCases) {
    api_.answer(kRequest, c.body, c.status);
    pass_and_look(15'000);
    EXPECT_NE(source.findings().failure().find(c.reason), std::string::npos)
        << source.findings().failure();
    EXPECT_EQ(print(source), golden("kuma.txt"));
  }
}

}  // namespace
}  // namespace prom::discover
