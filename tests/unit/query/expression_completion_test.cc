#include "libprom/query/expression_completion.h"

#include <gtest/gtest.h>

#include "libprom/query/memory_source.h"

namespace prom::query {
namespace {

// What the text may become, each as the whole text.
std::vector<std::string> completed(std::string_view text) {
  MemorySource source;
  source.add({{"__name__", "node_load1"}, {"instance", "a:1"}}, 0, 1);
  source.add({{"__name__", "node_cpu_seconds_total"},
              {"instance", "b\"1"},
              {"mode", "idle"}},
             0, 1);
  source.add({{"__name__", "odd name"}}, 0, 1);
  std::vector<std::string> all;
  const ExpressionCompletion completion = complete_expression(text, &source);
  all.reserve(completion.candidates.size());
  for (const cli::Candidate& one : completion.candidates)
    all.push_back(std::string(text.substr(0, completion.begin)) + one.text);
  return all;
}

using Texts = std::vector<std::string>;

TEST(CompleteExpression, OffersWhatMayStandThere) {
  struct Case {
    std::string_view text;
    Texts expected;
  };
  const Case cases[] = {
      {"node_l", {"node_load1"}},
      {"rate(node_c", {"rate(node_cpu_seconds_total"}},
      {"1 + node_load1 / irat", {"1 + node_load1 / irate"}},
      {"sum withou", {"sum without"}},
      {"node_load1{", {"node_load1{instance"}},
      {"{mo", {"{mode"}},
      {"node_cpu_seconds_total{mode=\"",
       {"node_cpu_seconds_total{mode=\"idle"}},
      {"{a=\"b\", instance=~\"a", {"{a=\"b\", instance=~\"a:1"}},
      {"{instance=\"b", {"{instance=\"b\\\"1"}},
      {"sum by (ins", {"sum by (instance"}},
      {"a * on(mode", {"a * on(mode"}},
      {"rate(x[5", {"rate(x[5m]"}},
      {"label_replace(x, \"node_", {}},
      {"# node_l", {}},
      {"node_load1 ",
       {"node_load1 node_cpu_seconds_total", "node_load1 node_load1"}},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(completed(one.text), one.expected) << one.text;
  }
}

TEST(CompleteExpression, SeesValuesOfTheNamedMetricOnly) {
  EXPECT_EQ(completed("node_load1{instance=\""),
            Texts{"node_load1{instance=\"a:1"});
  EXPECT_EQ(completed("unknown{instance=\""), Texts{});
}

TEST(CompleteExpression, SurvivesAnyText) {
  std::string text;
  for (int i = 0; i < 3000; ++i) {
    text += static_cast<char>((i * 7919) % 256);
    (void)complete_expression(text, nullptr);
  }
  (void)complete_expression(std::string(1 << 16, '('), nullptr);
  (void)complete_expression("\"\\", nullptr);
}

}  // namespace
}  // namespace prom::query
