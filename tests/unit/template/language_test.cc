// The template language and Prometheus' functions, as tables: text, data,
// output.  Data is the same for all: a small alert.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "libprom/template/template.h"

namespace prom::templates {
namespace {

struct Case {
  const char* text;
  const char* output;
};

Value sample_data() {
  Map map;
  map.entries.emplace("Labels", Value::string_map({{"a", "x"}, {"b", "y"}}));
  map.entries.emplace("List", Value::strings({"p", "q", "r"}));
  map.entries.emplace("Empty", Value::list(std::vector<Value>{}));
  map.entries.emplace("Int", Value::integer(7));
  map.entries.emplace("Float", Value::number(1.5));
  map.entries.emplace("Text", Value::string("héllo <b>"));
  map.entries.emplace("Time", Value::time(Time::from_ms(1'353'755'652'250)));
  map.entries.emplace("Long", Value::duration({5'400'000'000'000}));
  return Value::map(std::move(map));
}

ExecuteOptions sample_options() {
  ExecuteOptions options;
  options.environment.now_ms = 1'353'755'652'000;
  options.environment.external_url = "http://testhost:9090/path/prefix";
  options.environment.query = [](std::string_view text) -> Result<Value> {
    if (text == "fails") return fail(Code::kIo, "no store");
    if (text == "none") return query_result({});
    return query_result(
        {{{{"__name__", "metric"}, {"instance", "b"}, {"__value__", "v"}},
          Value::number(21)},
         {{{"__name__", "metric"}, {"instance", "a"}}, Value::number(11)}});
  };
  return options;
}

Result<std::string> expand(const std::string& text) {
  TemplateSet set(prometheus_functions());
  if (auto parsed = set.parse("t", text); !parsed)
    return fail(std::move(parsed).error());
  return set.execute("t", sample_data(), sample_options());
}

void expect_all(const std::vector<Case>& cases) {
  for (const Case& item : cases) {
    const auto got = expand(item.text);
    ASSERT_TRUE(got) << item.text << ": " << got.error().message;
    EXPECT_EQ(*got, item.output) << item.text;
  }
}

void expect_errors(const std::vector<Case>& cases) {
  for (const Case& item : cases) {
    const auto got = expand(item.text);
    ASSERT_FALSE(got) << item.text << ": " << *got;
    EXPECT_EQ(got.error().message, item.output) << item.text;
  }
}

TEST(TemplateLanguage, TextCommentsAndTrimMarkers) {
  expect_all({{"", ""},
              {"plain }} text", "plain }} text"},
              {"a{{/* comment */}}b", "ab"},
              {"a {{- /* comment */ -}} b", "ab"},
              {"a {{- 1 -}} b", "a1b"},
              {"a {{-1}}", "a -1"},
              {"a\n\t{{- \"x\" }}", "ax"},
              {"{{\n\"over\"\n|\nprint\n}}", "over"}});
}

TEST(TemplateLanguage, LiteralsPrintAsGoPrintsThem) {
  expect_all(
      {{"{{1}} {{-5}} {{0x1F}} {{0b11}} {{1_000}}", "1 -5 31 3 1000"},
       {"{{1.5}} {{1e3}} {{1e6}} {{100000.0}} {{1e-5}}",
        "1.5 1000 1e+06 100000 1e-05"},
       {"{{true}} {{'a'}} {{`raw\\n`}}", "true 97 raw\\n"},
       {R"({{"tab\t\x41\u00e9"}})", "tab\tAé"},
       {"{{.List}} {{.Labels}} {{.Missing}}",
        "[p q r] map[a:x b:y] <no value>"},
       {"{{.Long}} {{.Time}}", "1h30m0s 2012-11-24 11:14:12.25 +0000 UTC"}});
}

TEST(TemplateLanguage, FieldsVariablesAndChains) {
  expect_all({{"{{.Labels.a}}{{.Labels.nope}}", "x"},
              {"{{$x := .Labels}}{{$x.b}}{{$.Int}}", "y7"},
              {"{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}", "2"},
              {"{{$x := 1}}{{if true}}{{$x := 2}}{{end}}{{$x}}", "1"},
              {"{{(index .List 1)}}{{(.Labels).a}}", "qx"},
              {"{{.Time.Year}} {{.Time.Month}} {{.Time.Weekday}}",
               "2012 November Saturday"},
              {"{{printf \"%d\" .Time.Month}}", "11"}});
}

TEST(TemplateLanguage, Conditions) {
  expect_all({{"{{if .Empty}}a{{else if .Int}}b{{else}}c{{end}}", "b"},
              {"{{if 0}}a{{else if 0}}b{{else}}c{{end}}", "c"},
              {"{{if and .Int (gt .Float 1.0)}}yes{{end}}", "yes"},
              {"{{or 0 \"\" \"x\"}} {{and 1 0 2}} {{not 0}}", "x 0 true"},
              {"{{or true (index .Empty 5)}}", "true"},
              {"{{with .Labels}}{{.a}}{{else}}none{{end}}", "x"},
              {"{{with .Empty}}a{{else with .Int}}{{.}}{{end}}", "7"},
              {"{{with $x := .Int}}{{$x}}{{end}}", "7"}});
}

TEST(TemplateLanguage, Ranges) {
  expect_all(
      {{"{{range .List}}{{.}},{{end}}", "p,q,r,"},
       {"{{range $i, $e := .List}}{{$i}}={{$e}} {{end}}", "0=p 1=q 2=r "},
       {"{{range $k, $v := .Labels}}{{$k}}={{$v}} {{end}}", "a=x b=y "},
       {"{{range .Empty}}x{{else}}none{{end}}", "none"},
       {"{{range 3}}{{.}}{{end}}", "012"},
       {"{{range .List}}{{if eq . \"q\"}}{{continue}}{{end}}{{.}}{{end}}",
        "pr"},
       {"{{range .List}}{{if eq . \"q\"}}{{break}}{{end}}{{.}}{{end}}", "p"},
       {"{{range $x := .List}}{{range $y := $.List}}{{if eq $y \"q\"}}"
        "{{break}}{{end}}{{$x}}{{$y}} {{end}}{{end}}",
        "pp qp rp "}});
}

TEST(TemplateLanguage, TemplatesCallEachOther) {
  expect_all(
      {{"{{define \"x\"}}<{{.}}>{{end}}{{template \"x\" .Int}}", "<7>"},
       {"{{block \"y\" .List}}{{len .}}{{end}}", "3"},
       {"{{define \"x\"}}{{.arg0}} {{.arg1}}{{end}}"
        "{{template \"x\" (args 1 \"2\")}}",
        "1 2"},
       {"{{define \"x\"}}{{$}}{{end}}{{$v := 1}}{{template \"x\" 5}}", "5"}});
}

TEST(TemplateLanguage, BuiltInFunctions) {
  expect_all(
      {{"{{eq 1 2 1}} {{ne \"a\" \"b\"}} {{lt 1.5 2.5}} {{ge \"b\" \"a\"}}",
        "true true true true"},
       {"{{len .Text}} {{index .Labels \"b\"}} {{index .List 2}}", "10 y r"},
       {"{{slice .List 1}} {{slice \"abcdef\" 2 4}}", "[q r] cd"},
       {"{{print 1 2 \"x\" 3}}|{{println 1 \"x\"}}", "1 2x3|1 x\n"},
       {"{{html \"<a & 'b'>\"}}", "&lt;a &amp; &#39;b&#39;&gt;"},
       {"{{js \"it's <b>\"}}", "it\\'s \\u003Cb\\u003E"},
       {"{{urlquery \"a b&c=é\"}}", "a+b%26c%3D%C3%A9"},
       {"{{\"%5.2f|%-5s|%05d|%x|%q\" | printf}}",
        "%!f(MISSING)|%!s(MISSING)|%!d(MISSING)|%!x(MISSING)|%!q(MISSING)"}});
}

TEST(TemplateLanguage, PrintfFollowsGo) {
  expect_all(
      {{"{{printf \"%5.2f|%-5s|%05d|%x|%q\" 3.14159 \"ab\" 42 255 \"q\"}}",
        " 3.14|ab   |00042|ff|\"q\""},
       {"{{printf \"%v %s %d\" .List .List 5}}", "[p q r] [p q r] 5"},
       {"{{printf \"%d\" \"x\"}}", "%!d(string=x)"},
       {"{{printf \"%s\" 1}} {{printf \"%z\" 1}}", "%!s(int=1) %!z(int=1)"},
       {"{{printf \"x\" 1}}", "x%!(EXTRA int=1)"},
       {"{{printf \"%[2]d %[1]d\" 1 2}}", "2 1"},
       {"{{printf \"%*d|%t|%%|%c|%U\" 4 7 true 233 233}}",
        "   7|true|%|é|U+00E9"},
       {"{{printf \"%.3g %g %e\" 1234.5678 1e21 12.5}}",
        "1.23e+03 1e+21 1.250000e+01"},
       {"{{printf \"%+d %+.1f % d %#x\" 3 2.5 4 255}}", "+3 +2.5  4 0xff"},
       {"{{printf \"%T %T\" 1 .List}}", "int []string"}});
}

TEST(TemplateLanguage, PrometheusFunctions) {
  expect_all(
      {{"{{query \"m\" | first | value}}", "21"},
       {"{{query \"m\" | first | label \"instance\"}}", "b"},
       {"{{query \"m\" | first | strvalue}}", "v"},
       {"{{range query \"m\" | sortByLabel \"instance\"}}"
        "{{.Labels.instance}}:{{.Value}} {{end}}",
        "a:11 b:21 "},
       {"{{reReplaceAll \"(a)b\" \"x$1\" \"ab ab\"}}", "xa xa"},
       {"{{match \"a+\" \"baa\"}} {{match \"^a\" \"b\\na\"}}", "true false"},
       {"{{title \"aa bb CC it's\"}} {{toUpper \"é\"}} {{toLower \"Ä\"}}",
        "Aa Bb CC It's É ä"},
       {"{{graphLink \"up{a='b'}\"}}",
        "/graph?g0.expr=up%7Ba%3D%27b%27%7D&g0.tab=0"},
       {"{{tableLink \"up\"}} {{pathPrefix}} {{externalURL}}",
        "/graph?g0.expr=up&g0.tab=1 /path/prefix "
        "http://testhost:9090/path/prefix"},
       {"{{humanize 1234567.0}} {{humanize .12}} {{humanize \"0.0\"}}",
        "1.235M 120m 0"},
       {"{{humanize1024 1048576.0}} {{humanizePercentage 0.1234567}}",
        "1Mi 12.35%"},
       {"{{humanizeDuration 93784}} {{humanizeDuration 0.12345}}",
        "1d 2h 3m 4s 123.5ms"},
       {"{{humanizeTimestamp 1435065584.128}}",
        "2015-06-23 13:19:44.128 +0000 UTC"},
       {"{{now}} {{(now | toTime).Format \"Mon Jan 2 15:04:05 2006\"}}",
        "1.353755652e+09 Sat Nov 24 11:14:12 2012"},
       {"{{(\"-30m\" | parseDuration | toDuration | (now | toTime).Add)"
        ".UnixMilli}}",
        "1353753852000"},
       {"{{printf \"%0.2f\" (parseDuration \"1h2m10ms\")}}", "3720.01"},
       {"{{\"foo.example.com:12345\" | stripPort}} "
        "{{\"[2001:0DB8::1]:12345\" | stripPort}} "
        "{{\"2001:0DB8::1\" | stripPort}}",
        "foo.example.com 2001:0DB8::1 2001:0DB8::1"},
       {"{{\"foo.example.com:12345\" | stripDomain}} "
        "{{\"192.0.2.1:12345\" | stripDomain}}",
        "foo:12345 192.0.2.1:12345"},
       {"{{\"<b>\" | safeHtml}} {{urlQueryEscape \"a b\"}}", "<b> a+b"}});
}

TEST(TemplateLanguage, ParseErrorsAreGos) {
  expect_errors(
      {{"{{", "template: t:1: unclosed action"},
       {"a\n{{ nope }}", "template: t:2: function \"nope\" not defined"},
       {"{{ $x }}", "template: t:1: undefined variable \"$x\""},
       {"{{ \"abc }}", "template: t:1: unterminated quoted string"},
       {"{{ if }}x{{end}}", "template: t:1: missing value for if"},
       {"{{ if 1 }}x", "template: t:1: unexpected EOF"},
       {"{{ end }}", "template: t:1: unexpected {{end}}"},
       {"{{ break }}", "template: t:1: {{break}} outside {{range}}"},
       {"{{ (1 }}", "template: t:1: unclosed left paren"},
       {"{{ 1 | 2 }}",
        "template: t:1: non executable command in pipeline stage 2"},
       {"{{/* a */ }}", "template: t:1: comment ends before closing delimiter"},
       {"{{\u00A0}}",
        "template: t:1: unrecognized character in action: U+00A0"},
       {"{{define \"a\"}}1{{end}}{{define \"a\"}}2{{end}}",
        "template: t:1: template: multiple definition of template \"a\""},
       {"{{ 1 @ }}", "template: t:1: unexpected \"@\" in operand"}});
}

TEST(TemplateLanguage, ExecutionErrorsAreGos) {
  expect_errors(
      {{"{{ query \"none\" | first }}",
        "template: t:1:18: executing \"t\" at <first>: error calling first: "
        "first() called on vector with no elements"},
       {"{{ (query \"none\").banana }}",
        "template: t:1:10: executing \"t\" at <\"none\">: can't evaluate field "
        "banana in type template.queryResult"},
       {"{{ humanize \"one\" }}",
        "template: t:1:3: executing \"t\" at <humanize \"one\">: error calling "
        "humanize: strconv.ParseFloat: parsing \"one\": invalid syntax"},
       {"{{ \"x\" | humanize 1 }}",
        "template: t:1:9: executing \"t\" at <humanize>: wrong number of args "
        "for humanize: want 1 got 2"},
       {"{{ toUpper 1 }}",
        "template: t:1:11: executing \"t\" at <1>: expected string; found 1"},
       {"{{ toUpper .Int }}",
        "template: t:1:11: executing \"t\" at <.Int>: wrong type for value; "
        "expected string; got int"},
       {"{{ eq 1 1.0 }}",
        "template: t:1:3: executing \"t\" at <eq 1 1.0>: error calling eq: "
        "incompatible types for comparison"},
       {"x\n{{ template \"nope\" }}",
        "template: t:2:12: executing \"t\" at <{{template \"nope\"}}>: "
        "template \"nope\" not defined"},
       {"{{ index .List 3 }}",
        "template: t:1:3: executing \"t\" at <index .List 3>: error calling "
        "index: index out of range: 3"},
       {"{{ query \"fails\" }}",
        "template: t:1:3: executing \"t\" at <query \"fails\">: error calling "
        "query: no store"}});
}

TEST(TemplateLanguage, ErrorsHaveAPlace) {
  TemplateSet set(prometheus_functions());
  Diagnostic where;
  ASSERT_FALSE(set.parse("f", "a\nb {{ nope }}", &where));
  EXPECT_EQ(where.line, 2U);
  EXPECT_EQ(where.column, 6U);
  ASSERT_TRUE(set.parse("f", "a\n{{ humanize \"x\" }}"));
  ASSERT_FALSE(set.execute("f", Value(), {}, &where));
  EXPECT_EQ(where.line, 2U);
  EXPECT_EQ(where.column, 4U);
}

// ---- limits

TEST(TemplateLimits, EndWhatWouldNotEnd) {
  for (const char* text : {
           "{{define \"x\"}}{{template \"x\"}}{{end}}{{template \"x\"}}",
           "{{range 100000000}}{{end}}",
           "{{range 100000}}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{{end}}",
           "{{$s := \"aaaaaaaaaaaaaaaa\"}}{{range 64}}"
           "{{$s = print $s $s}}{{end}}{{$s}}",
           "{{$a := args 1}}{{range 200}}{{$a = args $a}}{{end}}{{$a}}",
       }) {
    const auto got = expand(text);
    ASSERT_FALSE(got) << text;
    EXPECT_EQ(got.error().code, Code::kLimit) << got.error().message;
  }
}

TEST(TemplateLimits, SharedListsDoNotGrowOutput) {
  // 2^60 leaves when printed, but 60 lists.
  const auto got = expand(
      "{{$a := args 1 2}}{{range 30}}{{$a = args $a $a}}{{end}}"
      "{{len (print $a)}}");
  ASSERT_TRUE(got) << got.error().message;
}

TEST(TemplateLimits, NestingIsBounded) {
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "{{if 1}}";
  EXPECT_FALSE(expand(deep));
  EXPECT_FALSE(expand("{{" + std::string(1000, '(') + "1" +
                      std::string(1000, ')') + "}}"));
  std::string chain = "{{if 0}}";
  for (int i = 0; i < 1000; ++i) chain += "{{else if 0}}";
  EXPECT_FALSE(expand(chain + "{{end}}"));
}

TEST(TemplateSets, LaterDefinitionsReplaceUnlessEmpty) {
  TemplateSet set(prometheus_functions());
  ASSERT_TRUE(set.parse("a", "{{define \"x\"}}1{{end}}"));
  ASSERT_TRUE(set.parse("b", "{{define \"x\"}} {{end}}"));
  EXPECT_EQ(*set.execute("x", Value(), {}), "1");
  ASSERT_TRUE(set.parse("c", "{{define \"x\"}}2{{end}}"));
  EXPECT_EQ(*set.execute("x", Value(), {}), "2");
  EXPECT_FALSE(set.parse("d", "{{define \"x\"}}3{{end}}{{"));
  EXPECT_EQ(*set.execute("x", Value(), {}), "2");
}

TEST(TemplateSets, MissingKeysAreZeroNothingOrAnError) {
  TemplateSet set(prometheus_functions());
  ASSERT_TRUE(set.parse("t", "{{.nope}}"));
  const Value labels = Value::string_map({{"a", "x"}});
  EXPECT_EQ(*set.execute("t", labels, {.missing_key = MissingKey::kZero}), "");
  EXPECT_EQ(*set.execute("t", labels, {.missing_key = MissingKey::kDefault}),
            "<no value>");
  EXPECT_EQ(set.execute("t", labels, {.missing_key = MissingKey::kError})
                .error()
                .message,
            "template: t:1:2: executing \"t\" at <.nope>: map has no entry for "
            "key \"nope\"");
}

}  // namespace
}  // namespace prom::templates
