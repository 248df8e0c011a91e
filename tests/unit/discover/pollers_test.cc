// Mechanisms that are one or a few requests: Nomad, Eureka, Marathon, PuppetDB.
#include <algorithm>

#include <gtest/gtest.h>

#include "libprom/config/sd/eureka.h"
#include "libprom/config/sd/marathon.h"
#include "libprom/config/sd/nomad.h"
#include "libprom/config/sd/puppetdb.h"
#include "libprom/os/file.h"

#include "tests/support/sd_test.h"
#include "tests/support/shared_data.h"

namespace prom::discover {
namespace {

class PollersTest : public SdTest {
 protected:
  std::string look(const config::SdConfig& config) {
    Source& source = begin(config);
    settle(source);
    return source.findings().failure() + print(source);
  }
};

TEST_F(PollersTest, NomadTellsTheInstancesOfEachService) {
  config::NomadSdConfig config;
  config.server = api_.url() + "/";
  api_.answer("GET /v1/services?namespace=default&region=global&stale=",
              R"([{"Namespace":"default","Services":[
                {"ServiceName":"web ui","Tags":["m"]},
                {"ServiceName":"none"}]}])");
  api_.answer("GET /v1/service/web ui?namespace=default&region=global&stale=",
              R"([{"ID":"_nomad-1","ServiceName":"web ui","Namespace":"default",
                "NodeID":"d92f","Datacenter":"dc1","Tags":["m","x"],
                "Address":"fd00::1","Port":30456}])");
  api_.answer("GET /v1/service/none?namespace=default&region=global&stale=",
              "null");
  EXPECT_EQ(look(config),
            "[fd00::1]:30456 {__meta_nomad_address=\"fd00::1\", "
            "__meta_nomad_dc=\"dc1\", __meta_nomad_namespace=\"default\", "
            "__meta_nomad_node_id=\"d92f\", __meta_nomad_service=\"web ui\", "
            "__meta_nomad_service_address=\"fd00::1\", "
            "__meta_nomad_service_id=\"_nomad-1\", "
            "__meta_nomad_service_port=\"30456\", "
            "__meta_nomad_tags=\",m,x,\"}\n");
  EXPECT_NE(metrics_.registry.text().find("prometheus_sd_nomad_failures_total"),
            std::string::npos);
}

TEST_F(PollersTest, NomadAsksAsConfigured) {
  config::NomadSdConfig config;
  config.server = api_.url();
  config.namespace_name = "*";
  config.region = "";
  config.allow_stale = false;
  api_.answer("GET /v1/services?namespace=*", "{}");
  EXPECT_EQ(look(config), api_.url() + ": the answer is no list");
}

constexpr std::string_view kEureka = R"(<applications>
<versions__delta>1</versions__delta>
<application><name>META</name>
<instance>
  <instanceId>meta1:8080</instanceId><hostName>meta1.example</hostName>
  <ipAddr>192.0.2.1</ipAddr><status>UP</status>
  <port enabled="true"> 8080 </port><securePort enabled="false">443</securePort>
  <countryId>1</countryId>
  <dataCenterInfo class="x"><name>MyOwn</name>
    <metadata><zone-id>z&lt;1</zone-id></metadata></dataCenterInfo>
  <metadata><management.port>8090</management.port></metadata>
  <homePageUrl>http://h/</homePageUrl><statusPageUrl>http://s</statusPageUrl>
  <healthCheckUrl>http://c</healthCheckUrl><vipAddress>vip</vipAddress>
  <secureVipAddress>svip</secureVipAddress>
</instance>
<instance><hostName>bare</hostName></instance>
</application></applications>)";

TEST_F(PollersTest, EurekaTellsInstances) {
  config::EurekaSdConfig config;
  config.server = api_.url() + "/eureka";
  api_.answer("GET /eureka/apps", std::string(kEureka), 200, "application/xml");
  EXPECT_EQ(look(config), golden("eureka.txt"));
}

TEST_F(PollersTest, EurekaMayKnowNothing) {
  config::EurekaSdConfig config;
  config.server = api_.url();
  api_.answer("GET /apps", "<applications><apps__hashcode/></applications>");
  EXPECT_EQ(look(config), "");
  api_.answer("GET /apps", "<applications>");
  EXPECT_NE(look(config).find("no XML"), std::string::npos);
}

struct MarathonCase {
  const char* app;      // besides id and tasks
  const char* tasks;    // the list
  const char* targets;  // "address index label …"
};

class MarathonTest : public PollersTest,
                     public testing::WithParamInterface<MarathonCase> {};

TEST_P(MarathonTest, PortsComeFromWhereTheyAreKnown) {
  config::MarathonSdConfig config;
  config.servers = {api_.url()};
  api_.answer("GET /v2/apps/?embed=apps.tasks",
              std::string(R"({"apps":[{"id":"/a","labels":{"a-b":"c"},)") +
                  GetParam().app + R"("tasks":)" + GetParam().tasks + "}]}");
  Source& source = begin(config);
  settle(source);
  std::string out = source.findings().failure();
  for (const auto& [place, groups] : source.findings().places()) {
    ASSERT_EQ(groups.size(), 1U);
    EXPECT_EQ(groups[0].source, "/a");
    EXPECT_EQ(groups[0].labels.get("__meta_marathon_app_label_a_b"), "c");
    for (const Labels& target : groups[0].targets) {
      out += std::string(target.get("__address__")) + " " +
             std::string(target.get("__meta_marathon_port_index"));
      for (const LabelView label : target) {
        if (label.name.starts_with("__meta_marathon_port_") &&
            label.name != "__meta_marathon_port_index")
          out += " " + std::string(label.name.substr(16)) + "=" +
                 std::string(label.value);
      }
      out += "\n";
    }
  }
  EXPECT_EQ(out, GetParam().targets);
  EXPECT_EQ(std::ranges::count(print(source), '\n'),
            std::ranges::count(out, '\n'));
}

constexpr const char* kTasks =
    R"([{"id":"t1","host":"slave1","ports":[31000,12345],
        "ipAddresses":[{"ipAddress":"1.2.3.4"}]}])";

const MarathonCase kMarathonCases[] = {
    {R"("container":{"docker":{"image":"r/i:t"},"portMappings":[
        {"labels":{"p":"yes"},"hostPort":0},{"hostPort":32000}]},)",
     kTasks, "slave1:31000 0 port_mapping_label_p=yes\nslave1:32000 1\n"},
    {R"("container":{"docker":{"portMappings":[
        {"labels":{"p":"yes"},"hostPort":31000},{"hostPort":0}]}},)",
     kTasks, "slave1:31000 0 port_mapping_label_p=yes\nslave1:12345 1\n"},
    {R"("networks":[{"mode":"container","name":"n"}],
        "container":{"portMappings":[{"containerPort":8080,"hostPort":1},
                                     {"containerPort":1234}]},)",
     kTasks, "1.2.3.4:8080 0\n1.2.3.4:1234 1\n"},
    {R"("portDefinitions":[{"port":31000},{"port":5,"labels":{"q":"r"}}],)",
     kTasks, "slave1:31000 0\nslave1:12345 1 port_definition_label_q=r\n"},
    {R"("requirePorts":true,"portDefinitions":[{"port":7},{"port":8}],)",
     kTasks, "slave1:7 0\nslave1:8 1\n"},
    {"", kTasks, "slave1:31000 0\nslave1:12345 1\n"},
    {"", R"([{"id":"t","host":"h"}])", ""},
    {R"("portDefinitions":[{"port":1}],)", R"([{"id":"t","host":"h"}])",
     "h:0 0\n"},
};
INSTANTIATE_TEST_SUITE_P(Marathon, MarathonTest,
                         testing::ValuesIn(kMarathonCases));

TEST_F(PollersTest, MarathonTokensGoTheirOwnWay) {
  config::MarathonSdConfig config;
  config.servers = {api_.url()};
  config.auth_token = config::Secret("geheim");
  api_.answer("GET /v2/apps/?embed=apps.tasks",
              R"({"apps":[{"id":"/a","container":{"docker":{"image":"i"}},
                "tasks":[{"id":"t","host":"h","ports":[1]}]}]})");
  EXPECT_EQ(look(config),
            "h:1 {__meta_marathon_app=\"/a\", __meta_marathon_image=\"i\", "
            "__meta_marathon_port_index=\"0\", __meta_marathon_task=\"t\"}\n");
  EXPECT_EQ(api_.last("GET /v2/apps/?embed=apps.tasks").header("authorization"),
            "token=geheim");
  config.auth_token = {};
  config.auth_token_file = "/nowhere/token";
  EXPECT_NE(look(config).find("/nowhere/token"), std::string::npos);
}

TEST_F(PollersTest, PuppetdbTellsResources) {
  const auto answer =
      test::shared_path("conformance/discovery/puppetdb/fixtures/vhosts.json");
  if (!answer) GTEST_SKIP() << "upstream's answer is not here";
  config::PuppetdbSdConfig config;
  config.url = api_.url() + "/base/";
  config.query = "vhosts";
  api_.answer("POST /base/pdb/query/v4", *os::read_file(*answer));
  EXPECT_EQ(look(config), golden("puppetdb.txt"));
  EXPECT_EQ(api_.last("POST /base/pdb/query/v4").body, R"({"query":"vhosts"})");
  config.include_parameters = true;
  EXPECT_EQ(look(config), golden("puppetdb_parameters.txt"));
}

TEST_F(PollersTest, PuppetdbMustAnswerWithJson) {
  config::PuppetdbSdConfig config;
  config.url = api_.url();
  config.query = "q";
  api_.answer("POST /pdb/query/v4", "[]", 200, "text/plain; charset=utf-8");
  EXPECT_NE(look(config).find(
                R"(unsupported content type "text/plain; charset=utf-8")"),
            std::string::npos);
  api_.answer("POST /pdb/query/v4", "{}");
  EXPECT_NE(look(config).find("no list of resources"), std::string::npos);
}

TEST_F(PollersTest, FailuresKeepWhatWasFound) {
  config::EurekaSdConfig eureka;
  eureka.server = api_.url();
  api_.answer("GET /apps", std::string(kEureka));
  Source& source = begin(eureka);
  settle(source);
  const std::string before = print(source);
  const struct {
    int status;
    const char *body, *reason;
  } kCases[] = {{401, "", "401"},
                {500, "", "500"},
                {200, "<a><b>", "no XML"},
                {200, "\xff", "no XML"}};
  for (const auto& c : kCases) {
    api_.answer("GET /apps", c.body, c.status);
    pass_and_look(30'000);
    EXPECT_NE(source.findings().failure().find(c.reason), std::string::npos)
        << source.findings().failure();
    EXPECT_EQ(print(source), before);
  }
}

}  // namespace
}  // namespace prom::discover
