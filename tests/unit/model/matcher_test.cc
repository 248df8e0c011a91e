#include "libprom/model/matcher.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <re2/re2.h>

#include "libprom/model/regex_shape.h"

namespace prom {
namespace {

using Kind = RegexShape::Kind;

Regex compiled(std::string_view pattern) {
  auto regex = Regex::compile(pattern);
  EXPECT_TRUE(regex) << pattern << ": " << regex.error().message;
  return regex ? *regex : *Regex::compile("");
}

TEST(RegexShape, KnowsWhatNeedsNoEngine) {
  const struct {
    std::string pattern;
    Kind kind;
    std::vector<std::string> literals;
    std::string prefix;
  } kCases[] = {
      {"", Kind::kLiterals, {""}, ""},
      {"a", Kind::kLiterals, {"a"}, "a"},
      {"a|b", Kind::kLiterals, {"a", "b"}, ""},
      {"(b|a|b)", Kind::kLiterals, {"a", "b"}, ""},
      {"(?:ab|ac)", Kind::kLiterals, {"ab", "ac"}, "a"},
      {"a|", Kind::kLiterals, {"", "a"}, ""},
      {"x(a|b)y", Kind::kLiterals, {"xay", "xby"}, "x"},
      {"(a|b)(c|d)", Kind::kLiterals, {"ac", "ad", "bc", "bd"}, ""},
      {"5[0-2]", Kind::kLiterals, {"50", "51", "52"}, "5"},
      {"[ab-]", Kind::kLiterals, {"-", "a", "b"}, ""},
      {R"(a\.b)", Kind::kLiterals, {"a.b"}, "a.b"},
      {R"(\|)", Kind::kLiterals, {"|"}, "|"},
      {".*", Kind::kAny, {}, ""},
      {"(.*)", Kind::kAny, {}, ""},
      {".+", Kind::kNonEmpty, {}, ""},
      {"abc.*", Kind::kAffix, {}, "abc"},
      {"abc.+", Kind::kAffix, {}, "abc"},
      {".*abc", Kind::kAffix, {}, ""},
      {".*abc.*", Kind::kAffix, {}, ""},
      {R"(a\.b.*)", Kind::kAffix, {}, "a.b"},
      {"abc?", Kind::kGeneral, {}, "ab"},
      {"ab+c", Kind::kGeneral, {}, "a"},
      {"ab{2}", Kind::kGeneral, {}, "a"},
      {"aé*", Kind::kGeneral, {}, "a"},
      {"abc[^x]", Kind::kGeneral, {}, "abc"},
      {"abc.*|d", Kind::kGeneral, {}, ""},
      {"abc[|]+", Kind::kGeneral, {}, "abc"},
      {R"(abc\d|\QD\E)", Kind::kGeneral, {}, ""},
      {"(?i)abc", Kind::kGeneral, {}, ""},
      {"^abc$", Kind::kGeneral, {}, ""},
      {"[a-z]|b(", Kind::kGeneral, {}, ""},
      {"[", Kind::kGeneral, {}, ""},
      {"(a", Kind::kGeneral, {}, ""},
      {"a)", Kind::kGeneral, {}, "a"},
      {"(a)|(b)", Kind::kLiterals, {"a", "b"}, ""},
      {"\xff", Kind::kGeneral, {}, ""},
  };
  for (const auto& c : kCases) {
    const RegexShape shape = shape_of(c.pattern);
    EXPECT_EQ(shape.kind, c.kind) << c.pattern;
    EXPECT_EQ(shape.literals, c.literals) << c.pattern;
    EXPECT_EQ(shape.prefix, c.prefix) << c.pattern;
  }
}

TEST(Regex, AgreesWithTheEngineOnEveryShape) {
  const std::vector<std::string> kPatterns = {
      "",          "a",         "a|b",         "(a|b)",       "x(a|b)y",
      "[a-c]x?",   "[ab-]",     "[-ab]",       "[.]",         ".*",
      ".+",        "a.*",       "a.+",         ".*a",         ".+a",
      ".*a.*",     ".+a.+",     ".*ab.+",      ".+ab.*",      "(.*)",
      "a|",        "ab?",       "a.b",         "a\\.b",       "(?i)A",
      "(?:a|b)x*", "a{2}",      "a|b.*",       "^a$",         "(a)(b)|c",
      "é.*",       "é+",        "\\Qa|b\\E",   "[[:alpha:]]", "(?s).",
      "a-b",       "a_b",       "(a|b)(x|y|)", "[]a]",        "[^a]",
      "(?-s).*",   "(?-s:a.*)", "\\Aa\\z",     "a\nb",        "((a|b)|c)"};
  const std::vector<std::string> kTexts = {
      "",   "a",  "b",  "c",   "ab",  "aab",  "xay",   "xby", "aa",   "A",
      "-",  ".",  "a.", "a.b", "axb", "a\nb", "\n",    "aba", "bab",  "xa",
      "ay", "cx", "é",  "éa",  "a|b", "aé",   "bxx",   "aaa", "xaby", "]",
      "bx", "ax", "by", "abc", "a-b", "a_b",  "xabab", "x\ny"};
  for (const std::string& pattern : kPatterns) {
    re2::RE2::Options options;
    options.set_dot_nl(true);
    const re2::RE2 engine(pattern, options);
    ASSERT_TRUE(engine.ok()) << pattern;
    const Regex regex = compiled(pattern);
    for (const std::string& text : kTexts) {
      const bool expected = re2::RE2::FullMatch(text, engine);
      EXPECT_EQ(regex.matches(text), expected) << pattern << " on " << text;
      if (expected) {
        EXPECT_TRUE(text.starts_with(regex.prefix())) << pattern;
      }
    }
  }
}

// What is made of the parts that people write, and of nonsense.
TEST(Regex, AgreesWithTheEngineOnWhatItRefusesEarly) {
  const std::vector<std::string> kParts = {
      "a",      "b",     "ab",   "-",        "\\.",  ".",        ".*",
      ".+",     "a*",    "b+",   "a?",       "b{2}", "a{0}",     "{",
      "}",      "[ab]",  "[^a]", "(a|b)",    "(ab)", "(?:b)*",   "(?i)",
      "(?i:a)", "\\x61", "\\d",  "\\Qa.\\E", "^",    "$",        "|",
      "é",      "é*",    "\\pL", "\\141",    "*?",   "(?P<n>a)b"};
  const std::vector<std::string> kLetters = {"a", "a", "b", "b", "A", ".",
                                             "-", "{", "}", "1", "é"};
  std::mt19937 random(1);
  std::size_t compiled_count = 0;
  for (int trial = 0; trial < 3000; ++trial) {
    std::string pattern;
    for (auto parts = 1 + random() % 6; parts > 0; --parts)
      pattern += kParts[random() % kParts.size()];
    re2::RE2::Options options;
    options.set_dot_nl(true);
    options.set_log_errors(false);
    const re2::RE2 engine(pattern, options);
    const auto regex = Regex::compile(pattern);
    if (!engine.ok() || !regex) continue;
    ++compiled_count;
    for (int text_trial = 0; text_trial < 40; ++text_trial) {
      std::string text;
      for (auto size = random() % 7; size > 0; --size)
        text += kLetters[random() % kLetters.size()];
      EXPECT_EQ(regex->matches(text), re2::RE2::FullMatch(text, engine))
          << pattern << " on " << text;
    }
  }
  EXPECT_GT(compiled_count, 1000U);
}

TEST(Regex, ExpandsAsGoDoes) {
  const struct {
    std::string pattern, text, replacement, expected;
  } kCases[] = {
      {"(.*)", "abc", "$1", "abc"},
      {"(.*)", "abc", "${1}x", "abcx"},
      {"(.*)", "abc", "$1x", ""},
      {"(.*)", "abc", "$0-$2-", "abc--"},
      {".*", "abc", "$1|$0", "|abc"},
      {"a(.*)", "abc", "$1", "bc"},
      {"(a)(b)(c)", "abc", "$3$2$1", "cba"},
      {"(a)|(b)", "b", "<$1$2>", "<b>"},
      {"(?P<x>a)b", "ab", "$x-${x}", "a-a"},
      {"(?<x>a)b", "ab", "$x", "a"},
      {"(?<x>a)b", "ab", "$xy", ""},
      {"a", "a", "$$1", "$1"},
      {"a", "a", "$", "$"},
      {"a", "a", "a$-b", "a$-b"},
      {"a", "a", "${", "${"},
      {"a", "a", "${0", "${0"},
      {"a", "a", "${}", "${}"},
      {"(a)", "a", "$01", ""},
      {"(a)", "a", "$1é", ""},
      {"(a)", "a", "$1→", "a→"},
      {"(a)", "a", "$99999999999", ""},
      {"(a|b)c", "bc", "$1", "b"},
      {"(a|b)", "b", "$1", "b"},
  };
  for (const auto& c : kCases) {
    std::string out;
    EXPECT_TRUE(compiled(c.pattern).expand(c.text, c.replacement, out));
    EXPECT_EQ(out, c.expected) << c.pattern << " " << c.replacement;
  }
  std::string out;
  EXPECT_FALSE(compiled("a(.*)").expand("ba", "$1", out));
  EXPECT_EQ(out, "");
}

TEST(Regex, RefusesWhatGoRefuses) {
  for (const char* pattern :
       {"(", "a)", "[", "*", "a**", "\\C", "a\\C", "(?<=a)b", "(?!a)", "\\",
        "a{1001}", "[b-a]", "\xff", "(?P<a>x)(?P<a>y)"}) {
    const auto regex = Regex::compile(pattern);
    ASSERT_FALSE(regex) << pattern;
    EXPECT_EQ(regex.error().code, Code::kBadData) << pattern;
    EXPECT_FALSE(regex.error().message.empty());
  }
  EXPECT_TRUE(Regex::compile("\\\\C"));
  EXPECT_TRUE(Regex::compile("\\Q\\C\\E"));
}

TEST(Regex, LimitsPatternsButNotLiteralChoices) {
  std::string literals;
  std::string wildcards;
  for (int i = 0; i < 20'000; ++i)
    literals += "host-" + std::to_string(i) + "|";
  for (int i = 0; i < 500; ++i)
    wildcards += "host-" + std::to_string(i) + "-.*|";
  literals.pop_back();
  wildcards.pop_back();
  EXPECT_EQ(compiled(literals).literals().size(), 20'000U);
  EXPECT_TRUE(compiled(literals).matches("host-19999"));
  EXPECT_FALSE(compiled(literals).matches("host-20000"));
  EXPECT_TRUE(compiled("(" + literals + ")").matches("host-7"));
  EXPECT_TRUE(compiled(wildcards).matches("host-499-x"));
  EXPECT_FALSE(compiled(wildcards).matches("host-500-x"));

  const auto too_long = Regex::compile(std::string(5000, 'a') + "+");
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().code, Code::kLimit);
  const auto too_large = Regex::compile("((a{100}){100}){100}");
  ASSERT_FALSE(too_large);
  EXPECT_NE(too_large.error().message, "");
}

TEST(RegexShape, DoesNotMultiplyLongLiterals) {
  const std::string text(1UL << 20U, 'a');
  EXPECT_EQ(shape_of("[0-9][0-9]" + text).kind, Kind::kGeneral);
  EXPECT_EQ(shape_of(text).kind, Kind::kLiterals);
}

TEST(Regex, DoesNotRecurseIntoDeepNesting) {
  const std::string deep(100'000, '(');
  EXPECT_FALSE(Regex::compile(deep));
  EXPECT_FALSE(Regex::compile(deep + "a" + std::string(100'000, ')')));
}

TEST(Matcher, TreatsAMissingLabelAsEmpty) {
  const Labels labels{{"a", "x"}};
  const struct {
    MatchOp op;
    std::string name, value;
    bool expected;
  } kCases[] = {
      {MatchOp::kEqual, "a", "x", true},
      {MatchOp::kEqual, "b", "", true},
      {MatchOp::kNotEqual, "b", "", false},
      {MatchOp::kNotEqual, "b", "x", true},
      {MatchOp::kRegex, "b", ".*", true},
      {MatchOp::kRegex, "b", ".+", false},
      {MatchOp::kNotRegex, "b", ".+", true},
      {MatchOp::kRegex, "a", "x|y", true},
      {MatchOp::kNotRegex, "a", "x|y", false},
  };
  for (const auto& c : kCases) {
    const auto matcher = Matcher::create(c.op, c.name, c.value);
    ASSERT_TRUE(matcher);
    EXPECT_EQ(matcher->matches(labels), c.expected) << matcher->to_string();
  }
}

TEST(Matcher, PrintsItselfAsPromql) {
  EXPECT_EQ(Matcher::equal("a", "x\"y").to_string(), R"(a="x\"y")");
  EXPECT_EQ(Matcher::create(MatchOp::kRegex, "odd name", "v.*")->to_string(),
            R"("odd name"=~"v.*")");
  EXPECT_FALSE(Matcher::create(MatchOp::kNotRegex, "a", "("));
  EXPECT_TRUE(Matcher::create(MatchOp::kNotEqual, "a", "("));
}

TEST(Matcher, AllMustMatch) {
  const Labels labels{{"a", "x"}, {"b", "y"}};
  EXPECT_TRUE(matches_all({}, labels));
  EXPECT_TRUE(matches_all({Matcher::equal("a", "x"), Matcher::equal("b", "y")},
                          labels));
  EXPECT_FALSE(matches_all({Matcher::equal("a", "x"), Matcher::equal("b", "z")},
                           labels));
}

}  // namespace
}  // namespace prom
