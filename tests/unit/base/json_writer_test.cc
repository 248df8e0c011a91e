#include "libprom/base/json_writer.h"

#include <cmath>
#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace prom {
namespace {

TEST(JsonWriter, SeparatesWhatItWrites) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.key("a").begin_array().integer(1).boolean(true).null().end_array();
  json.key("b").begin_object().end_object();
  json.key("c").raw("[1,2]").key("d").string("x").key("e").number(0.5);
  json.key("f").begin_array();
  json.begin_array().end_array().begin_object().end_object();
  json.end_array().end_object();
  EXPECT_EQ(out, R"({"a":[1,true,null],"b":{},"c":[1,2],"d":"x","e":0.5,)"
                 R"("f":[[],{}]})");
}

TEST(JsonWriter, WritesTimesAsTheApiDoes) {
  const struct {
    std::int64_t ms;
    std::string text;
  } kCases[] = {
      {0, "0"},
      {1000, "1"},
      {1500, "1.500"},
      {1050, "1.050"},
      {1005, "1.005"},
      {1, "0.001"},
      {-1, "-0.001"},
      {-1500, "-1.500"},
      {1435781451781, "1435781451.781"},
      {INT64_MAX, "9223372036854775.807"},
      {INT64_MIN, "-9223372036854775.808"},
  };
  for (const auto& c : kCases) {
    std::string out;
    JsonWriter(out).time_ms(c.ms);
    EXPECT_EQ(out, c.text);
  }
}

TEST(JsonWriter, WritesSampleValuesInQuotes) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  json.sample_value(1.5).sample_value(std::nan("")).sample_value(1e-9);
  json.sample_value(-std::numeric_limits<double>::infinity());
  json.end_array();
  EXPECT_EQ(out, R"(["1.5","NaN","1e-09","-Inf"])");
}

TEST(JsonString, IsEscapedAsTheApiEscapesIt) {
  const struct {
    std::string text, expected;
  } kCases[] = {
      {"", R"("")"},
      {"a/b<c>&'", R"("a/b<c>&'")"},
      {"\"\\", R"("\"\\")"},
      {"\n\r\t", R"("\n\r\t")"},
      {std::string("\b\f\0\x1f", 4), R"("\u0008\u000c\u0000\u001f")"},
      {"\x7f", "\"\x7f\""},
      {"é😀\u2028", "\"é😀\u2028\""},
      {"a\xff"
       "b\xc3",
       R"("a\ufffdb\ufffd")"},
      {"\ufffd", "\"\ufffd\""},
  };
  for (const auto& c : kCases) {
    std::string out;
    append_json_string(out, c.text);
    EXPECT_EQ(out, c.expected);
  }
}

}  // namespace
}  // namespace prom
