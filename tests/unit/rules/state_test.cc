// The state machine of alerts, as tables: one line per evaluation with the
// time in minutes, the value of the expression for series a and b (- for
// none, ! for an evaluation that fails) and the states expected after it.
#include <map>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "libprom/base/number.h"
#include "libprom/model/sample.h"
#include "libprom/rules/group_runner.h"

namespace prom::rules {
namespace {

constexpr std::int64_t kMinute = 60'000;

struct Case {
  const char* name;
  std::int64_t for_minutes;
  std::int64_t keep_minutes;
  const char* table;
};

// What the fake expression is worth now.
struct World {
  std::vector<Element> elements;
  bool fails = false;
  std::vector<Sample> recorded;
  std::vector<Alert> told;

  GroupContext context() {
    return {.evaluate = [this](const Expression&,
                               std::int64_t) -> Result<std::vector<Element>> {
              if (fails) return fail(Code::kIo, "the store is away");
              return elements;
            },
            .record =
                [this](std::span<const Sample> samples) {
                  recorded.insert(recorded.end(), samples.begin(),
                                  samples.end());
                },
            .notify =
                [this](const Rule&, std::vector<Alert> alerts) {
                  told.insert(told.end(), alerts.begin(), alerts.end());
                },
            .clock_ns = [] { return std::int64_t{0}; },
            .external_labels = {{"region", "eu"}},
            .external_url = "http://prom.example"};
  }
  void set(const std::string& series, const std::string& value) {
    if (value == "!") {
      fails = true;
    } else if (value != "-") {
      elements.push_back({Labels{{"__name__", "x"}, {"series", series}},
                          parse_float(value).value()});
    }
  }
};

std::shared_ptr<Rule> alerting_rule(std::int64_t for_minutes,
                                    std::int64_t keep_minutes) {
  auto rule = std::make_shared<Rule>();
  rule->is_alert = true;
  rule->name = "Down";
  rule->for_ms = for_minutes * kMinute;
  rule->keep_firing_for_ms = keep_minutes * kMinute;
  rule->labels.push_back(compile_text("Down", "severity", "page"));
  rule->annotations.push_back(
      compile_text("Down", "summary", "{{ $labels.series }} is {{ $value }}"));
  return rule;
}

std::shared_ptr<Group> group_of(
    std::vector<std::shared_ptr<const Rule>> rules) {
  auto group = std::make_shared<Group>();
  group->file = "rules.yml";
  group->name = "g";
  group->interval_ms = kMinute;
  group->rules = std::move(rules);
  return group;
}

std::string state_of(const AlertingRule& rule, const std::string& series) {
  for (const auto& [labels, alert] : rule.alerts())
    if (labels.get("series") == series)
      return std::string(to_string(alert.state));
  return "none";
}

class StateMachine : public testing::TestWithParam<Case> {};

TEST_P(StateMachine, FollowsTheTable) {
  const Case& item = GetParam();
  GroupRunner group(
      group_of({alerting_rule(item.for_minutes, item.keep_minutes)}));
  group.set_restored();
  std::istringstream lines(item.table);
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::int64_t minute = 0;
    std::string a, b, state_a, state_b;
    if (!(words >> minute >> a >> b >> state_a >> state_b)) continue;
    World world;
    world.set("a", a);
    world.set("b", b);
    group.evaluate(minute * kMinute, world.context());
    EXPECT_EQ(state_of(group.alerting(0), "a"), state_a) << line;
    EXPECT_EQ(state_of(group.alerting(0), "b"), state_b) << line;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Alerts, StateMachine,
    testing::Values(Case{"WithoutForItFiresAtOnce", 0, 0,
                         "0 1 - firing none\n"
                         "1 - - inactive none\n"
                         "2 1 - firing none\n"},
                    Case{"ForHoldsBack", 2, 0,
                         "0 1 - pending none\n"
                         "1 1 5 pending pending\n"
                         "2 1 5 firing pending\n"
                         "3 - 5 inactive firing\n"},
                    Case{"PendingIsForgottenWithoutTrace", 2, 0,
                         "0 1 - pending none\n"
                         "1 - - none none\n"
                         "2 1 - pending none\n"
                         "4 1 - firing none\n"},
                    Case{"ResolvedIsKeptForFifteenMinutes", 0, 0,
                         "0 1 - firing none\n"
                         "1 - - inactive none\n"
                         "16 - - inactive none\n"
                         "17 - - none none\n"},
                    Case{"KeepFiringForBridgesGaps", 0, 3,
                         "0 1 - firing none\n"
                         "1 - - firing none\n"
                         "2 1 - firing none\n"
                         "3 - - firing none\n"
                         "5 - - firing none\n"
                         "6 - - inactive none\n"},
                    Case{"KeepFiringForDoesNotHoldPendingOnes", 5, 10,
                         "0 1 - pending none\n"
                         "1 - - none none\n"},
                    Case{"AFailedEvaluationChangesNothing", 2, 0,
                         "0 1 2 pending pending\n"
                         "1 1 - pending none\n"
                         "2 1 - firing none\n"
                         "3 ! - firing none\n"
                         "4 ! - firing none\n"
                         "5 - - inactive none\n"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(Alerts, CarryExpandedTextsAndTheRulesLabels) {
  GroupRunner group(group_of({alerting_rule(0, 0)}));
  group.set_restored();
  World world;
  world.set("a", "2.5");
  group.evaluate(0, world.context());
  ASSERT_EQ(world.told.size(), 1U);
  EXPECT_EQ(
      world.told[0].labels,
      (Labels{{"alertname", "Down"}, {"series", "a"}, {"severity", "page"}}));
  EXPECT_EQ(world.told[0].annotations, (Annotations{{"summary", "a is 2.5"}}));
}

TEST(Alerts, AFailingTemplateIsShownInPlaceOfTheText) {
  auto rule = alerting_rule(0, 0);
  rule->annotations = {
      compile_text("Down", "summary", "{{ humanize $labels }}")};
  GroupRunner group(group_of({rule}));
  World world;
  world.set("a", "1");
  group.evaluate(0, world.context());
  ASSERT_EQ(world.told.size(), 1U);
  EXPECT_EQ(world.told[0].annotations[0].second,
            "<error expanding template: error executing template "
            "__alert_Down: template: __alert_Down:1:" +
                std::to_string(kTemplatePreamble.size() + 3) +
                ": executing \"__alert_Down\" at <humanize $labels>: error "
                "calling humanize: can't convert map[string]string to "
                "float>");
  EXPECT_EQ(group.report().expansion_failures, 1U);
}

std::map<std::string, double> by_name(const std::vector<Sample>& samples) {
  std::map<std::string, double> found;
  for (const Sample& sample : samples)
    found[sample.labels.to_string()] = sample.value;
  return found;
}

TEST(Alerts, WriteTheirStateAsSeriesOnceRestored) {
  GroupRunner group(group_of({alerting_rule(1, 0)}));
  World world;
  world.set("a", "1");
  group.evaluate(120'500, world.context());
  EXPECT_TRUE(world.recorded.empty());
  group.set_restored();
  group.evaluate(150'000, world.context());
  const auto found = by_name(world.recorded);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found.at("ALERTS{alertname=\"Down\", alertstate=\"pending\", "
                     "series=\"a\", severity=\"page\"}"),
            1);
  EXPECT_EQ(found.at("ALERTS_FOR_STATE{alertname=\"Down\", series=\"a\", "
                     "severity=\"page\"}"),
            120);
}

TEST(Alerts, SeriesThatEndAreMarkedStale) {
  GroupRunner group(group_of({alerting_rule(1, 0)}));
  group.set_restored();
  World world;
  world.set("a", "1");
  group.evaluate(0, world.context());
  world.recorded.clear();
  group.evaluate(kMinute, world.context());  // pending becomes firing
  auto found = by_name(world.recorded);
  EXPECT_EQ(found.size(), 3U);
  EXPECT_TRUE(is_stale_nan(
      found.at("ALERTS{alertname=\"Down\", alertstate=\"pending\", "
               "series=\"a\", severity=\"page\"}")));
  world.recorded.clear();
  world.elements.clear();
  group.evaluate(2 * kMinute, world.context());
  found = by_name(world.recorded);
  ASSERT_EQ(found.size(), 2U);
  for (const auto& [name, value] : found)
    EXPECT_TRUE(is_stale_nan(value)) << name;
}

TEST(Alerts, AreToldAgainAfterTheResendDelay) {
  GroupRunner group(group_of({alerting_rule(0, 0)}));
  World world;
  world.set("a", "1");
  group.evaluate(0, world.context());
  EXPECT_EQ(world.told.size(), 1U);
  EXPECT_EQ(world.told[0].valid_until_ms, 4 * kMinute);
  group.evaluate(kMinute, world.context());  // exactly the delay: not yet
  EXPECT_EQ(world.told.size(), 1U);
  group.evaluate(kMinute + 1, world.context());
  EXPECT_EQ(world.told.size(), 2U);
  world.elements.clear();
  group.evaluate(kMinute + 2, world.context());  // resolved: at once
  ASSERT_EQ(world.told.size(), 3U);
  EXPECT_EQ(world.told[2].resolved_at_ms, kMinute + 2);
}

TEST(Alerts, TwoWithTheSameLabelsAreAnError) {
  GroupRunner group(group_of({alerting_rule(0, 0)}));
  World world;
  world.set("a", "1");
  world.elements.push_back({Labels{{"__name__", "y"}, {"series", "a"}}, 1});
  group.evaluate(0, world.context());
  EXPECT_EQ(group.report(0).last_error,
            "vector contains metrics with the same labelset after applying "
            "alert labels");
  EXPECT_TRUE(world.told.empty());
}

TEST(Alerts, BeyondTheLimitAllAreForgotten) {
  auto group_data = group_of({alerting_rule(0, 0)});
  group_data->limit = 1;
  GroupRunner group(group_data);
  World world;
  world.set("a", "1");
  group.evaluate(0, world.context());
  EXPECT_EQ(group.alerting(0).alerts().size(), 1U);
  world.set("b", "1");
  group.evaluate(1, world.context());
  EXPECT_EQ(group.report(0).last_error, "exceeded limit of 1 with 2 alerts");
  EXPECT_TRUE(group.alerting(0).alerts().empty());
}

TEST(Alerts, GoBackToPendingWhenForBecomesLonger) {
  GroupRunner before(group_of({alerting_rule(0, 0)}));
  World world;
  world.set("a", "1");
  before.evaluate(0, world.context());
  GroupRunner after(group_of({alerting_rule(10, 0)}));
  after.take_over(before);
  after.evaluate(kMinute, world.context());
  EXPECT_EQ(state_of(after.alerting(0), "a"), "pending");
  after.evaluate(10 * kMinute, world.context());
  EXPECT_EQ(state_of(after.alerting(0), "a"), "firing");
}

// ---- recording rules

std::shared_ptr<Rule> recording_rule(const std::string& name) {
  auto rule = std::make_shared<Rule>();
  rule->name = name;
  rule->labels.push_back({.name = "job", .source = ""});
  rule->labels.push_back({.name = "by", .source = "rule"});
  return rule;
}

TEST(RecordingRules, ReplaceTheNameAndSetOrDropLabels) {
  GroupRunner group(group_of({recording_rule("r")}));
  World world;
  world.elements.push_back(
      {Labels{{"__name__", "x"}, {"job", "j"}, {"a", "b"}}, 4});
  group.evaluate(1000, world.context());
  ASSERT_EQ(world.recorded.size(), 1U);
  EXPECT_EQ(world.recorded[0].labels,
            (Labels{{"__name__", "r"}, {"a", "b"}, {"by", "rule"}}));
  EXPECT_EQ(world.recorded[0].t_ms, 1000);
}

TEST(RecordingRules, TwoSeriesThatBecomeOneAreAnError) {
  GroupRunner group(group_of({recording_rule("r")}));
  World world;
  world.elements.push_back({Labels{{"job", "j"}}, 4});
  world.elements.push_back({Labels{{"job", "k"}}, 4});
  group.evaluate(1000, world.context());
  EXPECT_EQ(group.report(0).last_error,
            "vector contains metrics with the same labelset after applying "
            "rule labels");
  EXPECT_TRUE(world.recorded.empty());
}

TEST(RecordingRules, AFailureMarksNothingStale) {
  GroupRunner group(group_of({recording_rule("r")}));
  World world;
  world.elements.push_back({Labels{{"a", "b"}}, 4});
  group.evaluate(1000, world.context());
  world.recorded.clear();
  world.fails = true;
  group.evaluate(2000, world.context());
  EXPECT_TRUE(world.recorded.empty());
  world.fails = false;
  world.elements.clear();
  group.evaluate(3000, world.context());
  ASSERT_EQ(world.recorded.size(), 1U);
  EXPECT_TRUE(is_stale_nan(world.recorded[0].value));
}

TEST(Groups, TheSeriesOfARemovedRuleGoStale) {
  GroupRunner before(group_of({recording_rule("r"), recording_rule("s")}));
  World world;
  world.elements.push_back({Labels{{"a", "b"}}, 4});
  before.evaluate(1000, world.context());
  GroupRunner after(group_of({recording_rule("s")}));
  after.take_over(before);
  world.recorded.clear();
  after.evaluate(2000, world.context());
  std::size_t stale = 0;
  for (const Sample& sample : world.recorded) {
    if (!is_stale_nan(sample.value)) continue;
    ++stale;
    EXPECT_EQ(sample.labels.metric_name(), "r");
  }
  EXPECT_EQ(stale, 1U);
}

TEST(Groups, SampleTimesAreShiftedByTheQueryOffset) {
  auto data = group_of({recording_rule("r")});
  data->query_offset_ms = 400;
  GroupRunner group(data);
  World world;
  world.elements.push_back({Labels{{"a", "b"}}, 4});
  group.evaluate(1000, world.context());
  ASSERT_EQ(world.recorded.size(), 1U);
  EXPECT_EQ(world.recorded[0].t_ms, 600);
}

// ---- after an outage

TEST(Outages, PendingTimeGoesOnButNotBelowTheGrace) {
  constexpr std::int64_t kFor = 60 * kMinute;
  constexpr std::int64_t kGrace = 10 * kMinute;
  // Was firing: stays as it is.
  EXPECT_EQ(resumed_active_at(0, 60 * kMinute, 70 * kMinute, kFor, kGrace), 0);
  // Half an hour to go: the outage does not count.
  EXPECT_EQ(resumed_active_at(0, 30 * kMinute, 40 * kMinute, kFor, kGrace),
            10 * kMinute);
  // Five minutes to go: ten are given.
  EXPECT_EQ(resumed_active_at(0, 55 * kMinute, 100 * kMinute, kFor, kGrace),
            50 * kMinute);
}

}  // namespace
}  // namespace prom::rules
