#include "libprom/config/targets.h"

#include <string>

#include <gtest/gtest.h>

namespace prom::config {
namespace {

TEST(TargetSet, IsReadAsItWasWritten) {
  TargetSet set;
  set.job = "no\"de";
  set.dropped = 3;
  set.targets.push_back({.url = "http://a:9100/metrics?x=1",
                         .labels = {{"instance", "a:9100"}, {"job", "node"}},
                         .discovered = {{"__address__", "a:9100"}}});
  set.targets.push_back({.url = "https://b/metrics",
                         .labels = {{"instance", "b"}},
                         .discovered = {},
                         .interval_ms = 15'000,
                         .timeout_ms = 9'000,
                         .unix_socket = "/run/x.sock",
                         .scrape_native_histograms = true,
                         .convert_classic_histograms_to_nhcb = true,
                         .always_scrape_classic_histograms = true});
  const std::string line = to_json(set);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto read = parse_target_set(line);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, set);
}

TEST(TargetSet, IsWrittenAsDocumented) {
  TargetSet set{.job = "node", .targets = {}, .dropped = 0};
  EXPECT_EQ(to_json(set), R"({"job":"node","targets":[]})");
  set.targets.push_back({.url = "http://a/m",
                         .labels = {{"instance", "a"}},
                         .discovered = {{"__address__", "a"}},
                         .interval_ms = 15'000,
                         .timeout_ms = 10'000});
  EXPECT_EQ(to_json(set),
            R"({"job":"node","targets":[{"url":"http://a/m",)"
            R"("labels":{"instance":"a"},"interval_ms":15000,)"
            R"("timeout_ms":10000,"discovered":{"__address__":"a"}}]})");
}

TEST(TargetSet, IsRefusedWhenMalformed) {
  const struct {
    std::string line;
    std::string message;
  } kCases[] = {
      {"", "target line: no JSON"},
      {"{", "target line: no JSON"},
      {R"({"job":"a","targets":[]} x)", "target line: no JSON"},
      {"[]", "target line: no object"},
      {R"({"targets":[]})", "target line: no job"},
      {R"({"job":1,"targets":[]})", "target line: \"job\" is not valid"},
      {R"({"job":"a"})", "target line: no targets"},
      {R"({"job":"a","targets":{}})", "target line: no targets"},
      {R"({"job":"a","targets":[1]})", "target line: a target is no object"},
      {R"({"job":"a","targets":[{}]})", "target line: a target has no url"},
      {R"({"job":"a","targets":[{"url":"u","labels":{"a":1}}]})",
       "target line: \"labels\" of a target is not valid"},
      {R"({"job":"a","targets":[{"url":"u","interval_ms":-1}]})",
       "target line: \"interval_ms\" of a target is not valid"},
      {R"({"job":"a","targets":[{"url":"u","interval_ms":1.5}]})",
       "target line: \"interval_ms\" of a target is not valid"},
      {R"({"job":"a","dropped":18446744073709551615,"targets":[]})",
       "target line: \"dropped\" is not valid"},
  };
  for (const auto& c : kCases) {
    const auto set = parse_target_set(c.line);
    ASSERT_FALSE(set) << c.line;
    EXPECT_EQ(set.error().message, c.message) << c.line;
  }
}

TEST(TargetSet, ToleratesUnknownKeysAndDeepNesting) {
  EXPECT_TRUE(parse_target_set(
      R"({"job":"a","new":1,"targets":[{"url":"u","more":[{"x":1}]}]})"));
  const std::string deep(100'000, '[');
  EXPECT_FALSE(parse_target_set(deep));
  EXPECT_FALSE(parse_target_set(R"({"job":"a","x":)" + deep));
}

}  // namespace
}  // namespace prom::config
