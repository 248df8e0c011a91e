#include "libprom/promql/lint.h"

#include <set>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "libprom/promql/parser.h"

namespace prom::promql {
namespace {

constexpr auto kQuery = LintContext::kQuery;
constexpr auto kRecord = LintContext::kRecordingRule;
constexpr auto kAlert = LintContext::kAlertingRule;

struct Case {
  std::string_view expected;  // "column check-id", joined by commas
  std::string_view text;
  LintContext context = kQuery;
};

Diagnostics linted(const Case& c) {
  const auto expr = parse(c.text, ParseOptions::all());
  if (!expr) {
    ADD_FAILURE() << c.text << ": " << error_text(expr.error());
    return {};
  }
  return lint(c.text, **expr, c.context);
}

constexpr Case kCases[] = {
    // What is well written.
    {"", "up"},
    {"", "sum by (job) (rate(requests_total[5m])) > 5", kAlert},
    {"", "absent(up)", kAlert},
    {"", "vector(1)", kAlert},
    {"", "ALERTS{a=\"b\"}", kAlert},
    {"", "a and b", kAlert},
    {"", "sum by (a) (x) / sum by (a) (y)"},
    {"", "x == x"},
    {"", "1 / 1"},
    {"", "x * x"},
    {"", "histogram_quantile(0.9, rate(native[5m]))"},
    {"", "up{job=~\"a|b\",zone!~\"x.*\"}"},
    {"", "up{a!=\"b\",a!=\"c\"}"},
    // Selectors.
    {"4 regex-literal", "up{job=~\"api\"}"},
    {"4 regex-literal", "up{job!~\"api\"}"},
    {"11 regex-literal", "up{a=\"b\", 'c' =~ `d`,}"},
    {"2 regex-literal", "{__name__=~\"up\"}"},
    {"14 regex-literal", "rate(x_total{a=~\"b\"}[5m])"},
    {"4 regex-anchored", "up{job=~\"^api.*\"}"},
    {"4 regex-anchored", "up{job=~\"api.*$\"}"},
    {"", "up{job=~\"cost.*\\\\$\"}"},
    {"4 regex-matches-all", "up{job=~\".*\"}"},
    {"4 regex-matches-all", "up{job!~\".*\"}"},
    {"12 duplicate-matcher", "up{job=\"a\",job=\"a\"}"},
    {"12 contradicting-matchers", "up{job=\"a\",job=\"b\"}"},
    {"12 contradicting-matchers", "up{job=\"a\",job!=\"a\"}"},
    {"14 contradicting-matchers", "up{job=~\"a+\",job=\"b\"}"},
    {"", "up{job=~\"a+\",job=\"a\"}"},
    // Counters and gauges.
    {"6 rate-of-non-counter", "rate(temperature_celsius[5m])"},
    {"11 rate-of-non-counter", "increase((up[5m]))"},
    {"", "rate({__name__=~\"x.*\"}[5m])"},
    {"", "rate(x_count[5m]) + irate(x_sum[5m]) + increase(x_bucket[5m])"},
    {"1 rate-of-aggregation", "rate(sum(x_total)[5m:1m])"},
    {"5 rate-of-aggregation", "sum(rate(sum by (a) (x_total)[5m:]))"},
    {"", "sum(rate(x_total[5m]))[5m:]"},
    {"7 delta-of-counter", "delta(x_total[5m])"},
    {"7 delta-of-counter", "deriv(x_total[5m])"},
    {"", "delta(temperature[5m])"},
    {"15 subquery-of-selector", "max_over_time(up[5m:])"},
    {"", "max_over_time(up[5m:1m])"},
    // Quantiles.
    {"10 quantile-out-of-range", "quantile(95, x)"},
    {"20 quantile-out-of-range", "histogram_quantile((99), x)"},
    {"20 quantile-out-of-range", "quantile_over_time(-0.1, x[5m])"},
    {"29 quantile-out-of-range,32 quantile-out-of-range",
     "histogram_quantiles(x, \"q\", 2, 3, 0.5)"},
    {"25 quantile-of-raw-buckets", "histogram_quantile(0.9, x_bucket)"},
    {"25 quantile-of-raw-buckets",
     "histogram_quantile(0.9, sum by (le) (x_bucket))"},
    {"25 quantile-without-le",
     "histogram_quantile(0.9, sum by (job) (rate(x_bucket[5m])))"},
    {"25 quantile-without-le",
     "histogram_quantile(0.9, sum(rate(x_bucket[5m])))"},
    {"25 quantile-without-le",
     "histogram_quantile(0.9, sum without (le) (rate(x_bucket[5m])))"},
    {"", "histogram_quantile(0.9, sum without (pod) (rate(x_bucket[5m])))"},
    {"", "histogram_quantile(0.9, sum by (le) (rate(x_bucket[5m])))"},
    // Grouping.
    {"1 duplicate-label", "sum by (a, b, a) (x)"},
    {"3 duplicate-label", "a * on(x, x) b"},
    {"3 duplicate-label", "a * on(x) group_left(y, y) b"},
    {"1 grouping-on-dropped-label", "sum by (a) (max by (b) (x))"},
    {"1 grouping-on-dropped-label", "sum by (a) (max without (a) (x))"},
    {"", "sum by (a) (max by (a, b) (x))"},
    {"", "sum by (a) (max without (b) (x))"},
    {"", "sum by (a) (topk by (b) (1, x))"},
    {"", "sum by (v) (count_values by (a) (\"v\", x))"},
    {"16 grouping-mismatch", "sum by (a) (x) / sum by (b) (y)"},
    {"8 grouping-mismatch", "sum(x) / sum by (b) (y)"},
    {"22 grouping-mismatch", "2 * (sum by (a) (x)) > sum by (b) (y)"},
    {"19 grouping-mismatch", "sum by (a, c) (x) * on(a, b) sum by (b) (y)"},
    {"", "sum by (a, c) (x) * on(a) group_left sum by (a) (y)"},
    {"", "sum by (a, c) (x) * ignoring(c) group_left sum by (a) (y)"},
    {"", "sum by (a) (x) or sum by (b) (y)"},
    {"", "sum without (a) (x) / sum by (b) (y)"},
    // Operators.
    {"19 same-operands", "rate(x_total[5m]) / rate(x_total[5m])"},
    {"3 same-operands", "x - (x)"},
    {"3 same-operands", "x or x"},
    {"", "x / x offset 1h"},
    {"5 division-by-zero", "x / 0"},
    {"5 division-by-zero", "x % (0)"},
    {"", "x / 0.1"},
    // Order.
    {"", "sort(x)"},
    {"", "(sort_desc(x))"},
    {"5 sort-without-effect", "sum(sort(x))"},
    {"1 sort-without-effect", "sort(x)", kRecord},
    // Rules.
    {"", "irate(x_total[5m])"},
    {"1 irate-in-rule", "irate(x_total[5m])", kRecord},
    {"1 irate-in-rule", "irate(x_total[5m]) > 5", kAlert},
    {"1 alert-without-condition", "rate(x_total[5m])", kAlert},
    {"", "rate(x_total[5m])", kRecord},
    {"4 alert-always-fires", "up == bool 0", kAlert},
    {"5 alert-always-fires", "(up == bool 0)", kAlert},
    {"", "up == bool 0", kQuery},
    {"1 raw-counter-threshold", "x_total > 100", kAlert},
    {"", "x_total > 100"},
    {"", "x_total == 0", kAlert},
};

TEST(Lint, FindsWhatIsHardlyMeant) {
  for (const Case& c : kCases) {
    std::string found;
    for (const Diagnostic& d : linted(c)) {
      if (!found.empty()) found += ',';
      found += std::to_string(d.column) + " " + d.check_id;
    }
    EXPECT_EQ(found, c.expected) << c.text;
  }
}

TEST(Lint, HasACaseForEveryCheck) {
  std::set<std::string_view> missing;
  for (const LintCheck& check : lint_checks()) missing.insert(check.id);
  for (const Case& c : kCases) {
    std::erase_if(missing, [&](std::string_view id) {
      return c.expected.find(id) != std::string_view::npos;
    });
  }
  EXPECT_TRUE(missing.empty()) << *missing.begin();
}

TEST(Lint, NamesPlaceSeverityAndRemedy) {
  const Diagnostics found = linted({"", "up{\n  job=~\"api\"}"});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].line, 2U);
  EXPECT_EQ(found[0].column, 3U);
  EXPECT_EQ(found[0].width, 10U);
  EXPECT_EQ(found[0].severity, Severity::kInfo);
  EXPECT_EQ(found[0].message, "the expression is a plain string");
  EXPECT_EQ(found[0].hint, "write job=\"api\"");
}

TEST(Lint, OrdersFindingsByPlace) {
  const Diagnostics found =
      linted({"", "sum by (a, a) (up{b=~\"c\"}) / 0 + sort(y)"});
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[0].check_id, "duplicate-label");
  EXPECT_EQ(found[1].check_id, "regex-literal");
  EXPECT_EQ(found[2].check_id, "division-by-zero");
  EXPECT_EQ(found[3].check_id, "sort-without-effect");
}

TEST(Lint, ReportsABoundedNumber) {
  std::string text = "0";
  for (int i = 0; i < 200; ++i) text += "+x{a=~\"b\"}";
  const auto expr = parse(text);
  ASSERT_TRUE(expr);
  EXPECT_EQ(lint(text, **expr).size(), 100U);
}

}  // namespace
}  // namespace prom::promql
