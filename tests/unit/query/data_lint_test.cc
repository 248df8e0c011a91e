#include "libprom/query/data_lint.h"

#include <gtest/gtest.h>

#include "libprom/promql/lint.h"
#include "libprom/promql/parser.h"
#include "libprom/query/memory_source.h"

namespace prom::query {
namespace {

std::vector<std::string> found(std::string_view text) {
  MemorySource source;
  source.add({{"__name__", "requests_total"}, {"job", "a"}}, 0, 1);
  source.add({{"__name__", "queue_length"}, {"job", "a"}, {"queue", "q"}}, 0,
             1);
  source.describe(
      {.family = "requests", .type = "counter", .help = {}, .unit = {}});
  source.describe(
      {.family = "queue_length", .type = "gauge", .help = {}, .unit = {}});
  const auto expr = promql::parse(text);
  EXPECT_TRUE(expr) << text;
  Diagnostics findings = lint_against(source, text, **expr);
  promql::drop_suppressed(text, findings);
  std::vector<std::string> ids;
  for (const Diagnostic& finding : findings) {
    ids.push_back(std::to_string(finding.column) + " " + finding.check_id);
    EXPECT_FALSE(finding.message.empty());
  }
  return ids;
}

TEST(LintAgainst, HoldsNamesAndTypesAgainstTheData) {
  struct Case {
    std::string_view text;
    std::vector<std::string> expected;
  };
  const Case cases[] = {
      {"rate(requests_total[5m])", {}},
      {"rate(request_total[5m])", {"6 unknown-metric"}},
      {"requests_total{job=\"b\"}", {"1 empty-selector"}},
      {"rate(queue_length[5m])", {"6 rate-of-gauge"}},
      {"delta(requests_total[5m])", {"7 delta-of-counter-type"}},
      {"sum by (jobs) (queue_length)", {"1 unknown-label"}},
      {"sum by (queue) (queue_length)", {}},
      {"sum by (x) (label_replace(queue_length, \"x\", \"\", \"\", \"\"))", {}},
      {"rate(queue_length[5m]) # lint:ignore=rate-of-gauge", {}},
      {"rate(queue_length[5m]) # lint:ignore=other", {"6 rate-of-gauge"}},
      {"rate(nothing[5m]) # lint:ignore", {}},
      {"{job=\"a\"}", {}},
  };
  for (const Case& one : cases)
    EXPECT_EQ(found(one.text), one.expected) << one.text;
}

TEST(Lint, TakesBackWhatACommentNames) {
  const auto findings = [](std::string_view text) {
    const auto expr = promql::parse(text);
    EXPECT_TRUE(expr) << text;
    return promql::lint(text, **expr).size();
  };
  EXPECT_EQ(findings("x{a=~\"b\"} / 0"), 2U);
  EXPECT_EQ(findings("x{a=~\"b\"} / 0 # lint:ignore=regex-literal"), 1U);
  EXPECT_EQ(
      findings(
          "x{a=~\"b\"} / 0 # lint:ignore=a,division-by-zero,regex-literal"),
      0U);
  EXPECT_EQ(findings("x{a=~\"# lint:ignore\"} / 0"), 2U);
}

}  // namespace
}  // namespace prom::query
