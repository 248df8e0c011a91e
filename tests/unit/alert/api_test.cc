#include "libprom/alert/api.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "libprom/alert/api_json.h"
#include "libprom/base/duration.h"

#include "tests/unit/alert/conformance.h"

namespace prom::alert {
namespace {

using nlohmann::json;

constexpr std::int64_t kStart = 1'700'000'000'000;

class TurnedClock : public os::Clock {
 public:
  std::int64_t wall_ms() override { return kStart + t_ms; }
  std::int64_t monotonic_ns() override { return (1000 + t_ms) * 1'000'000; }
  std::int64_t t_ms = 0;
};

class ApiTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = testing::TempDir() + "api-" + std::to_string(getpid());
    std::filesystem::create_directories(directory_);
    std::ofstream(directory_ + "/am.yml") << R"(
route:
  receiver: first
  group_by: [alertname]
  group_wait: 5m
  routes:
  - matchers: [ team="x" ]
    receiver: second
inhibit_rules:
- source_matchers: [ severity="page" ]
  target_matchers: [ severity="info" ]
receivers:
- name: first
- name: second
  labels: { owner: x }
)";
    service_ = std::make_unique<Service>(
        ServiceOptions{.config_file = directory_ + "/am.yml",
                       .storage_path = {},
                       .external_url = "http://am.example",
                       .engine = {}},
        clock_);
    Diagnostics findings;
    const Status opened = service_->open(findings);
    ASSERT_TRUE(opened) << opened.error().message;
    handler_ = make_api(*service_, {});
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  http::ServerResponse call(const std::string& method,
                            const std::string& target,
                            const std::string& body = "",
                            std::vector<http::Header> headers = {}) {
    http::ServerRequest request;
    request.method = method;
    const std::size_t query = target.find('?');
    request.path = target.substr(0, query);
    if (query != std::string::npos) {
      std::string rest = target.substr(query + 1);
      for (std::size_t begin = 0; begin < rest.size();) {
        std::size_t end = std::min(rest.find('&', begin), rest.size());
        const std::string pair = rest.substr(begin, end - begin);
        const std::size_t equal = pair.find('=');
        request.query.emplace_back(pair.substr(0, equal),
                                   pair.substr(equal + 1));
        begin = end + 1;
      }
    }
    request.headers = std::move(headers);
    request.headers.emplace_back("content-type", "application/json");
    request.headers.emplace_back("host", "am.example");
    request.body = body;
    return handler_(request);
  }
  json get(const std::string& target) {
    const auto answer = call("GET", target);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return json::parse(answer.body);
  }
  void push(const std::string& labels) {
    const auto answer =
        call("POST", "/api/v2/alerts", "[{\"labels\":" + labels + "}]");
    ASSERT_EQ(answer.status, 200) << answer.body;
  }
  std::string silence(const std::string& matcher, std::int64_t from_ms,
                      std::int64_t to_ms) {
    const auto answer =
        call("POST", "/api/v2/silences",
             R"({"matchers":[)" + matcher + R"(],"startsAt":")" +
                 format_rfc3339(kStart + from_ms) + R"(","endsAt":")" +
                 format_rfc3339(kStart + to_ms) +
                 R"(","createdBy":"me","comment":"c"})");
    EXPECT_EQ(answer.status, 200) << answer.body;
    return json::parse(answer.body)["silenceID"].get<std::string>();
  }

  std::string directory_;
  TurnedClock clock_;
  std::unique_ptr<Service> service_;
  http::Handler handler_;
};

TEST_F(ApiTest, RefusesAsUpstream) {
  struct Case {
    const char* method;
    const char* target;
    const char* body;
    int status;
    const char* contains;
  };
  const Case cases[] = {
      {"POST", "/api/v2/alerts", "[{}]", 422,
       R"({"code":602,"message":"0.labels in body is required"})"},
      {"POST", "/api/v2/alerts",
       R"([{"labels":{"a":"b"},"generatorURL":"nope"}])", 422,
       R"(must be of type uri: \"nope\")"},
      {"POST", "/api/v2/alerts", "[", 400,
       R"(parsing alerts body from \"\" failed, because )"},
      {"POST", "/api/v2/alerts",
       R"([{"labels":{"a":"b"},"startsAt":"yesterday"}])", 400,
       R"(parsing alerts body from \"\" failed, because )"},
      {"POST", "/api/v2/alerts", "", 422, "alerts in body is required"},
      {"POST", "/api/v2/alerts", R"([{"labels":{}}])", 400,
       "at least one label pair required"},
      {"PUT", "/api/v2/alerts", "", 405,
       "method PUT is not allowed, but [POST,GET] are"},
      {"GET", "/api/v2/nope", "", 404, R"("code":404)"},
      {"GET", "/api/v2/silence/notauuid", "", 422, R"("code":601)"},
      {"GET", "/api/v2/silence/00000000-0000-4000-8000-000000000000", "", 404,
       ""},
      {"DELETE", "/api/v2/silence/00000000-0000-4000-8000-000000000000", "",
       404, ""},
      {"GET", "/api/v2/alerts?filter=foo!bar", "", 400,
       "\"bad matcher format: foo!bar\""},
      {"GET", "/api/v2/alerts?filter={foo=bar}", "", 400,
       "\"unexpected open or close brace: {foo=bar}\""},
      {"GET", "/api/v2/alerts?receiver=(", "", 400,
       "failed to parse receiver param: "},
      {"GET", "/api/v2/alerts?active=maybe", "", 200, "[]"},
      {"POST", "/api/v2/silences",
       R"({"matchers":[],"startsAt":"2030-01-01T00:00:00Z",)"
       R"("endsAt":"2031-01-01T00:00:00Z","createdBy":"","comment":""})",
       422, R"("code":612)"},
      {"POST", "/api/v2/silences",
       R"({"matchers":[{"name":"a","value":"b"}],)"
       R"("startsAt":"2030-01-01T00:00:00Z",)"
       R"("endsAt":"2031-01-01T00:00:00Z","createdBy":"","comment":""})",
       422, R"("code":602)"},
      {"POST", "/api/v2/silences",
       R"({"matchers":[{"name":"a","value":"b","isRegex":false}],)"
       R"("startsAt":"2030-01-01T00:00:00Z",)"
       R"("endsAt":"2030-01-01T00:00:00Z","createdBy":"","comment":""})",
       400, "start time must be before end time"},
      {"POST", "/api/v2/silences",
       R"({"matchers":[{"name":"a","value":"b","isRegex":false}],)"
       R"("startsAt":"2020-01-01T00:00:00Z",)"
       R"("endsAt":"2020-02-01T00:00:00Z","createdBy":"","comment":""})",
       400, "end time can't be in the past"},
      {"POST", "/api/v2/silences",
       R"({"id":"00000000-0000-4000-8000-000000000000",)"
       R"("matchers":[{"name":"a","value":"b","isRegex":false}],)"
       R"("startsAt":"2030-01-01T00:00:00Z",)"
       R"("endsAt":"2031-01-01T00:00:00Z","createdBy":"","comment":""})",
       404, "silence not found"},
      {"GET", "/-/reload", "", 405, ""},
      {"GET", "/api/v1/alerts", "", 410, R"("status":"deprecated")"},
      {"GET", "/nope", "", 404, ""},
  };
  for (const Case& c : cases) {
    const auto answer = call(c.method, c.target, c.body);
    EXPECT_EQ(answer.status, c.status) << c.method << c.target << answer.body;
    EXPECT_NE(answer.body.find(c.contains), std::string::npos)
        << c.target << " " << c.body << "\n"
        << answer.body;
  }
}

TEST_F(ApiTest, RefusesOtherTypesAndOtherSites) {
  http::ServerRequest request;
  request.method = "POST";
  request.path = "/api/v2/alerts";
  request.headers = {{"content-type", "text/plain"}};
  EXPECT_EQ(handler_(request).status, 415);
  for (const http::Header& header :
       {http::Header{"origin", "http://evil.example"},
        http::Header{"sec-fetch-site", "cross-site"}})
    EXPECT_EQ(call("POST", "/api/v2/alerts", "[]", {header}).status, 403);
  EXPECT_EQ(
      call("POST", "/api/v2/alerts", "[]", {{"origin", "http://am.example"}})
          .status,
      200);
}

TEST_F(ApiTest, StoresTheValidAlertsOfABatch) {
  const auto answer = call(
      "POST", "/api/v2/alerts",
      R"([{"labels":{"alertname":"good","empty":""}},{"labels":{"":"x"}}])");
  EXPECT_EQ(answer.status, 400);
  const json alerts = get("/api/v2/alerts");
  ASSERT_EQ(alerts.size(), 1U);
  EXPECT_EQ(alerts[0]["labels"], (json{{"alertname", "good"}}));
  EXPECT_EQ(alerts[0]["startsAt"], "2023-11-14T22:13:20.000Z");
  EXPECT_EQ(alerts[0]["endsAt"], "2023-11-14T22:18:20.000Z");
  EXPECT_EQ(alerts[0]["receivers"], json::parse(R"([{"name":"first"}])"));
  EXPECT_EQ(alerts[0]["status"]["state"], "active");
}

TEST_F(ApiTest, ListsByStateReceiverAndLabels) {
  push(R"({"alertname":"page","severity":"page"})");
  push(R"({"alertname":"info","severity":"info"})");
  push(R"({"alertname":"quiet","team":"x"})");
  silence(R"({"name":"alertname","value":"quiet","isRegex":false})", 0,
          3'600'000);
  const auto names = [&](const std::string& query) {
    std::set<std::string> found;
    for (const json& alert : get("/api/v2/alerts" + query))
      found.insert(alert["labels"]["alertname"].get<std::string>());
    return found;
  };
  using Names = std::set<std::string>;
  EXPECT_EQ(names(""), (Names{"page", "info", "quiet"}));
  EXPECT_EQ(names("?silenced=false"), (Names{"page", "info"}));
  EXPECT_EQ(names("?inhibited=false"), (Names{"page", "quiet"}));
  EXPECT_EQ(names("?active=false"), (Names{"info", "quiet"}));
  EXPECT_EQ(names("?receiver=sec.*"), (Names{"quiet"}));
  EXPECT_EQ(names("?receiver=sec"), (Names{}));
  EXPECT_EQ(names("?receiver_matchers=owner=x"), (Names{"quiet"}));
  EXPECT_EQ(names("?filter=severity=~\"p.*|info\"&filter=team=\"\""),
            (Names{"page", "info"}));
  clock_.t_ms = 10 * 60'000;
  EXPECT_EQ(names(""), (Names{}));  // all have timed out
}

TEST_F(ApiTest, GroupsAlerts) {
  push(R"({"alertname":"a","i":"1"})");
  push(R"({"alertname":"a","i":"2"})");
  push(R"({"alertname":"b","team":"x"})");
  const json groups = get("/api/v2/alerts/groups");
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0]["labels"], (json{{"alertname", "a"}}));
  EXPECT_EQ(groups[0]["alerts"].size(), 2U);
  EXPECT_EQ(groups[1]["receiver"]["name"], "second");
  EXPECT_EQ(groups[1]["routeLabels"], json::object());
}

TEST_F(ApiTest, SortsSilencesAndEndsThem) {
  const std::string matcher = R"({"name":"a","value":"b","isRegex":false})";
  const std::string pending = silence(matcher, 1000, 5000);
  const std::string later = silence(matcher, 0, 9000);
  const std::string sooner = silence(matcher, 0, 2000);
  const auto ids = [&](const std::string& query) {
    std::vector<std::string> found;
    for (const json& s : get("/api/v2/silences" + query))
      found.push_back(s["id"].get<std::string>());
    return found;
  };
  using Ids = std::vector<std::string>;
  EXPECT_EQ(ids(""), (Ids{sooner, later, pending}));
  EXPECT_EQ(ids("?pending=false"), (Ids{sooner, later}));
  EXPECT_EQ(ids("?filter=a=\"b\"").size(), 3U);
  EXPECT_EQ(ids("?filter=a=~\"b\"").size(), 0U);
  EXPECT_EQ(call("DELETE", "/api/v2/silence/" + later).status, 200);
  clock_.t_ms = 1;
  EXPECT_EQ(get("/api/v2/silence/" + later)["status"]["state"], "expired");
  EXPECT_EQ(ids("?expired=false&pending=false"), (Ids{sooner}));
}

TEST_F(ApiTest, ShowsTheConfigurationWithoutSecrets) {
  const json status = get("/api/v2/status");
  EXPECT_EQ(status["cluster"]["status"], "disabled");
  const auto text = status["config"]["original"].get<std::string>();
  EXPECT_NE(text.find("receiver: \"second\""), std::string::npos) << text;
  const json receivers = get("/api/v2/receivers");
  EXPECT_EQ(receivers, json::parse(R"([
    {"labels":{"name":"first"},"name":"first"},
    {"labels":{"name":"second","owner":"x"},"name":"second"}])"));
}

TEST_F(ApiTest, HasMetricsAndHealth) {
  push(R"({"alertname":"a"})");
  const std::string text = call("GET", "/metrics").body;
  for (const char* line :
       {"alertmanager_alerts{state=\"active\"} 1\n",
        "alertmanager_alerts_received_total{status=\"firing\",version=\"v2\"} "
        "1\n",
        "alertmanager_config_last_reload_successful 1\n",
        "alertmanager_silences{state=\"pending\"} 0\n"})
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  EXPECT_EQ(call("GET", "/-/healthy").body, "OK");
  EXPECT_EQ(call("HEAD", "/-/ready").status, 200);
  EXPECT_EQ(call("POST", "/-/reload").status, 200);
}

}  // namespace
}  // namespace prom::alert
