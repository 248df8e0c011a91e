#include "libprom/model/relabel.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace prom {
namespace {

// A rule in one line: "replace a,b /regex/ target replacement"; missing
// fields keep their defaults, "-" skips one.
struct Rule {
  RelabelAction action = RelabelAction::kReplace;
  std::vector<std::string> source = {};
  std::string regex = "-";
  std::string target = "";
  std::string replacement = "-";
  std::uint64_t modulus = 0;
  std::string separator = ";";
  NameValidation validation = NameValidation::kUtf8;

  [[nodiscard]] RelabelConfig config() const {
    RelabelConfig c;
    c.action = action;
    c.source_labels = source;
    if (regex != "-") c.regex = Regex::compile(regex).value();
    c.target_label = target;
    if (replacement != "-") c.replacement = replacement;
    c.modulus = modulus;
    c.separator = separator;
    c.validation = validation;
    return c;
  }
};

using A = RelabelAction;
constexpr auto kLegacy = NameValidation::kLegacy;

std::string run(const Labels& labels, const std::vector<Rule>& rules) {
  RelabelConfigs configs;
  for (const Rule& rule : rules) {
    configs.push_back(rule.config());
    EXPECT_TRUE(validate(configs.back())) << configs.back().to_string();
  }
  const auto result = relabel(labels, configs);
  return result ? result->to_string() : "dropped";
}

TEST(Relabel, FollowsTheRules) {
  const Labels abc{{"a", "foo"}, {"b", "bar"}, {"c", "baz"}};
  const struct {
    std::string name;
    Labels in;
    std::vector<Rule> rules;
    std::string expected;
  } kCases[] = {
      {"replace",
       abc,
       {{A::kReplace, {"a"}, "f(.*)", "d", "ch${1}-ch${1}"}},
       R"({a="foo", b="bar", c="baz", d="choo-choo"})"},
      {"replace joins",
       abc,
       {{A::kReplace, {"a", "b"}, "f(.*);(.*)r", "a", "b${1}${2}m"},
        {A::kReplace, {"c", "a"}, "(b).*b(.*)ba(.*)", "d", "$1$2$2$3"}},
       R"({a="boobam", b="bar", c="baz", d="boooom"})"},
      {"no match changes nothing",
       abc,
       {{A::kReplace, {"a"}, "x(.*)", "a", "gone"}},
       R"({a="foo", b="bar", c="baz"})"},
      {"partial match is none",
       abc,
       {{A::kReplace, {"a"}, "f", "b", "bar2"}},
       R"({a="foo", b="bar", c="baz"})"},
      {"empty result removes",
       abc,
       {{A::kReplace, {"a"}, "(f).*", "a", "$2"}},
       R"({b="bar", c="baz"})"},
      {"empty replacement removes",
       abc,
       {{A::kReplace, {}, "-", "a", ""}},
       R"({b="bar", c="baz"})"},
      {"static value",
       abc,
       {{A::kReplace, {}, "-", "d", "x"}},
       R"({a="foo", b="bar", c="baz", d="x"})"},
      {"missing sources are empty",
       abc,
       {{A::kReplace, {"x", "a", "y"}, ";foo;", "d", "ok"}},
       R"({a="foo", b="bar", c="baz", d="ok"})"},
      {"target is a template",
       abc,
       {{A::kReplace, {"a"}, "(.*)", "t_$1", "v"}},
       R"({a="foo", b="bar", c="baz", t_foo="v"})"},
      {"invalid made-up target is skipped",
       {{"a", "some-name"}},
       {{A::kReplace,
         {"a"},
         "some-([^-]+)-?(.*)",
         "${1}-x",
         "v",
         0,
         ";",
         NameValidation::kUtf8},
        {A::kReplace, {"a"}, "(.*)", "$1", "v", 0, ";", kLegacy}},
       R"({a="some-name", "name-x"="v"})"},
      {"the dot matches a newline",
       {{"a", "x\ny"}},
       {{A::kReplace, {"a"}, "x.y", "b", "ok"}},
       R"({a="x\ny", b="ok"})"},
      {"keep",
       abc,
       {{A::kKeep, {"a"}, "fo.*"}},
       R"({a="foo", b="bar", c="baz"})"},
      {"keep drops the rest", abc, {{A::kKeep, {"a"}, "no"}}, "dropped"},
      {"drop", abc, {{A::kDrop, {"a"}, ".*o.*"}}, "dropped"},
      {"drop stops",
       abc,
       {{A::kDrop, {"a"}, "foo"}, {A::kReplace, {}, "-", "x", "y"}},
       "dropped"},
      {"drop keeps the rest",
       abc,
       {{A::kDrop, {"a"}, "no"}},
       R"({a="foo", b="bar", c="baz"})"},
      {"hashmod",
       abc,
       {{A::kHashMod, {"c"}, "-", "d", "-", 1000}},
       R"({a="foo", b="bar", c="baz", d="976"})"},
      {"hashmod of two",
       {{"a", "foo\nbar"}},
       {{A::kHashMod, {"a"}, "-", "b", "-", 1000}},
       R"({a="foo\nbar", b="734"})"},
      {"labelmap",
       {{"a", "foo"}, {"b1", "bar"}, {"b2", "baz"}},
       {{A::kLabelMap, {}, "(b.*)", "", "bar_$1"}},
       R"({a="foo", b1="bar", b2="baz", bar_b1="bar", bar_b2="baz"})"},
      {"labelmap to a fixed group",
       {{"a", "foo"}, {"__meta_my_bar", "aaa"}, {"__meta_other", "c"}},
       {{A::kLabelMap, {}, "__meta_(my.*)", "", "$1"}},
       R"({__meta_my_bar="aaa", __meta_other="c", a="foo", my_bar="aaa"})"},
      {"labeldrop",
       {{"a", "1"}, {"b1", "2"}, {"b2", "3"}},
       {{A::kLabelDrop, {}, "(b.*)"}},
       R"({a="1"})"},
      {"labelkeep",
       {{"a", "1"}, {"b1", "2"}, {"b2", "3"}},
       {{A::kLabelKeep, {}, "(b.*)"}},
       R"({b1="2", b2="3"})"},
      {"lowercase and uppercase",
       {{"a", "bAr123ÄΩ"}},
       {{A::kLowercase, {"a"}, "-", "l"}, {A::kUppercase, {"a"}, "-", "u"}},
       R"({a="bAr123ÄΩ", l="bar123äω", u="BAR123ÄΩ"})"},
      {"keepequal keeps",
       {{"p", "1234"}, {"q", "1234"}},
       {{A::kKeepEqual, {"p"}, "-", "q"}},
       R"({p="1234", q="1234"})"},
      {"keepequal drops",
       {{"p", "1234"}, {"q", "5"}},
       {{A::kKeepEqual, {"p"}, "-", "q"}},
       "dropped"},
      {"dropequal drops",
       {{"p", "1234"}, {"q", "1234"}},
       {{A::kDropEqual, {"p"}, "-", "q"}},
       "dropped"},
      {"dropequal keeps",
       {{"p", "1234"}, {"q", "5"}},
       {{A::kDropEqual, {"p"}, "-", "q"}},
       R"({p="1234", q="5"})"},
      {"no rules", abc, {}, R"({a="foo", b="bar", c="baz"})"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(run(c.in, c.rules), c.expected) << c.name;
  }
}

TEST(Relabel, IsRefusedWhenFieldsDoNotFitTheAction) {
  const struct {
    Rule rule;
    std::string message;
  } kCases[] = {
      {{A::kHashMod, {"a"}, "-", "b"},
       "relabel configuration for hashmod requires non-zero modulus"},
      {{A::kReplace, {"a"}},
       "relabel configuration for replace action requires 'target_label' "
       "value"},
      {{A::kLowercase, {"a"}},
       "relabel configuration for lowercase action requires 'target_label' "
       "value"},
      {{A::kReplace, {"a"}, "-", "0a", "-", 0, ";", kLegacy},
       "\"0a\" is invalid 'target_label' for replace action"},
      {{A::kReplace, {"a"}, "-", "a-$1", "-", 0, ";", kLegacy},
       "\"a-$1\" is invalid 'target_label' for replace action"},
      {{A::kReplace, {"a"}, "-", "\xff"},
       "\"\\xff\" is invalid 'target_label' for replace action"},
      {{A::kLowercase, {"a"}, "-", "a$1", "-", 0, ";", kLegacy},
       "\"a$1\" is invalid 'target_label' for lowercase action"},
      {{A::kUppercase, {"a"}, "-", "b", "x"},
       "'replacement' can not be set for uppercase action"},
      {{A::kLabelMap, {}, "x", "", "\xff"},
       "\"\\xff\" is invalid 'replacement' for labelmap action"},
      {{A::kDropEqual, {"a"}, "(.*)", "b"},
       "dropequal action requires only 'source_labels' and `target_label`, "
       "and no other fields"},
      {{A::kLabelDrop, {"a"}, "x"},
       "labeldrop action requires only 'regex', and no other fields"},
      {{A::kLabelKeep, {}, "x", "t"},
       "labelkeep action requires only 'regex', and no other fields"},
  };
  for (const auto& c : kCases) {
    const Status status = validate(c.rule.config());
    ASSERT_FALSE(status) << c.message;
    EXPECT_EQ(status.error().message, c.message);
  }
  for (const char* target : {"a", "${x}_y", "$1", "a_${b}c$d"}) {
    EXPECT_TRUE(validate(
        Rule{A::kReplace, {"a"}, "-", target, "-", 0, ";", kLegacy}.config()))
        << target;
  }
}

TEST(Relabel, TracesWhatEachRuleChanged) {
  LabelsBuilder labels(Labels{{"a", "1"}, {"b", "2"}});
  std::vector<RelabelStep> steps;
  const RelabelConfigs configs = {
      Rule{A::kReplace, {"a"}, "-", "c"}.config(),
      Rule{A::kReplace, {"a"}, "-", "b", "x"}.config(),
      Rule{A::kLabelDrop, {}, "a"}.config(),
      Rule{A::kKeep, {"b"}, "y"}.config(),
      Rule{A::kReplace, {}, "-", "never", "x"}.config(),
  };
  EXPECT_FALSE(trace_relabel(labels, configs, steps));
  std::string text;
  for (const RelabelStep& step : steps) {
    text += std::to_string(step.rule) + (step.kept ? "" : " dropped");
    for (const auto& change : step.changes)
      text += " " + change.name + ":" + change.before + ">" + change.after;
    text += "\n";
  }
  EXPECT_EQ(text, "0 c:>1\n1 b:2>x\n2 a:1>\n3 dropped\n");
}

TEST(RelabelAction, IsReadInAnyCase) {
  EXPECT_EQ(parse_relabel_action("LabelDrop"), A::kLabelDrop);
  EXPECT_EQ(parse_relabel_action("KEEPEQUAL"), A::kKeepEqual);
  EXPECT_EQ(parse_relabel_action("delete"), std::nullopt);
  EXPECT_EQ(parse_relabel_action(""), std::nullopt);
}

TEST(RelabelConfig, ShowsWhatIsNotDefault) {
  EXPECT_EQ((Rule{A::kDrop, {"a", "b"}, "x|y"}.config().to_string()),
            "drop source_labels=[a, b] regex=\"x|y\"");
  EXPECT_EQ(
      (Rule{A::kHashMod, {"a"}, "-", "t", "-", 7, ","}.config().to_string()),
      "hashmod source_labels=[a] separator=\",\" modulus=7 "
      "target_label=\"t\"");
}

}  // namespace
}  // namespace prom
