// Alertmanager's own cases and its default templates.  The data of a case is
// written in Go there; the table below says the same in C++.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "libprom/template/alert_data.h"
#include "libprom/template/template.h"

namespace prom::templates {
namespace {

constexpr std::int64_t kNowMs = 1'700'000'000'000;

std::string shared_path(const std::string& name) {
  const char* root = std::getenv("PROM_SHARED");
  return std::string(root != nullptr ? root : "../shared") +
         "/conformance/alertmanager/" + name;
}

std::string read_text(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

NotificationData with_group_labels() {
  NotificationData data;
  data.group_labels.emplace();
  for (const char* key : {"key1", "key2", "key3", "key4"})
    data.group_labels->emplace(key, key);
  return data;
}

NotificationData with_alerts(std::vector<AlertData> alerts) {
  NotificationData data;
  data.alerts = std::move(alerts);
  return data;
}

NotificationData with_routes(std::map<std::string, std::string> routes) {
  NotificationData data = with_group_labels();
  data.group_labels->emplace("x", "v");
  data.route_labels = std::move(routes);
  return data;
}

// What `data_go` of a case means; found by a part of it that is unique.
struct GoData {
  std::string_view part;
  std::function<NotificationData()> data = {};
  std::function<Value()> value = {};
};

Value floats(std::initializer_list<double> items) {
  std::vector<Value> list;
  for (const double item : items) list.push_back(Value::number(item));
  return Value::list(std::move(list));
}
Value ints(std::initializer_list<std::int64_t> items) {
  std::vector<Value> list;
  for (const std::int64_t item : items) list.push_back(Value::integer(item));
  return Value::list(std::move(list));
}

const std::vector<GoData>& go_data() {
  static const std::vector<GoData> kData = {
      {.part = "[]string{\"a\", \"b\", \"c\"}",
       .value = [] { return Value::strings({"a", "b", "c"}); }},
      {.part = "[]string{\"abc\", \"def\"}",
       .value = [] { return Value::strings({"abc", "def"}); }},
      {.part = "\"rl3\": `{{ routeLabels \"rl2\" }} recursive`",
       .data =
           [] {
             return with_routes(
                 {{"rl1", "rl1"},
                  {"rl2", "{{ .GroupLabels.key1 }}"},
                  {"rl3", "{{ routeLabels \"rl2\" }} recursive"}});
           }},
      {.part = "\"rl1\": \"rl1\",\n\t\t\t\t}",
       .data = [] { return with_routes({{"rl1", "rl1"}}); }},
      {.part = "RouteLabels: KV{\"rl1\": \"rl1\"}",
       .data = [] { return with_routes({{"rl1", "rl1"}}); }},
      {.part = "\"rl2\": `{{ routeLabels \"rl1\" }}`",
       .data =
           [] {
             return with_routes({{"rl1", "{{ routeLabels \"rl2\" }}"},
                                 {"rl2", "{{ routeLabels \"rl1\" }}"}});
           }},
      {.part = "\"rl1\": `{{ routeLabels \"rl1\" }}`",
       .data =
           [] { return with_routes({{"rl1", "{{ routeLabels \"rl1\" }}"}}); }},
      {.part = "\"top\":",
       .data =
           [] {
             return with_routes(
                 {{"top", "{{ routeLabels \"a\" }}-{{ routeLabels \"b\" }}"},
                  {"a", "{{ routeLabels \"leaf\" }}"},
                  {"b", "{{ routeLabels \"leaf\" }}"},
                  {"leaf", "{{ .GroupLabels.x }}"}});
           }},
      {.part = "\"key4\"", .data = with_group_labels},
      {.part = "\"number\": 123",
       .value =
           [] {
             Map map;
             map.entries.emplace("key", Value::string("value"));
             map.entries.emplace("number", Value::integer(123));
             return Value::map(std::move(map));
           }},
      {.part = "map[string]string{\"key\": \"value\"}",
       .value = [] { return Value::string_map({{"key", "value"}}); }},
      {.part = "CommonLabels: KV{",
       .data =
           [] {
             NotificationData data;
             data.common_labels = {{{"severity", "critical"}, {"job", "foo"}}};
             return data;
           }},
      {.part = "\"alertname\": \"test\"}},\n\t\t\t\t{Status: \"resolved\"}",
       .data =
           [] {
             return with_alerts(
                 {{.status = "firing", .labels = {{{"alertname", "test"}}}},
                  {.status = "resolved"}});
           }},
      {.part = "{Status: \"firing\"},",
       .data =
           [] {
             return with_alerts({{.status = "firing"}, {.status = "resolved"}});
           }},
      {.part = "\"alertname\": \"test\"",
       .data =
           [] {
             return with_alerts(
                 {{.status = "firing", .labels = {{{"alertname", "test"}}}}});
           }},
      {.part = "time.Date(2024, 1, 1, 8, 15, 30",
       .value = [] { return Value::time(Time::from_ms(1'704'096'930'000)); }},
      {.part = "time.Now().Add(-1 * time.Hour)",
       .value = [] { return Value::time(Time::from_ms(kNowMs - 3'600'000)); }},
      {.part = "[]float64{0, 1, 60",
       .value =
           [] {
             return floats({0, 1, 60, 3600, 86400, 90000, -183845, 899.99});
           }},
      {.part = "[]string{\"0\", \"1\", \"60\"",
       .value =
           [] { return Value::strings({"0", "1", "60", "3600", "86400"}); }},
      {.part = "[]float64{.1, .0001",
       .value =
           [] {
             return floats({.1, .0001, .12345, 60.1, 60.5, 1.2345, 12.345});
           }},
      {.part = "[]string{\".1\"",
       .value =
           [] {
             return Value::strings(
                 {".1", ".0001", ".12345", "60.1", "60.5", "1.2345", "12.345"});
           }},
      {.part = "[]int{0, -1",
       .value = [] { return ints({0, -1, 1, 1234567}); }},
      {.part = "[]uint{0, 1", .value = [] { return ints({0, 1, 1234567}); }},
  };
  return kData;
}

Result<std::string> run_case(const nlohmann::json& item) {
  const TemplateSet set(alertmanager_functions());
  const std::string source = item.at("template");
  const bool html = item.at("html");
  const std::string go = item.value("data_go", "");
  const GoData* found = nullptr;
  for (const GoData& data : go_data())
    if (found == nullptr && !go.empty() &&
        go.find(data.part) != std::string::npos)
      found = &data;
  EXPECT_TRUE(go.empty() || found != nullptr) << "unknown data: " << go;
  if (found != nullptr && found->data) {
    const NotificationData data = found->data();
    NotificationExpander expander(set, data, kNowMs);
    return html ? expander.html(source) : expander.text(source);
  }
  ExecuteOptions options{.html = html};
  options.environment.now_ms = kNowMs;
  return set.expand(source, found != nullptr ? found->value() : Value(),
                    options);
}

TEST(AlertmanagerTemplates, GiveWhatUpstreamsCasesExpect) {
  const std::string path = shared_path("template_cases.json");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no " << path;
  const auto cases = nlohmann::json::parse(read_text(path));
  ASSERT_GT(cases.size(), 60U);
  for (const auto& item : cases) {
    SCOPED_TRACE(item.at("title").get<std::string>());
    const auto got = run_case(item);
    if (item.contains("expect")) {
      ASSERT_TRUE(got) << got.error().message;
      EXPECT_EQ(*got, item.at("expect").get<std::string>());
    } else {
      ASSERT_FALSE(got) << *got;
      if (item.contains("error_text")) {
        EXPECT_EQ(got.error().message,
                  item.at("error_text").get<std::string>());
      }
    }
  }
}

NotificationData sample_notification() {
  NotificationData data;
  data.receiver = "team-x";
  data.status = "firing";
  data.external_url = "http://am.example:9093";
  data.group_labels = {{{"alertname", "Down"}}};
  data.common_labels = {{{"alertname", "Down"}, {"job", "api"}}};
  data.common_annotations = {{{"summary", "it <is> down"}}};
  AlertData firing{.status = "firing"};
  firing.labels = {{{"alertname", "Down"},
                    {"instance", "<script>alert(1)</script>"},
                    {"job", "api"},
                    {"severity", "critical"}}};
  firing.annotations = {{{"summary", "it <is> down"}}};
  firing.generator_url = "javascript:alert(1)";
  AlertData resolved = firing;
  resolved.status = "resolved";
  data.alerts = {firing, resolved};
  return data;
}

TEST(AlertmanagerTemplates, EveryDefaultTemplateExecutes) {
  const std::string path = shared_path("default.tmpl");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no " << path;
  TemplateSet set(alertmanager_functions());
  for (const char* file : {"default.tmpl", "email.tmpl"}) {
    const auto parsed = set.parse(file, read_text(shared_path(file)));
    ASSERT_TRUE(parsed) << parsed.error().message;
  }
  const NotificationData data = sample_notification();
  NotificationExpander expander(set, data, kNowMs);
  for (const std::string& name : set.names()) {
    // These take a list of alerts.
    const bool takes_list = name.starts_with("__text_alert_list") ||
                            name == "pagerduty.default.instances";
    SCOPED_TRACE(name);
    for (const bool html : {false, true}) {
      const std::string source = "{{ template \"" + name + "\" ." +
                                 (takes_list ? "Alerts.Firing" : "") + " }}";
      const auto text = html ? expander.html(source) : expander.text(source);
      EXPECT_TRUE(text) << text.error().message;
    }
  }
}

TEST(AlertmanagerTemplates, TheSubjectCountsAndNamesTheLabels) {
  const std::string path = shared_path("default.tmpl");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no " << path;
  TemplateSet set(alertmanager_functions());
  ASSERT_TRUE(set.parse("default.tmpl", read_text(path)));
  const NotificationData data = sample_notification();
  NotificationExpander expander(set, data, kNowMs);
  const auto text = expander.text("{{ template \"__subject\" . }}");
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_EQ(*text, "[FIRING:1] Down (api)");
  EXPECT_EQ(*expander.text("{{ template \"jira.default.priority\" . }}"),
            "High");
  EXPECT_EQ(*expander.text("{{ template \"__alertmanagerURL\" . }}"),
            "http://am.example:9093/#/alerts?receiver=team-x");
}

TEST(AlertmanagerTemplates, TheMailEscapesHostileLabels) {
  const std::string path = shared_path("email.tmpl");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no " << path;
  TemplateSet set(alertmanager_functions());
  ASSERT_TRUE(set.parse("d", read_text(shared_path("default.tmpl"))));
  ASSERT_TRUE(set.parse("e", read_text(path)));
  const NotificationData data = sample_notification();
  NotificationExpander expander(set, data, kNowMs);
  const auto mail = expander.html("{{ template \"email.default.html\" . }}");
  ASSERT_TRUE(mail) << mail.error().message;
  EXPECT_EQ(mail->find("<script"), std::string::npos);
  EXPECT_EQ(mail->find("javascript:"), std::string::npos);
  EXPECT_EQ(mail->find("<!--"), std::string::npos);
  EXPECT_NE(mail->find("&lt;script&gt;alert(1)&lt;/script&gt;"),
            std::string::npos);
  EXPECT_NE(
      mail->find("<a href=\"http://am.example:9093/#/alerts?receiver=team-x\""),
      std::string::npos);
  EXPECT_NE(mail->find("</html>"), std::string::npos);
}

}  // namespace
}  // namespace prom::templates
