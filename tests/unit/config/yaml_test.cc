#include <cmath>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "libprom/config/fields_internal.h"
#include "libprom/config/scalar_internal.h"
#include "libprom/config/yaml_internal.h"

namespace prom::config {
namespace {

// A tree in one line: {a: 'x', b: [~]}; quoted scalars in single quotes.
std::string show(const YamlNode& node) {
  std::string out;
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "~";
    case YamlNode::Kind::kScalar:
      return node.is_plain ? node.text : "'" + node.text + "'";
    case YamlNode::Kind::kSequence:
      for (const YamlNode* item : node.items)
        out += (out.empty() ? "" : ", ") + show(*item);
      return "[" + out + "]";
    case YamlNode::Kind::kMap:
      for (const auto& [key, value] : node.pairs)
        out += (out.empty() ? "" : ", ") + show(*key) + ": " + show(*value);
      return "{" + out + "}";
  }
  return out;
}

std::string parsed(std::string_view text) {
  const auto document = parse_yaml(text);
  if (!document) return "failed: " + document.error().to_string();
  std::string out = show(*document->root);
  for (const Diagnostic& error : document->errors)
    out += " | " + error.to_string();
  return out;
}

TEST(Yaml, IsReadStrictly) {
  const struct {
    std::string text, expected;
  } kCases[] = {
      {"", "~"},
      {"# only a comment\n", "~"},
      {"a: 1\nb: [x, 'y', \"z\", ~, null, ]\n",
       "{a: 1, b: [x, 'y', 'z', ~, ~]}"},
      {"a:\nb: |\n  x\n  y\n", "{a: ~, b: 'x\ny\n'}"},
      {"a: &x {b: 1}\nc: *x\n", "{a: {b: 1}, c: {b: 1}}"},
      {"d: &d {a: 1, b: 2}\ne:\n  <<: *d\n  b: 3\n",
       "{d: {a: 1, b: 2}, e: {b: 3, a: 1}}"},
      {"d: &d {a: 1}\nf: &f {a: 2, c: 3}\ne: {<<: [*d, *f], x: 9}\n",
       "{d: {a: 1}, f: {a: 2, c: 3}, e: {x: 9, a: 1, c: 3}}"},
      {"'<<': 1\n", "{'<<': 1}"},
      {"<<: 1\n",
       "{} | 1:5: map merge requires map or sequence of maps as the value"},
      {"a: 1\nb: 2\na: 3\n", "{a: 1, b: 2, a: 3} | 3:1: duplicate key \"a\""},
      {"{a: 1}: 2\n", "{{a: 1}: 2} | 1:1: a key must be a text, not a mapping"},
      {"a: !!str 1\nb: !!int \"2\"\nc: !!binary aGk=\n",
       "{a: '1', b: 2, c: 'hi'}"},
      {"a: !!binary \"/w==$1\"\n",
       "{a: '/w==$1'} | 1:4: !!binary value contains invalid base64 data"},
      {"a: 1\n---\nb: 2\n", "{a: 1}"},
      {"a: 1\n--- {\n", "{a: 1}"},
      {"a: [1\n", "failed: 2:1: end of sequence flow not found"},
      {"a: *x\n", "failed: 1:4: the referenced anchor is not defined"},
      {"a: &x [*x]\n", "failed: 1:8: an anchor contains itself"},
      {std::string("a: \0b", 5),
       "failed: 1:4: control characters are not allowed"},
      {"ok: 1\na: \xff\n", "failed: 2:4: invalid UTF-8"},
      {"é: ü\n", "{é: ü}"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(parsed(c.text), c.expected) << c.text;
  }
}

TEST(Yaml, CountsAliasesEachTimeTheyAreUsed) {
  std::string text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i <= 9; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) text += before + ",";
    text += "]\n";
  }
  EXPECT_TRUE(parsed(text).starts_with("failed: 6:")) << parsed(text);
  EXPECT_NE(parsed(text).find("more than 1000000 values"), std::string::npos);
}

TEST(Yaml, LimitsDepthAndSize) {
  const std::string deep(200, '[');
  EXPECT_NE(parsed(deep).find("nested deeper than 100"), std::string::npos);
  EXPECT_TRUE(
      parsed(std::string(99, '[') + std::string(99, ']')).starts_with("[["));
  std::string blocks;
  for (std::size_t i = 0; i < 200; ++i) blocks += std::string(i, ' ') + "a:\n";
  EXPECT_NE(parsed(blocks).find("nested deeper"), std::string::npos);
  EXPECT_EQ(parsed(std::string(kYamlBytesMax + 1, ' ')),
            "failed: file is larger than 16 MiB");
}

TEST(Scalar, IsReadByTheRulesOfYaml11) {
  for (const char* text : {"yes", "On", "TRUE", "y"})
    EXPECT_EQ(scalar_bool(text), true) << text;
  for (const char* text : {"no", "Off", "FALSE", "n"})
    EXPECT_EQ(scalar_bool(text), false) << text;
  for (const char* text : {"yEs", "", "1", "t"})
    EXPECT_EQ(scalar_bool(text), std::nullopt) << text;

  const struct {
    std::string text;
    std::optional<std::int64_t> value;
  } kInts[] = {
      {"0", 0},
      {"-5", -5},
      {"+7", 7},
      {"1_000", 1000},
      {"0x1F", 31},
      {"0b101", 5},
      {"0o17", 15},
      {"017", 15},
      {"", {}},
      {"1.0", {}},
      {"0x", {}},
      {"1e3", {}},
      {"--1", {}},
      {"1 ", {}},
      {"089", {}},
      {"9223372036854775807", INT64_MAX},
      {"-9223372036854775808", INT64_MIN},
      {"9223372036854775808", {}},
  };
  for (const auto& c : kInts) EXPECT_EQ(scalar_int(c.text), c.value) << c.text;

  EXPECT_EQ(scalar_float("1.5"), 1.5);
  EXPECT_EQ(scalar_float(".5"), 0.5);
  EXPECT_EQ(scalar_float("1."), 1.0);
  EXPECT_EQ(scalar_float("-1e3"), -1000.0);
  EXPECT_EQ(scalar_float("0x10"), 16.0);
  EXPECT_EQ(scalar_float("-.inf"), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(*scalar_float(".nan")));
  for (const char* text : {"", ".", "e3", "1e", "inf", "nan", "0x1p2", "1_0.5"})
    EXPECT_EQ(scalar_float(text), std::nullopt) << text;
}

TEST(Scalar, SizesAreBase2AndNeedAUnit) {
  const struct {
    std::string text;
    std::int64_t bytes;
  } kGood[] = {
      {"0", 0},           {"5B", 5},          {"15MB", 15LL << 20},
      {"1KiB", 1024},     {"1.5KB", 1536},    {"1GB512MB", 1536LL << 20},
      {"-2MB", -2097152}, {"7EB", 7LL << 60},
  };
  for (const auto& c : kGood) {
    const auto size = parse_size(c.text);
    ASSERT_TRUE(size) << c.text;
    EXPECT_EQ(*size, c.bytes) << c.text;
  }
  const struct {
    std::string text, message;
  } kBad[] = {
      {"100", "units: unknown unit  in 100"},
      {"", "units: invalid "},
      {"MB", "units: invalid MB"},
      {"1kb", "units: unknown unit kb in 1kb"},
      {"1..5MB", "units: invalid 1..5MB"},
      {"9EB", "units: overflow parsing unit 9EB"},
  };
  for (const auto& c : kBad) {
    const auto size = parse_size(c.text);
    ASSERT_FALSE(size) << c.text;
    EXPECT_EQ(size.error().message, c.message);
  }
}

TEST(Scalar, GoDurationsHaveNoDays) {
  EXPECT_EQ(parse_go_duration_ms("1h15m30.5s").value(), 4'530'500);
  EXPECT_EQ(parse_go_duration_ms("300ms").value(), 300);
  EXPECT_EQ(parse_go_duration_ms("1500us").value(), 2);
  EXPECT_EQ(parse_go_duration_ms("-1s").value(), -1000);
  EXPECT_EQ(parse_go_duration_ms("0").value(), 0);
  for (const char* text : {"", "1", "1d", "s", "1.s.", "9999999999h"})
    EXPECT_FALSE(parse_go_duration_ms(text)) << text;
  EXPECT_EQ(parse_go_duration_ms("1d").error().message,
            "time: unknown unit \"d\" in duration \"1d\"");
}

TEST(Scalar, Base64IsStrict) {
  EXPECT_EQ(decode_base64("aGVs bG8="), "hello");
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_EQ(decode_base64("/w=="), "\xff");
  for (const char* text :
       {"a", "ab", "abc", "====", "ab=c", "aGk=aGk=", "a*bc"})
    EXPECT_EQ(decode_base64(text), std::nullopt) << text;
}

// Marks a position as line:column.
std::string shown(TextPosition at) {
  return std::to_string(at.line) + ":" + std::to_string(at.column);
}

TEST(LocatedText, KnowsWhereItsCharactersStand) {
  const struct {
    std::string yaml;
    std::size_t offset;
    std::string expected;
  } kCases[] = {
      {"expr: up == 0\n", 3, "1:10"},
      {"a: 1\nexpr: \"up == 0\"\n", 3, "2:11"},
      {"expr: 'up == 0'\n", 0, "1:8"},
      {"expr: |\n  up\n  == 0\n", 0, "2:3"},
      {"expr: |\n  up\n  == 0\n", 3, "3:3"},
      {"expr: |\n  up\n    == 0\n", 5, "3:5"},
      {"expr: >\n  up == 0\n", 3, "2:6"},
      {"expr: >\n  up\n  == 0\n", 3, "2:3"},
      {"expr: \"a\\tb\"\n", 2, "1:8"},
      {"expr: up\n  == 0\n", 3, "1:7"},
      {"é: up\n", 0, "1:5"},
  };
  for (const auto& c : kCases) {
    const auto document = parse_yaml(c.yaml);
    ASSERT_TRUE(document);
    const FileReader file("x.yml", c.yaml);
    const LocatedText text = file.located(*document->root->pairs.back().value);
    EXPECT_EQ(shown(text.position_of(c.offset)), c.expected) << c.yaml;
  }
}

TEST(Fields, SuggestsTheNearestField) {
  const std::string yaml = "targts: [a]\nlabels: {}\nzzz: 1\n";
  const auto document = parse_yaml(yaml);
  ASSERT_TRUE(document);
  FileReader file("x.yml", yaml);
  Fields fields(file, *document->root, "static_config");
  std::vector<std::string> targets;
  fields.texts("targets", targets);
  fields.ignore("labels");
  fields.done();
  const Diagnostics findings = file.take_findings();
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].to_string(),
            "x.yml:1:1: unknown field \"targts\" in static_config (did you "
            "mean `targets`?)");
  EXPECT_EQ(findings[1].to_string(),
            "x.yml:3:1: unknown field \"zzz\" in static_config");
}

TEST(Fields, SayWhatIsWantedAndWhatIsThere) {
  const std::string yaml =
      "flag: 5\nquoted: 'true'\ninteger: 1.5\ncount: -1\nduration: 15\n"
      "text: [a]\nlist: a\nmap: 1\nsize: 100\nurl: host:80\nitems: [[]]\n";
  const auto document = parse_yaml(yaml);
  ASSERT_TRUE(document);
  FileReader file("x", yaml);
  Fields fields(file, *document->root, "thing");
  bool flag = true;
  std::int64_t number = 7;
  std::uint64_t count = 7;
  std::string text = "before";
  std::vector<std::string> texts;
  fields.flag("flag", flag);
  fields.flag("quoted", flag);
  fields.integer("integer", number);
  fields.count("count", count);
  fields.duration("duration", number);
  fields.text("text", text);
  fields.texts("list", texts);
  fields.map("map", [](const YamlNode&) { FAIL(); });
  fields.size("size", number);
  fields.url("url", text);
  fields.texts("items", texts);
  fields.done();
  std::string all;
  for (const Diagnostic& finding : file.take_findings())
    all += finding.to_string() + "\n";
  EXPECT_EQ(all,
            "x:1:7: flag must be true or false, not \"5\"\n"
            "x:2:9: quoted must be true or false, not \"true\"\n"
            "x:3:10: integer must be a whole number, not \"1.5\"\n"
            "x:4:8: count must be a whole number that is not negative, not "
            "\"-1\"\n"
            "x:5:11: not a valid duration string: \"15\"\n"
            "x:6:7: text must be a text, not a list\n"
            "x:7:7: list must be a list, not \"a\"\n"
            "x:8:6: map must be a mapping, not \"1\"\n"
            "x:9:7: units: unknown unit  in 100\n"
            "x:10:6: URL scheme must be 'http' or 'https'\n"
            "x:11:9: items must hold texts, not a list\n");
  EXPECT_TRUE(flag);
  EXPECT_EQ(number, 7);
  EXPECT_EQ(text, "before");
}

TEST(Fields, TakeNullAsGoDoes) {
  const std::string yaml = "flag:\ntext: ~\nnumber: null\nlist:\n";
  const auto document = parse_yaml(yaml);
  ASSERT_TRUE(document);
  FileReader file("x", yaml);
  Fields fields(file, *document->root, "thing");
  bool flag = true;
  std::string text = "default";
  std::int64_t number = 7;
  std::vector<std::string> texts = {"default"};
  std::optional<bool> maybe;
  fields.flag("flag", flag);
  fields.flag("flag", maybe);
  fields.text("text", text);
  fields.integer("number", number);
  fields.texts("list", texts);
  fields.done();
  EXPECT_FALSE(file.failed());
  EXPECT_FALSE(flag);
  EXPECT_FALSE(maybe);
  EXPECT_EQ(text, "");
  EXPECT_EQ(number, 0);
  EXPECT_TRUE(texts.empty());
}

TEST(UrlProblem, WantsHttpAndAHost) {
  for (const char* url :
       {"http://a", "https://a:80/x?y", "HTTP://user:pw@host/", "http://[::1]"})
    EXPECT_EQ(url_problem(url), "") << url;
  for (const char* url : {"", "a", "ftp://a", "://a", "host:80"})
    EXPECT_EQ(url_problem(url), "URL scheme must be 'http' or 'https'") << url;
  for (const char* url : {"http://", "http:///x", "http://:80", "http://u@/"})
    EXPECT_EQ(url_problem(url), "host is missing in URL") << url;
  EXPECT_NE(url_problem("http://a b/"), "");
}

}  // namespace
}  // namespace prom::config
