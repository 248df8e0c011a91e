#include "libprom/promql/format.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "libprom/promql/parser.h"

namespace prom::promql {
namespace {

struct Case {
  std::string_view text;
  std::string_view expected;
};

constexpr Case kCases[] = {
    {"sum  by(job)(up)", "sum by (job) (up)"},
    {"sum(up) without (job)", "sum without (job) (up)"},
    {R"~(http_requests_with_a_rather_long_name_total{environment="production",region="somewhere-in-europe",code=~"5.."})~",
     R"~(http_requests_with_a_rather_long_name_total{code=~"5..",environment="production",region="somewhere-in-europe"})~"},
    {R"~(sum by (job) (rate(http_requests_with_a_rather_long_name_total{environment="production",region="somewhere-in-europe",code=~"5.."}[5m])))~",
     R"~(sum by (job) (
  rate(
    http_requests_with_a_rather_long_name_total{code=~"5..",environment="production",region="somewhere-in-europe"}[5m]
  )
))~"},
    {R"~(sum(rate(http_requests_with_a_rather_long_name_total{environment="production",region="somewhere-in-europe",code=~"5.."}[5m])) / sum(rate(http_requests_with_a_rather_long_name_total{environment="production",region="somewhere-in-europe",code=~"5.."}[5m] offset 1h)))~",
     R"~(  sum(
    rate(
      http_requests_with_a_rather_long_name_total{code=~"5..",environment="production",region="somewhere-in-europe"}[5m]
    )
  )
/
  sum(
    rate(
      http_requests_with_a_rather_long_name_total{code=~"5..",environment="production",region="somewhere-in-europe"}[5m] offset 1h
    )
  ))~"},
    {R"~(topk by (region, environment) (5, http_requests_with_a_rather_long_name_total{environment="production",region="somewhere-in-europe",code=~"5.."}))~",
     R"~(topk by (region, environment) (
  5,
  http_requests_with_a_rather_long_name_total{code=~"5..",environment="production",region="somewhere-in-europe"}
))~"},
    {R"~(histogram_quantile(0.99, sum without (pod) (rate(http_requests_with_a_rather_long_name_total{environment="production",region="somewhere-in-europe",code=~"5.."}[5m]))))~",
     R"~(histogram_quantile(
  0.99,
  sum without (pod) (
    rate(
      http_requests_with_a_rather_long_name_total{code=~"5..",environment="production",region="somewhere-in-europe"}[5m]
    )
  )
))~"},
    {R"~(-sum(http_requests_with_a_rather_long_name_total{environment="production",region="somewhere-in-europe",code=~"5.."}))~",
     R"~(-sum(
  http_requests_with_a_rather_long_name_total{code=~"5..",environment="production",region="somewhere-in-europe"}
))~"},
    {R"~((http_requests_with_a_rather_long_name_total{environment="production",region="somewhere-in-europe",code=~"5.."} + 1))~",
     R"~((
    http_requests_with_a_rather_long_name_total{code=~"5..",environment="production",region="somewhere-in-europe"}
  +
    1
))~"},
    {R"~(max_over_time(sum(http_requests_with_a_rather_long_name_total{environment="production",region="somewhere-in-europe",code=~"5.."})[1h:5m] @ 100))~",
     R"~(max_over_time(
  sum(
    http_requests_with_a_rather_long_name_total{code=~"5..",environment="production",region="somewhere-in-europe"}
  )[1h:5m] @ 100.000
))~"},
    {R"~(clamp(max_over_time(up[5m:]), 1, 2) + on (job, region) group_left (environment) http_requests_with_a_rather_long_name_total{environment="production",region="somewhere-in-europe",code=~"5.."})~",
     R"~(  clamp(max_over_time(up[5m:]), 1, 2)
+ on (job, region) group_left (environment)
  http_requests_with_a_rather_long_name_total{code=~"5..",environment="production",region="somewhere-in-europe"})~"},
    {R"~(a_short_one == bool on(region) group_right(a, "b c") http_requests_with_a_rather_long_name_total{environment="production",region="somewhere-in-europe",code=~"5.."})~",
     R"~(  a_short_one
== bool on (region) group_right (a, "b c")
  http_requests_with_a_rather_long_name_total{code=~"5..",environment="production",region="somewhere-in-europe"})~"},
    {R"~(label_replace(http_requests_with_a_rather_long_name_total{environment="production",region="somewhere-in-europe",code=~"5.."}, "a", "$1", "b", "(.*)"))~",
     R"~(label_replace(
  http_requests_with_a_rather_long_name_total{code=~"5..",environment="production",region="somewhere-in-europe"},
  "a",
  "$1",
  "b",
  "(.*)"
))~"},
    {R"~(http_requests_with_a_rather_long_name_total{environment="production",region="somewhere-in-europe",code=~"5.."} and http_requests_with_a_rather_long_name_total{environment="production",region="somewhere-in-europe",code=~"5.."} or http_requests_with_a_rather_long_name_total{environment="production",region="somewhere-in-europe",code=~"5.."})~",
     R"~(    http_requests_with_a_rather_long_name_total{code=~"5..",environment="production",region="somewhere-in-europe"}
  and
    http_requests_with_a_rather_long_name_total{code=~"5..",environment="production",region="somewhere-in-europe"}
or
  http_requests_with_a_rather_long_name_total{code=~"5..",environment="production",region="somewhere-in-europe"})~"},
    {R"~(sum(sum(sum(sum(http_requests_with_a_rather_long_name_total{environment="production",region="somewhere-in-europe",code=~"5.."})))))~",
     R"~(sum(
  sum(
    sum(
      sum(
        http_requests_with_a_rather_long_name_total{code=~"5..",environment="production",region="somewhere-in-europe"}
      )
    )
  )
))~"},
    {R"~(quantile_over_time(0.5, sum(http_requests_with_a_rather_long_name_total{environment="production",region="somewhere-in-europe",code=~"5.."})[5m:1m]))~",
     R"~(quantile_over_time(
  0.5,
  sum(
    http_requests_with_a_rather_long_name_total{code=~"5..",environment="production",region="somewhere-in-europe"}
  )[5m:1m]
))~"},
    {R"~(sum(max_over_time(up[5m:1m])) + http_requests_with_a_rather_long_name_total{environment="production",region="somewhere-in-europe",code=~"5.."} + max_over_time(abs(up)[5m:1m]))~",
     R"~(    sum(max_over_time(up[5m:1m]))
  +
    http_requests_with_a_rather_long_name_total{code=~"5..",environment="production",region="somewhere-in-europe"}
+
  max_over_time(abs(up)[5m:1m]))~"},
    {R"~(max_over_time(up[5m:1m]) + sum(count_over_time(abs(http_requests_with_a_rather_long_name_total{environment="production",region="somewhere-in-europe",code=~"5.."})[5m:1m])))~",
     R"~(  max_over_time(up[5m:1m])
+
  sum(
    count_over_time(
      abs(
        http_requests_with_a_rather_long_name_total{code=~"5..",environment="production",region="somewhere-in-europe"}
      )[5m:1m]
    )
  ))~"},
};

TEST(Format, LaysOutAsUpstreamDoes) {
  for (const Case& c : kCases) {
    const auto expr = parse(c.text, ParseOptions::all());
    ASSERT_TRUE(expr) << c.text << error_text(expr.error());
    EXPECT_EQ(pretty(**expr), c.expected) << c.text;
  }
}

TEST(Format, IsAFixedPoint) {
  for (const Case& c : kCases) {
    const auto expr = parse(c.expected, ParseOptions::all());
    ASSERT_TRUE(expr) << c.expected << error_text(expr.error());
    EXPECT_EQ(pretty(**expr), c.expected) << c.text;
  }
}

}  // namespace
}  // namespace prom::promql
