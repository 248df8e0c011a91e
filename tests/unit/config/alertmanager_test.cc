#include <fstream>
#include <iostream>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "libprom/config/load.h"
#include "libprom/config/value.h"

#include "tests/support/shared_data.h"

namespace prom::config {
namespace {

std::string all_findings(const Diagnostics& findings) {
  std::string all;
  for (const Diagnostic& finding : findings) all += finding.to_string() + "\n";
  return all;
}

AlertmanagerConfig loaded(std::string_view yaml) {
  auto config = parse_alertmanager(yaml, "/etc/am/am.yml");
  EXPECT_TRUE(config) << all_findings(config.error());
  return config ? std::move(*config) : AlertmanagerConfig{};
}

std::string refused(std::string_view yaml) {
  const auto config = parse_alertmanager(yaml, "am.yml");
  return config ? "loaded" : all_findings(config.error());
}

// Reasons that lie in the settings of receiver types that are only recognised.
const std::set<std::string> kUncheckedReasons = {
    "no global VictorOps API Key set",
    "missing bot_token or bot_token_file on telegram_config",
    "no global OpsGenie API Key set either inline or in a file",
    "yaml: unmarshal errors:\n  line 16: field teams not found in type "
    "opsgenie.plain",
    "update_message can only be used with bot tokens. api_url must be set to "
    "https://slack.com/api/chat.postMessage",
    "no Slack API URL nor App token set either inline or in a file",
    "must provide either a Target ARN, Topic ARN, or Phone Number for SNS "
    "config",
    "no global Rocketchat Token set either inline or in a file",
    "no global Rocketchat TokenID set either inline or in a file",
    "no global Wechat Api Secret set either inline or in a file",
    "missing webhook_url or webhook_url_file on mattermost_config",
    // Names in classic mode only, which prom-alert checks.
    "invalid label name \"-invalid-\" in group_by list",
    "invalid label name \"-invalid-\" in route labels",
};

TEST(AlertmanagerFixtures, AreJudgedAsUpstreamJudgesThem) {
  const auto path =
      test::shared_path("conformance/alertmanager/config_load.json");
  if (!path) GTEST_SKIP() << "upstream's cases are not here";
  std::ifstream file(*path);
  const auto cases = nlohmann::json::parse(file);
  int good = 0;
  int bad = 0;
  int unchecked = 0;
  for (const auto& c : cases.at("good")) {
    const std::string yaml = c.at("yaml");
    EXPECT_EQ(refused(yaml), "loaded") << c.at("test");
    ++good;
  }
  for (const auto& c : cases.at("bad")) {
    const std::string yaml = c.at("yaml");
    const std::string reason =
        c.contains("error") ? c.at("error") : c.at("error_contains");
    if (kUncheckedReasons.contains(reason)) {
      ++unchecked;
      continue;
    }
    EXPECT_NE(refused(yaml).find(reason), std::string::npos)
        << c.at("test") << ": " << refused(yaml);
    ++bad;
  }
  std::cout << good << " good loaded, " << bad << " bad refused, " << unchecked
            << " about receivers known by name only\n";
}

TEST(Alertmanager, ReceiversInheritWhatTheyDoNotSay) {
  const AlertmanagerConfig config = loaded(R"(
global:
  resolve_timeout: 1m
  smtp_smarthost: "[::1]:25"
  smtp_from: a@example
  smtp_auth_username: user
  smtp_auth_password_file: /run/pw
  smtp_require_tls: false
  http_config:
    proxy_url: http://proxy:3128
    bearer_token: abc
route:
  receiver: mail
  group_by: ['...']
  routes:
    - matchers: ['a="b", c=~"d"']
      match_re: {e: "f.*"}
      group_by: []
      group_wait: 0s
      continue: true
      labels: {team: "{{ .CommonLabels.team }}"}
receivers:
  - name: mail
    email_configs:
      - to: x@example
      - to: y@example
        auth_password: own
        require_tls: true
        headers: {subject: "hi"}
        threading: {enabled: true, thread_by_date: daily}
    webhook_configs:
      - url: http://hook/{{ .GroupKey }}
        payload: {n: 1, list: [a, ~, true, 1.5, "2"]}
      - url_file: hook.url
        http_config: {}
        timeout: 1.5s
templates: [t/*.tmpl]
)");
  EXPECT_EQ(config.global.resolve_timeout_ms, 60'000);
  const Receiver& receiver = config.receivers.at(0);
  const EmailReceiver& first = receiver.emails.at(0);
  EXPECT_EQ(first.smarthost.to_string(), "[::1]:25");
  EXPECT_EQ(first.from, "a@example");
  EXPECT_EQ(first.auth_password_file, "/run/pw");
  EXPECT_FALSE(first.require_tls);
  EXPECT_FALSE(first.send_resolved);
  const EmailReceiver& second = receiver.emails.at(1);
  EXPECT_EQ(second.auth_password.reveal(), "own");
  EXPECT_EQ(second.auth_password_file, "");
  EXPECT_TRUE(second.require_tls);
  EXPECT_EQ(second.headers.at(0).first, "Subject");
  EXPECT_EQ(second.thread_by_date, "daily");

  const WebhookReceiver& hook = receiver.webhooks.at(0);
  EXPECT_TRUE(hook.send_resolved);
  EXPECT_EQ(hook.http.proxy.proxy_url, "http://proxy:3128");
  EXPECT_EQ(hook.http.authorization->credentials.reveal(), "abc");
  std::string json;
  append_json(json, hook.payload);
  EXPECT_EQ(json, R"({"n":1,"list":["a",null,true,1.5,"2"]})");
  const WebhookReceiver& own = receiver.webhooks.at(1);
  EXPECT_FALSE(own.http.authorization);
  EXPECT_EQ(own.http.proxy.proxy_url, "");
  EXPECT_EQ(own.timeout_ms, 1500);
  EXPECT_EQ(own.url_file, "hook.url");

  EXPECT_TRUE(config.route.group_by_all);
  const Route& child = config.route.routes.at(0);
  EXPECT_TRUE(child.group_by && child.group_by->empty());
  EXPECT_EQ(child.group_wait_ms, 0);
  EXPECT_TRUE(child.continue_);
  EXPECT_EQ(child.match.matchers.at(0).text, "a=\"b\", c=~\"d\"");
  EXPECT_EQ(child.match.matchers.at(0).at.line, 16U);
  EXPECT_EQ(child.match.matchers.at(0).at.column, 19U);
  EXPECT_EQ(child.match.match_re.at(0).second.text, "f.*");
  EXPECT_EQ(config.templates.at(0), "/etc/am/t/*.tmpl");
  EXPECT_EQ(receiver.labels.at(0).second, "mail");
}

TEST(Alertmanager, ReadsTimeIntervals) {
  const AlertmanagerConfig config = loaded(R"(
route: {receiver: r}
receivers: [{name: r}]
time_intervals:
  - name: office
    time_intervals:
      - times: [{start_time: '09:00', end_time: '17:30'}, {start_time: '23:00', end_time: '24:00'}]
        weekdays: ['Monday:friday', saturday]
        days_of_month: ['1:5', '-3:-1', 31]
        months: ['january:march', '12']
        years: ['2020:2022', 2030]
        location: Europe/Berlin
)");
  const TimeIntervalSpec& spec = config.time_intervals.at(0).specs.at(0);
  const auto shown = [](const std::vector<IntervalRange>& ranges) {
    std::string out;
    for (const IntervalRange& range : ranges)
      out +=
          std::to_string(range.begin) + ".." + std::to_string(range.end) + " ";
    return out;
  };
  EXPECT_EQ(shown(spec.times), "540..1050 1380..1440 ");
  EXPECT_EQ(shown(spec.weekdays), "1..5 6..6 ");
  EXPECT_EQ(shown(spec.days_of_month), "1..5 -3..-1 31..31 ");
  EXPECT_EQ(shown(spec.months), "1..3 12..12 ");
  EXPECT_EQ(shown(spec.years), "2020..2022 2030..2030 ");
  EXPECT_EQ(spec.location, "Europe/Berlin");
}

TEST(Alertmanager, RefusesImpossibleTimeIntervals) {
  const struct {
    std::string field, reason;
  } kCases[] = {
      {"weekdays: ['saturday:sunday']", "start day cannot be before end day"},
      {"weekdays: [mon]", "mon is not a valid weekday"},
      {"weekdays: ['1']", "1 is not a valid weekday"},
      {"days_of_month: ['0']",
       "0 is not a valid day of the month: out of range"},
      {"days_of_month: ['-32:1']",
       "-32 is not a valid day of the month: out of range"},
      {"days_of_month: ['-5:5']",
       "end day must be negative if start day is negative"},
      {"days_of_month: ['30:-10']",
       "end day -10 is always before start day 30"},
      {"months: ['march:january']", "end month is before start month"},
      {"months: [foo]", "foo is not a valid month"},
      {"years: ['2022:2020']", "end year 2020 is before start year 2022"},
      {"years: ['a:b:c']", "couldn't parse range a:b:c, invalid format"},
      {"times: [{start_time: '9:00', end_time: '10:00'}]",
       "couldn't parse timestamp 9:00, invalid format"},
      {"times: [{start_time: '09:00', end_time: '24:01'}]",
       "couldn't parse timestamp 24:01, invalid format"},
      {"times: [{start_time: '10:00', end_time: '10:00'}]",
       "start time cannot be equal or greater than end time"},
      {"times: [{start_time: '10:00'}]",
       "both start and end times must be provided"},
      {"wekdays: []", "did you mean `weekdays`?"},
  };
  for (const auto& c : kCases) {
    const std::string yaml =
        "route: {receiver: r}\nreceivers: [{name: r}]\ntime_intervals:\n"
        "  - name: x\n    time_intervals:\n      - " +
        c.field + "\n";
    EXPECT_NE(refused(yaml).find(c.reason), std::string::npos)
        << c.field << ": " << refused(yaml);
  }
}

TEST(Alertmanager, ReportsEverythingAtOnceWithPositions) {
  EXPECT_EQ(refused("route:\n"
                    "  reciever: a\n"
                    "  group_interval: 0s\n"
                    "receivers:\n"
                    "  - name: a\n"
                    "    slack_configs: [{}]\n"
                    "    webhook_configs:\n"
                    "      - url: ftp://x\n"
                    "      -\n"),
            "am.yml:2:3: unknown field \"reciever\" in route (did you mean "
            "`receiver`?)\n"
            "am.yml:2:3: root route must specify a default receiver\n"
            "am.yml:3:3: group_interval cannot be zero\n"
            "am.yml:8:9: invalid URL: URL scheme must be 'http' or 'https'\n"
            "am.yml:9:7: missing webhook config\n");
}

TEST(Alertmanager, NamesReceiversThatItHasNot) {
  const AlertmanagerConfig config = loaded(
      "route: {receiver: a}\nreceivers:\n  - name: a\n"
      "    slack_configs: [{channel: x}]\n    sns_configs: []\n");
  ASSERT_EQ(config.receivers.at(0).unavailable.size(), 1U);
  EXPECT_EQ(unavailable_message(config.receivers.at(0).unavailable.at(0)),
            "slack_configs: receiver type not available in this version");
  EXPECT_EQ(config.receivers.at(0).unavailable.at(0).at.line, 4U);
}

TEST(Value, IsReadByTheRulesOfYaml11) {
  const struct {
    std::string yaml, json;
  } kCases[] = {
      {"", "null"},
      {"~", "null"},
      {"yes", "true"},
      {"12", "12"},
      {"1.5", "1.5"},
      {"\"12\"", "\"12\""},
      {"[1, a]", "[1,\"a\"]"},
      {"{b: 1, a: {c: []}}", R"({"b":1,"a":{"c":[]}})"},
      {"plain text", "\"plain text\""},
      {".inf", "\"+Inf\""},
  };
  for (const auto& c : kCases) {
    const auto value = parse_value(c.yaml);
    ASSERT_TRUE(value) << c.yaml;
    std::string json;
    append_json(json, *value);
    EXPECT_EQ(json, c.json) << c.yaml;
  }
  EXPECT_FALSE(parse_value("[1"));
  EXPECT_FALSE(parse_value("{a: 1, a: 2}"));
}

}  // namespace
}  // namespace prom::config
