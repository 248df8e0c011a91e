#include "libprom/config/rules.h"

#include <string>

#include <gtest/gtest.h>

#include "libprom/config/load.h"
#include "libprom/os/file.h"

#include "tests/support/shared_data.h"

namespace prom::config {
namespace {

std::string all_findings(const Diagnostics& findings) {
  std::string all;
  for (const Diagnostic& finding : findings) all += finding.to_string() + "\n";
  return all;
}

std::string findings(std::string_view yaml,
                     NameValidation validation = NameValidation::kUtf8) {
  const auto rules = parse_rules(yaml, "r.yml", validation);
  return all_findings(rules ? rules->warnings : rules.error());
}

TEST(Rules, AreReadWithPositions) {
  const auto rules = parse_rules(R"(groups:
  - name: g
    interval: 30s
    query_offset: 0s
    limit: 5
    labels: {team: x}
    rules:
      - record: a:b
        expr: sum(up)
        labels: &l {x: "y"}
      - alert: Down
        expr: |
          up
            == 0
        for: 5m
        keep_firing_for: 1m
        labels: *l
        annotations:
          summary: "{{ $value }}"
)",
                                 "r.yml");
  ASSERT_TRUE(rules) << all_findings(rules.error());
  const RuleGroup& group = rules->groups.at(0);
  EXPECT_EQ(group.interval_ms, 30'000);
  EXPECT_EQ(group.query_offset_ms, 0);
  EXPECT_EQ(group.limit, 5);
  EXPECT_EQ(group.labels.at(0).first, "team");
  const Rule& record = group.rules.at(0);
  EXPECT_EQ(record.record, "a:b");
  EXPECT_EQ(record.expr.text, "sum(up)");
  EXPECT_EQ(record.expr.position_of(4).line, 9U);
  EXPECT_EQ(record.expr.position_of(4).column, 19U);
  const Rule& alert = group.rules.at(1);
  EXPECT_EQ(alert.for_ms, 300'000);
  EXPECT_EQ(alert.keep_firing_for_ms, 60'000);
  EXPECT_EQ(alert.labels.at(0).second.text, "y");
  EXPECT_EQ(alert.expr.text, "up\n  == 0\n");
  EXPECT_EQ(alert.expr.position_of(5).line, 14U);
  EXPECT_EQ(alert.expr.position_of(5).column, 13U);
  EXPECT_EQ(alert.annotations.at(0).second.at.line, 19U);
  EXPECT_EQ(alert.annotations.at(0).second.at.column, 21U);
}

TEST(Rules, AreCheckedAsUpstreamChecksThem) {
  const std::string head = "groups:\n  - name: g\n    rules:\n      - ";
  const struct {
    std::string rule, reason;
  } kCases[] = {
      {"{record: a, alert: b, expr: up}",
       "only one of 'record' and 'alert' must be set"},
      {"{expr: up}", "one of 'record' or 'alert' must be set"},
      {"{record: a}", "field 'expr' must be set in rule"},
      {"{record: a, expr: up, for: 1m}",
       "invalid field 'for' in recording rule"},
      {"{record: a, expr: up, keep_firing_for: 1m}",
       "invalid field 'keep_firing_for' in recording rule"},
      {"{record: a, expr: up, annotations: {a: b}}",
       "invalid field 'annotations' in recording rule"},
      {"{record: 'a{b=\"c\"}', expr: up}",
       "braces present in the recording rule name; should it be in expr?"},
      {"{record: a, expr: up, labels: {__name__: b}}",
       "invalid label name: __name__"},
      {"{alert: a, expr: up, for: 1x}",
       "unknown unit \"x\" in duration \"1x\""},
      {"{alert: a, exp: up, expr: up}", "did you mean `expr`?"},
      {"{alert: a, expr: up, expr: up}", "duplicate key \"expr\""},
      {"[]", "rule must be a mapping, not a list"},
  };
  for (const auto& c : kCases) {
    const std::string found = findings(head + c.rule + "\n");
    EXPECT_NE(found.find(c.reason), std::string::npos)
        << c.rule << ": " << found;
  }
  EXPECT_EQ(findings("groups: [{name: g}, {name: g}, {}]"),
            "r.yml:1:21: groupname: \"g\" is repeated in the same file\n"
            "r.yml:1:32: Groupname must not be empty\n");
  EXPECT_EQ(findings(head + "{alert: A, expr: '', for: 1}\n"),
            "r.yml:4:20: group \"g\", rule 1, \"A\": field 'expr' must be set "
            "in rule\n"
            "r.yml:4:35: not a valid duration string: \"1\"\n");
  EXPECT_NE(
      findings(head + "{record: 'a b', expr: up}", NameValidation::kLegacy)
          .find("invalid recording rule name: a b"),
      std::string::npos);
}

TEST(Rules, OnlyTheFirstDocumentIsRead) {
  EXPECT_EQ(findings("groups: []\n---\ngroups: 5\n"),
            "r.yml: several YAML documents in a rule file are not supported: "
            "only the first one is read\n");
  EXPECT_EQ(findings(""), "");
}

TEST(RuleFixtures, AreJudgedAsUpstreamJudgesThem) {
  const auto shared = test::shared_path("conformance/rules/rulefmt");
  if (!shared) GTEST_SKIP() << "upstream's files are not here";
  const std::string folder = *shared + "/";
  const auto entries = os::real_file_system().list(folder);
  ASSERT_TRUE(entries);
  for (const os::DirectoryEntry& entry : *entries) {
    const bool legacy = entry.name.starts_with("legacy");
    const bool bad_elsewhere = entry.name == "bad_expr.bad.yaml";
    const bool bad =
        entry.name.find(".bad.") != std::string::npos && !bad_elsewhere;
    const auto rules =
        load_rules(folder + entry.name,
                   legacy ? NameValidation::kLegacy : NameValidation::kUtf8);
    EXPECT_EQ(rules.has_value(), !bad)
        << entry.name << ": " << (rules ? "" : all_findings(rules.error()));
  }
}

}  // namespace
}  // namespace prom::config
