#include "libprom/promql/functions.h"

#include <algorithm>
#include <set>
#include <string_view>

#include <gtest/gtest.h>

namespace prom::promql {
namespace {

TEST(Functions, AreThoseOfPrometheus) {
  const auto experimental =
      std::ranges::count_if(functions(), &Function::experimental);
  EXPECT_EQ(functions().size(), 90U);
  EXPECT_EQ(experimental, 17);
}

TEST(Functions, AreFoundByNameAndId) {
  for (const Function& f : functions()) {
    EXPECT_EQ(find_function(f.name), &f);
    EXPECT_EQ(&function(f.id), &f);
    EXPECT_FALSE(f.summary.empty());
  }
  EXPECT_EQ(find_function("RATE"), nullptr);
  EXPECT_EQ(find_function(""), nullptr);
  EXPECT_EQ(find_function("zzz"), nullptr);
}

TEST(Functions, RepeatTheLastArgumentType) {
  const Function& join = function(FunctionId::kLabelJoin);
  EXPECT_EQ(join.arg_type(0), ValueType::kVector);
  EXPECT_EQ(join.arg_type(17), ValueType::kString);
  EXPECT_EQ(join.args_min(), 3U);
  EXPECT_EQ(function(FunctionId::kRound).args_min(), 1U);
  EXPECT_EQ(function(FunctionId::kTime).args_min(), 0U);
}

TEST(Functions, NameTheirFeature) {
  EXPECT_EQ(function(FunctionId::kRate).feature(), "");
  EXPECT_EQ(function(FunctionId::kInfo).feature(),
            "promql-experimental-functions");
}

TEST(Functions, KnowTheModifiersTheyTake) {
  std::set<std::string_view> anchored;
  std::set<std::string_view> smoothed;
  for (const Function& f : functions()) {
    if (f.takes_anchored) anchored.insert(f.name);
    if (f.takes_smoothed) smoothed.insert(f.name);
  }
  EXPECT_EQ(anchored, (std::set<std::string_view>{
                          "changes", "delta", "increase", "rate", "resets"}));
  EXPECT_EQ(smoothed,
            (std::set<std::string_view>{"delta", "increase", "rate"}));
}

}  // namespace
}  // namespace prom::promql
