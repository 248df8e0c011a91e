#include "libprom/promql/prepare.h"

#include <limits>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "libprom/promql/parser.h"
#include "libprom/promql/printer.h"
#include "libprom/promql/walk.h"

namespace prom::promql {
namespace {

constexpr std::int64_t kMinute = 60'000;
constexpr QueryTimes kRange = {1'000'000, 2'200'000, 30'000};
constexpr std::int64_t kLookback = 5 * kMinute;

ExprPtr parsed(std::string_view text) {
  auto expr = parse(text, ParseOptions::all());
  if (!expr) {
    ADD_FAILURE() << text << ": " << error_text(expr.error());
    return nullptr;
  }
  return *std::move(expr);
}

// What is inside of each StepInvariant, in the order of the text.
std::string marked(const Expr& expr) {
  std::string all;
  for_each_node(expr, [&](const Expr& node) {
    const auto* invariant = node.as<StepInvariant>();
    if (invariant == nullptr) return;
    if (!all.empty()) all += " | ";
    append_expr(all, *invariant->expr);
  });
  return all;
}

struct Case {
  std::string_view text;
  std::string_view expected;
};

TEST(Prepare, MarksWhatDoesNotChangeFromStepToStep) {
  const Case cases[] = {
      {"up", ""},
      {"1", ""},
      {"\"x\"", ""},
      {"1 + 2", "1 + 2"},
      {"up @ 10", "up @ 10.000"},
      {"up @ start()", "up @ 1000.000"},
      {"up @ end()", "up @ 2200.000"},
      {"up + up @ 10", "up @ 10.000"},
      {"up @ 10 + 5", "up @ 10.000 + 5"},
      {"sum(up @ 10) + up", "sum(up @ 10.000)"},
      {"sum((up @ 10))", "sum(up @ 10.000)"},
      {"rate(up[5m] @ 10)", "rate(up[5m] @ 10.000)"},
      {"rate(up[5m])", ""},
      {"-(up @ 10)", "-(up @ 10.000)"},
      {"topk(scalar(foo), up @ 10)", "up @ 10.000"},
      {"topk(2, up @ 10)", "topk(2, up @ 10.000)"},
      {"time() + up @ 10", "up @ 10.000"},
      {"hour(up @ 10)", "up @ 10.000"},
      {"timestamp(up @ 10)", "timestamp(up @ 10.000)"},
      {"timestamp(abs(up @ 10))", "abs(up @ 10.000)"},
      {"predict_linear(up[5m] @ 10, 60)", ""},
      {"clamp_max(up @ 10, time())", "up @ 10.000"},
      {"sum_over_time((up @ 10)[5m:1m])", "(up @ 10.000)"},
      {"sum_over_time((up @ 10)[5m:1m] @ 20)",
       "sum_over_time((up @ 10.000)[5m:1m] @ 20.000) | (up @ 10.000)"},
      {"sum_over_time(up[5m:1m] @ 20)", "sum_over_time(up[5m:1m] @ 20.000)"},
      {"vector(start())", "vector(1000)"},
      {"up > range() / step()", "1200 / 30"},
      {"end()", ""},
  };
  for (const Case& c : cases) {
    ExprPtr expr = parsed(c.text);
    ASSERT_TRUE(prepare(expr, kRange)) << c.text;
    EXPECT_EQ(marked(*expr), c.expected) << c.text;
  }
}

TEST(Prepare, DropsParenthesesAroundArguments) {
  ExprPtr expr = parsed("sum(((up))) + topk((5), ((rate((up[5m])))))");
  ASSERT_TRUE(prepare(expr, kRange));
  EXPECT_EQ(to_string(*expr), "sum(up) + topk(5, rate(up[5m]))");
}

TEST(Prepare, ComputesDurations) {
  struct DurationCase {
    std::string_view text;
    std::int64_t range_ms;
    std::int64_t offset_ms;
  };
  const DurationCase cases[] = {
      {"x[step()]", 30'000, 0},
      {"x[range()]", 1'200'000, 0},
      {"x[2 * step() + 1m]", 120'000, 0},
      {"x[max_of(step(), 5m)]", 300'000, 0},
      {"x[min_of(step(), 5m) / 2]", 15'000, 0},
      {"x[2 ^ 3 ^ 2]", 512'000, 0},
      {"x[(7 % 4)]", 3'000, 0},
      {"x[-(5m) + 10m]", 300'000, 0},
      {"x[1m] offset -step()", 60'000, -30'000},
      {"x[1m] offset +(step())", 60'000, 30'000},
      {"x[1m] offset (1m - 90)", 60'000, -30'000},
      {"x[0.0015 * 1]", 1, 0},
  };
  for (const DurationCase& c : cases) {
    ExprPtr expr = parsed(c.text);
    ASSERT_TRUE(prepare(expr, kRange)) << c.text;
    const auto* matrix = expr->as<MatrixSelector>();
    ASSERT_TRUE(matrix) << c.text;
    EXPECT_EQ(matrix->range.ms, c.range_ms) << c.text;
    EXPECT_EQ(matrix->selector.offset.ms, c.offset_ms) << c.text;
  }
  ExprPtr subquery = parsed("x[2 * step():step() / 2] offset (-step())");
  ASSERT_TRUE(prepare(subquery, kRange));
  EXPECT_EQ(subquery->as<Subquery>()->range.ms, 60'000);
  EXPECT_EQ(subquery->as<Subquery>()->step.ms, 15'000);
  EXPECT_EQ(subquery->as<Subquery>()->offset.ms, -30'000);
}

TEST(Prepare, RefusesDurationsThatMakeNoSense) {
  const Case cases[] = {
      {"x[step() - 30]", "2:13: duration must be greater than 0"},
      {"x[1m - step() * 5]", "2:17: duration must be greater than 0"},
      {"x[1 / (step() - 30)]", "2:18: division by zero"},
      {"x[1 % (step() - 30)]", "2:18: modulo by zero"},
      {"x[10 ^ 400]", "2:10: duration is NaN or infinite"},
      {"x[10 ^ 40]", "2:9: duration is out of range"},
      {"x offset (-10 ^ 40)", "10:18: duration is out of range"},
      {"x[5m:step() - 1m]", "5:16: duration must be greater than 0"},
  };
  for (const Case& c : cases) {
    ExprPtr expr = parsed(c.text);
    const Status status = prepare(expr, kRange);
    ASSERT_FALSE(status) << c.text;
    EXPECT_EQ(status.error().code, Code::kBadData);
    EXPECT_EQ(status.error().message, c.expected) << c.text;
  }
}

TEST(SelectorSpans, CoverWhatAllStepsRead) {
  struct SpanCase {
    std::string_view text;
    std::int64_t min_ms;
    std::int64_t max_ms;
  };
  constexpr std::int64_t kStart = kRange.start_ms;
  constexpr std::int64_t kEnd = kRange.end_ms;
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  const SpanCase cases[] = {
      {"x", kStart - kLookback + 1, kEnd},
      {"x offset 1m", kStart - kLookback - kMinute + 1, kEnd - kMinute},
      {"x offset -1m", kStart - kLookback + kMinute + 1, kEnd + kMinute},
      {"x @ 500", 500'000 - kLookback + 1, 500'000},
      {"x @ end()", kEnd - kLookback + 1, kEnd},
      {"x smoothed", kStart - kLookback + 1, kEnd + kLookback},
      {"x[1m]", kStart - kMinute + 1, kEnd},
      {"x[1m] offset 1m", kStart - 2 * kMinute + 1, kEnd - kMinute},
      {"x[1m] @ 500 offset 1m", 500'000 - 2 * kMinute + 1, 500'000 - kMinute},
      {"rate(x[1m] anchored)", kStart - kMinute - kLookback + 1, kEnd},
      {"rate(x[1m] smoothed)", kStart - kMinute - kLookback + 1,
       kEnd + kLookback},
      {"x[10m:1m]", kStart - 10 * kMinute - kLookback + 1, kEnd},
      {"x[10m:1m] offset 1m", kStart - 11 * kMinute - kLookback + 1,
       kEnd - kMinute},
      {"x[10m:1m] @ 500", 500'000 - 10 * kMinute - kLookback + 1, 500'000},
      {"sum_over_time(rate(x[1m])[10m:1m] @ 500)[5m:] offset 1h",
       500'000 - 11 * kMinute + 1, 500'000},
      {"max_over_time(x[10m:1m])[20m:] offset 1m",
       kStart - 31 * kMinute - kLookback + 1, kEnd - kMinute},
      {"x @ 9e18", kMax - kLookback + 1, kMax},
  };
  for (const SpanCase& c : cases) {
    ExprPtr expr = parsed(c.text);
    ASSERT_TRUE(prepare(expr, kRange)) << c.text;
    const auto spans = selector_spans(*expr, kRange, kLookback);
    ASSERT_EQ(spans.size(), 1U) << c.text;
    EXPECT_EQ(spans[0].min_ms, c.min_ms) << c.text;
    EXPECT_EQ(spans[0].max_ms, c.max_ms) << c.text;
  }
}

TEST(SelectorSpans, AreInTheOrderOfTheText) {
  ExprPtr expr = parsed("a + rate(b[1m]) * sum(c) or info(d, {e=\"f\"})");
  ASSERT_TRUE(prepare(expr, kRange));
  const auto spans = selector_spans(*expr, kRange, kLookback);
  ASSERT_EQ(spans.size(), 5U);
  EXPECT_EQ(spans[0].selector->name, "a");
  EXPECT_EQ(spans[1].selector->name, "b");
  EXPECT_EQ(spans[1].range_ms, kMinute);
  EXPECT_EQ(spans[2].selector->name, "c");
  EXPECT_EQ(spans[3].selector->name, "d");
  EXPECT_TRUE(spans[4].selector->selects_labels_only);
}

}  // namespace
}  // namespace prom::promql
