#include "libprom/alert/matcher.h"

#include <algorithm>

#include "tests/unit/alert/conformance.h"

namespace prom::alert {
namespace {

using nlohmann::json;

json as_json(const LabelMatchers& matchers) {
  json list = json::array();
  for (const LabelMatcher& m : matchers)
    list.push_back({{"name", m.name()},
                    {"op", std::string(prom::to_string(m.op()))},
                    {"value", m.value()}});
  return list;
}

MatchOp op_of(const std::string& text) {
  for (const MatchOp op : {MatchOp::kEqual, MatchOp::kNotEqual, MatchOp::kRegex,
                           MatchOp::kNotRegex})
    if (prom::to_string(op) == text) return op;
  return MatchOp::kEqual;
}

void expect_case(const json& c, const Result<LabelMatchers>& got) {
  const auto input = c["input"].get<std::string>();
  if (c.contains("error")) {
    ASSERT_FALSE(got) << input;
    const auto error = c["error"].get<std::string>();
    // RE2 words its complaints differently from Go.
    if (error.find("regexp") != std::string::npos) return;
    EXPECT_EQ(got.error().message, error) << input;
    return;
  }
  ASSERT_TRUE(got) << input << ": " << got.error().message;
  EXPECT_EQ(as_json(*got), c["matchers"]) << input;
}

Result<LabelMatchers> one(std::string_view text, MatcherMode mode) {
  auto got = parse_matcher(text, mode);
  if (!got) return fail(std::move(got).error());
  return LabelMatchers{std::move(*got)};
}

TEST(LabelMatcher, ReadsTheClassicGrammarAsUpstream) {
  const auto data = conformance("matchers_classic.json");
  SKIP_WITHOUT(data);
  for (const json& c : *data)
    expect_case(c, parse_matchers(c["input"].get<std::string>(),
                                  MatcherMode::kClassic));
}

TEST(LabelMatcher, ReadsTheUtf8GrammarAsUpstream) {
  const auto data = conformance("matchers_utf8.json");
  SKIP_WITHOUT(data);
  for (const json& c : (*data)["parse_many"])
    expect_case(
        c, parse_matchers(c["input"].get<std::string>(), MatcherMode::kUtf8));
  for (const json& c : (*data)["parse_one"]) {
    const auto input = c["input"].get<std::string>();
    // Upstream's cases are for the parser below the check for braces.
    if (input.starts_with('{') && input != "{}") continue;
    if (input == "{}") continue;
    expect_case(c, one(input, MatcherMode::kUtf8));
  }
}

TEST(LabelMatcher, FallsBackAsUpstream) {
  const auto data = conformance("matchers_fallback.json");
  SKIP_WITHOUT(data);
  for (const json& c : (*data)["parse_many"])
    expect_case(c, parse_matchers(c["input"].get<std::string>(),
                                  MatcherMode::kFallback));
  for (const json& c : (*data)["parse_one"])
    expect_case(c, one(c["input"].get<std::string>(), MatcherMode::kFallback));
}

TEST(LabelMatcher, GrammarsDisagreeWhereUpstreamSays) {
  const auto data = conformance("matchers_compliance.json");
  SKIP_WITHOUT(data);
  for (const json& c : *data) {
    const auto input = c["input"].get<std::string>();
    const bool differs = c["utf8_differs"].get<bool>();
    const auto got = parse_matchers(
        input, differs ? MatcherMode::kClassic : MatcherMode::kUtf8);
    if (!c.contains("classic_result")) {
      EXPECT_FALSE(got) << input;
      continue;
    }
    ASSERT_TRUE(got) << input << ": " << got.error().message;
    EXPECT_EQ(as_json(*got), c["classic_result"]) << input;
  }
}

TEST(LabelMatcher, MatchesAndPrintsAsUpstream) {
  const auto data = conformance("matcher_eval_string_json.json");
  SKIP_WITHOUT(data);
  for (const json& c : (*data)["eval"]) {
    const auto matcher =
        LabelMatcher::create(op_of(c["op"].get<std::string>()), "x",
                             c["pattern"].get<std::string>());
    ASSERT_TRUE(matcher) << c;
    EXPECT_EQ(matcher->matches(c["label_value"].get<std::string>()),
              c["match"].get<bool>())
        << c;
  }
  for (const json& c : (*data)["to_string"]) {
    const auto matcher = LabelMatcher::create(op_of(c["op"].get<std::string>()),
                                              c["name"].get<std::string>(),
                                              c["value"].get<std::string>());
    ASSERT_TRUE(matcher) << c;
    EXPECT_EQ(matcher->to_string(), c["string"].get<std::string>());
  }
}

TEST(LabelMatcher, DotDoesNotMatchALineFeed) {
  const auto matcher = LabelMatcher::create(MatchOp::kRegex, "a", "x.y");
  ASSERT_TRUE(matcher);
  EXPECT_TRUE(matcher->matches("x-y"));
  EXPECT_FALSE(matcher->matches("x\ny"));
  EXPECT_EQ(matcher->value(), "x.y");
}

TEST(LabelMatcher, SortsByNameValueAndOperator) {
  auto matchers =
      parse_matchers(R"(b="1",a!="2",a="2",a="1")", MatcherMode::kClassic);
  ASSERT_TRUE(matchers);
  std::sort(matchers->begin(), matchers->end());
  EXPECT_EQ(to_string(*matchers), R"({a="1",a="2",a!="2",b="1"})");
}

TEST(LabelMatcher, WarnsWhereGrammarsDiffer) {
  std::string warning;
  ASSERT_TRUE(parse_matchers("a=b=c", MatcherMode::kFallback, &warning));
  EXPECT_NE(warning.find(R"(write them as `a="b=c"`)"), std::string::npos)
      << warning;
  warning.clear();
  ASSERT_TRUE(parse_matchers("a=b", MatcherMode::kFallback, &warning));
  EXPECT_EQ(warning, "");
}

}  // namespace
}  // namespace prom::alert
