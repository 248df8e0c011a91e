#include "libprom/rules/state_file.h"

#include <gtest/gtest.h>

#include "libprom/rules/alert_json.h"
#include "libprom/rules/schedule.h"

#include "tests/support/temporary_directory.h"

namespace prom::rules {
namespace {

constexpr std::int64_t kMinute = 60'000;

std::shared_ptr<Group> group_with_for(std::int64_t for_ms) {
  auto rule = std::make_shared<Rule>();
  rule->is_alert = true;
  rule->name = "Down";
  rule->for_ms = for_ms;
  rule->labels.push_back({.name = "severity", .source = "page"});
  auto group = std::make_shared<Group>();
  group->file = "f.yml";
  group->name = "g \"odd\"";
  group->rules = {rule};
  return group;
}

Alert sample_alert() {
  Alert alert{.labels = {{"alertname", "Down"}, {"i", "é\n"}},
              .annotations = {{"summary", "text"}}};
  alert.value = 1.5;
  alert.active_at_ms = 1000;
  return alert;
}

TEST(StateFile, GivesBackWhatWasSaved) {
  GroupRunner before(group_with_for(kMinute));
  Alert alert = sample_alert();
  alert.state = AlertState::kFiring;
  alert.fired_at_ms = 2000;
  alert.last_sent_ms = 3000;
  before.alerting(0).alerts().emplace(alert.labels, alert);
  before.set_previous(0, {Labels{{"__name__", "ALERTS"}, {"a", "b"}}});
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/state";
  ASSERT_TRUE(save_state(os::real_file_system(), path,
                         state_text({group_state(before)}, 5000)));
  const auto saved = SavedState::load(path);
  ASSERT_TRUE(saved) << saved.error().message;
  EXPECT_EQ(saved->saved_ms(), 5000);
  GroupRunner after(group_with_for(kMinute));
  saved->apply(after, 6000, 0);
  ASSERT_EQ(after.alerting(0).alerts().size(), 1U);
  const Alert& got = after.alerting(0).alerts().begin()->second;
  EXPECT_EQ(got.labels, alert.labels);
  EXPECT_EQ(got.annotations, alert.annotations);
  EXPECT_EQ(got.state, AlertState::kFiring);
  EXPECT_EQ(got.active_at_ms, 1000);
  EXPECT_EQ(got.fired_at_ms, 2000);
  EXPECT_EQ(got.last_sent_ms, 3000);
  EXPECT_EQ(got.resolved_at_ms, kNever);
  EXPECT_EQ(after.previous(0), before.previous(0));
  EXPECT_TRUE(after.is_restored());
}

TEST(StateFile, PendingAlertsResumeAfterAnOutage) {
  GroupRunner before(group_with_for(60 * kMinute));
  const Alert alert = sample_alert();
  before.alerting(0).alerts().emplace(alert.labels, alert);
  const auto saved =
      SavedState::parse(state_text({group_state(before)}, 30 * kMinute + 1000));
  ASSERT_TRUE(saved);
  GroupRunner after(group_with_for(60 * kMinute));
  saved->apply(after, 40 * kMinute + 1000, 10 * kMinute);
  EXPECT_EQ(after.alerting(0).alerts().begin()->second.active_at_ms,
            10 * kMinute + 1000);
}

TEST(StateFile, RulesThatChangedTheirLabelsStartAnew) {
  GroupRunner before(group_with_for(0));
  const Alert alert = sample_alert();
  before.alerting(0).alerts().emplace(alert.labels, alert);
  const auto saved = SavedState::parse(state_text({group_state(before)}, 1));
  ASSERT_TRUE(saved);
  auto other = group_with_for(0);
  auto rule = std::make_shared<Rule>(*other->rules[0]);
  rule->labels[0].source = "mail";
  other->rules = {rule};
  GroupRunner after(other);
  saved->apply(after, 2, 0);
  EXPECT_TRUE(after.alerting(0).alerts().empty());
}

TEST(StateFile, RefusesWhatIsNoState) {
  for (const char* text :
       {"", "{}", "[]", "{\"version\":2,\"saved_ms\":1,\"groups\":[]}",
        "{\"version\":1,\"saved_ms\":1,\"groups\":[{\"file\":1}]}",
        "{\"version\":1,\"saved_ms\":1,\"groups\":[{\"file\":\"f\",\"name\":"
        "\"g\",\"rules\":[{\"rule\":\"r\",\"alerts\":[7],\"series\":[]}]}]}"}) {
    const auto saved = SavedState::parse(text);
    ASSERT_FALSE(saved) << text;
    EXPECT_EQ(saved.error().code, Code::kCorrupt);
  }
  EXPECT_EQ(SavedState::load("/nonexistent/state").error().code,
            Code::kMissing);
}

TEST(AlertJson, IsWhatTheAlertmanagerTakes) {
  Alert alert = sample_alert();
  alert.state = AlertState::kFiring;
  alert.fired_at_ms = 60'000;
  alert.valid_until_ms = 300'000;
  const auto out =
      outgoing(alert, "up == 0", "http://p", {{"i", "no"}, {"r", "eu"}}, {});
  ASSERT_TRUE(out);
  std::string json;
  append_json(json, *out);
  EXPECT_EQ(
      json,
      "{\"labels\":{\"alertname\":\"Down\",\"i\":\"é\\n\",\"r\":\"eu\"},"
      "\"annotations\":{\"summary\":\"text\"},"
      "\"startsAt\":\"1970-01-01T00:01:00Z\","
      "\"endsAt\":\"1970-01-01T00:05:00Z\","
      "\"generatorURL\":\"http://p/graph?g0.expr=up+%3D%3D+0&g0.tab=1\"}");
  alert.resolved_at_ms = 120'000;
  EXPECT_EQ(outgoing(alert, "", "", {}, {})->ends_at_ms, 120'000);
}

TEST(AlertJson, RelabellingMayDropAnAlert) {
  RelabelConfig drop;
  drop.source_labels = {"alertname"};
  drop.regex = Regex::compile("Down").value();
  drop.action = RelabelAction::kDrop;
  EXPECT_FALSE(outgoing(sample_alert(), "", "", {}, {drop}));
}

TEST(Schedule, SlotsAreRegularAndInThePast) {
  constexpr std::int64_t kInterval = 15'000;
  constexpr std::int64_t kIntervalNs = kInterval * 1'000'000;
  constexpr std::int64_t kNow = 1'700'000'000'123'456'789;
  const std::int64_t slot = slot_before_ns("f", "g", kInterval, kNow);
  EXPECT_LE(slot, kNow);
  EXPECT_GT(slot, kNow - kIntervalNs);
  EXPECT_EQ(slot_before_ns("f", "g", kInterval, slot), slot);
  EXPECT_EQ(slot_before_ns("f", "g", kInterval, slot + kIntervalNs),
            slot + kIntervalNs);
  EXPECT_NE(slot_before_ns("f", "h", kInterval, kNow), slot);
}

}  // namespace
}  // namespace prom::rules
