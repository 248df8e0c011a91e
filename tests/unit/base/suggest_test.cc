#include "libprom/base/suggest.h"

#include <gtest/gtest.h>

namespace prom {
namespace {

TEST(Suggestions, AreNearAndOrdered) {
  const std::vector<std::string> known = {"rate", "irate", "increase", "label"};
  EXPECT_EQ(suggestions("rte", known), (std::vector<std::string>{"rate"}));
  EXPECT_EQ(suggestions("raet", known),
            (std::vector<std::string>{"rate", "irate"}));
  EXPECT_EQ(suggestions("incr", known), (std::vector<std::string>{"increase"}));
  EXPECT_TRUE(suggestions("zzz", known).empty());
  EXPECT_TRUE(suggestions("", known).empty());
  EXPECT_TRUE(
      suggestions(std::string(65, 'a'), {std::string(65, 'a')}).empty());
}

TEST(DidYouMean, NamesTheNearest) {
  EXPECT_EQ(did_you_mean("rtae", {"rate"}), " (did you mean `rate`?)");
  EXPECT_EQ(did_you_mean("zzz", {"rate"}), "");
}

}  // namespace
}  // namespace prom
