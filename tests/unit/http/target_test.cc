#include "libprom/http/target.h"

#include <gtest/gtest.h>

namespace prom::http {
namespace {

TEST(PercentEncoding, DecodesAndRefusesHalfEscapes) {
  EXPECT_EQ(percent_decode("a%20b%2Fc+d"), "a b/c+d");
  EXPECT_EQ(percent_decode("%c3%A9"), "\xc3\xa9");
  for (const char* bad : {"%", "%2", "%zz", "abc%4"})
    EXPECT_FALSE(percent_decode(bad)) << bad;
}

TEST(PercentEncoding, EncodesEverythingButUnreserved) {
  EXPECT_EQ(percent_encode("aZ09-_.~"), "aZ09-_.~");
  EXPECT_EQ(percent_encode("a b/?\xc3\xa9"), "a%20b%2F%3F%C3%A9");
  const std::string all = "\x01 !\"#$%&'()*+,/:;<=>?@[]\xff";
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
}

TEST(Form, KeepsOrderAndDropsOnlyMalformedPairs) {
  const Parameters expected = {
      {"b", "2"}, {"a", "x y z"}, {"empty", ""}, {"bare", ""}, {"b", "=3"}};
  EXPECT_EQ(parse_form("b=2&a=x%20y+z&empty=&bare&&bad=%zz&x;y=1&b==3"),
            expected);
  EXPECT_TRUE(parse_form("").empty());
}

TEST(Target, ReadsTheThreeForms) {
  struct Case {
    const char* text;
    const char* path;  // null: refused
    Parameters query;
  };
  const Case cases[] = {
      {"/", "/", {}},
      {"/a%20b?x=1", "/a b", {{"x", "1"}}},
      {"/a?", "/a", {}},
      {"*", "*", {}},
      {"http://host:1/p?q=2", "/p", {{"q", "2"}}},
      {"https://host", "/", {}},
      {"http://host?q=2", "/", {{"q", "2"}}},
      {"nope", nullptr, {}},
      {"", "/", {}},
      {"/%", nullptr, {}},
      {"/a%00b", nullptr, {}},
  };
  for (const Case& c : cases) {
    const auto target = parse_target(c.text);
    ASSERT_EQ(target.has_value(), c.path != nullptr) << c.text;
    if (!target) continue;
    EXPECT_EQ(target->path, c.path) << c.text;
    EXPECT_EQ(target->query, c.query) << c.text;
  }
}

}  // namespace
}  // namespace prom::http
