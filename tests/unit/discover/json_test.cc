#include "libprom/discover/json.h"

#include <gtest/gtest.h>

namespace prom::discover {
namespace {

TEST(Json, GivesWhatIsThereAndNothingElse) {
  const auto json = Json::parse(
      R"({"a":{"b":["x",2,-3,1.5,true,null]},"n":18446744073709551615})");
  ASSERT_TRUE(json);
  const Json list = (*json)["a"]["b"];
  ASSERT_EQ(list.items().size(), 6U);
  EXPECT_EQ(list[0].text(), "x");
  EXPECT_EQ(list[1].integer(), 2);
  EXPECT_EQ(list[1].text(), "");
  EXPECT_TRUE(list[4].flag());
  EXPECT_TRUE(list[5].is_null());
  EXPECT_TRUE(list[6].is_null());
  EXPECT_TRUE((*json)["a"]["c"]["d"][7].is_null());
  EXPECT_TRUE(list["a"].members().empty());
  EXPECT_EQ((*json)["n"].printed(), "18446744073709551615");
  EXPECT_EQ(list[2].printed() + list[3].printed() + list[4].printed(),
            "-31.5true");
  EXPECT_EQ(list.dump(), R"(["x",2,-3,1.5,true,null])");
}

TEST(Json, RefusesWhatWouldNotFit) {
  const auto deep = Json::parse(std::string(kJsonDepthMax + 1, '['));
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().code, Code::kLimit);
  std::string wide = "[0";
  while (wide.size() < 2 * kJsonValuesMax) wide += ",0";
  EXPECT_EQ(Json::parse(wide + "]").error().code, Code::kLimit);
  EXPECT_TRUE(Json::parse("\"" + wide + "\\\"[[[[\""));
}

TEST(Json, ValuesKeepTheirTextAlive) {
  Json kept;
  {
    const auto json = Json::parse(R"({"a":{"b":"text"}})");
    kept = (*json)["a"].members().front().second;
  }
  EXPECT_EQ(kept.text(), "text");
}

TEST(Json, RefusesWhatIsNoJson) {
  for (const char* text : {"", "{", "[1,]", "nul", "\"\xff\"", "1 2", "1e999"})
    EXPECT_FALSE(Json::parse(text)) << text;
  EXPECT_EQ(Json::parse("[1,]").error().message, "no JSON: error at byte 4");
  // Deep nesting is no recursion.
  EXPECT_FALSE(Json::parse(std::string(1'000'000, '[')));
}

}  // namespace
}  // namespace prom::discover
