#include "libprom/query/rule_format.h"

#include <gtest/gtest.h>

namespace prom::query {
namespace {

Result<FormattedRules> formatted(std::string_view text) {
  return format_rules(text, "rules.yml", {});
}

TEST(FormatRules, KeepsEverythingButExpressions) {
  const auto result = formatted(
      "# about this file\n"
      "groups:\n"
      "- name: \"g\"   # a group\n"
      "  rules:\n"
      "  - record: a:b\n"
      "    expr: sum( rate(x_total [5m]) )by(job)  # why\n"
      "    labels: {team:   sre}\n"
      "  - alert: A\n"
      "    expr: 'up==0'\n"
      "  - alert: B\n"
      "    expr: |\n"
      "      up\n"
      "        ==   0\n"
      "    for: 5m\n");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->changed, 3U);
  EXPECT_TRUE(result->left.empty());
  EXPECT_EQ(result->text,
            "# about this file\n"
            "groups:\n"
            "- name: \"g\"   # a group\n"
            "  rules:\n"
            "  - record: a:b\n"
            "    expr: sum by (job) (rate(x_total[5m]))  # why\n"
            "    labels: {team:   sre}\n"
            "  - alert: A\n"
            "    expr: 'up == 0'\n"
            "  - alert: B\n"
            "    expr: |\n"
            "      up == 0\n"
            "    for: 5m\n");
}

TEST(FormatRules, MakesABlockOfWhatDoesNotFitOnALine) {
  const std::string many(60, 'x');
  const auto result = formatted(
      "groups:\n- name: g\n  rules:\n  - record: r\n    expr: " + many + "+" +
      many + " # kept\n");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->text,
            "groups:\n- name: g\n  rules:\n  - record: r\n"
            "    expr: | # kept\n"
            "      " +
                many + "\n      +\n        " + many + "\n");
}

TEST(FormatRules, ChangesNothingThatIsFormatted) {
  const std::string text =
      "groups:\n- name: g\n  rules:\n  - record: r\n    expr: a + b\n";
  const auto result = formatted(text);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->changed, 0U);
  EXPECT_EQ(result->text, text);
}

TEST(FormatRules, LeavesWhatItCannotKeepWhole) {
  for (const std::string_view expr :
       {"|\n      up  # a reason\n        ==0", ">\n      up\n      ==0",
        "\"up{a=\\\"b\\\"}==0\"", "up\n        ==0"}) {
    const std::string text =
        "groups:\n- name: g\n  rules:\n  - record: r\n    expr: " +
        std::string(expr) + "\n";
    const auto result = formatted(text);
    ASSERT_TRUE(result) << expr << ": " << result.error().message;
    EXPECT_EQ(result->text, text) << expr;
    ASSERT_EQ(result->left.size(), 1U) << expr;
    EXPECT_EQ(result->left[0].check_id, "format-left");
  }
}

TEST(FormatRules, KeepsFlowMappingsInLine) {
  const auto result =
      formatted("groups:\n- {name: g, rules: [{record: r, expr: 'a+b'}]}\n");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->text,
            "groups:\n- {name: g, rules: [{record: r, expr: 'a + b'}]}\n");
}

TEST(FormatRules, ReportsMistakesWithTheirPlace) {
  EXPECT_EQ(formatted("groups: 5\n").error().code, Code::kConfig);
  const auto result = formatted(
      "groups:\n- name: g\n  rules:\n  - record: r\n    expr: sum(\n");
  ASSERT_FALSE(result);
  EXPECT_TRUE(result.error().message.starts_with("rules.yml:5: "))
      << result.error().message;
}

}  // namespace
}  // namespace prom::query
