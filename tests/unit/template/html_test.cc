// What hostile values become in every place of an HTML document.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "libprom/template/template.h"

namespace prom::templates {
namespace {

Result<std::string> expand(const std::string& text, Value data) {
  const TemplateSet set(alertmanager_functions());
  ExecuteOptions options;
  options.html = true;
  return set.expand(text, data, options);
}

struct Case {
  const char* text;
  const char* value;
  const char* output;
};

TEST(Html, EscapesForThePlace) {
  const std::vector<Case> cases = {
      {"<p>{{.}}</p>", "<script>x</script> & \"q\" 'a' +",
       "<p>&lt;script&gt;x&lt;/script&gt; &amp; &#34;q&#34; &#39;a&#39; "
       "&#43;</p>"},
      {"<p title=\"{{.}}\">", "\" onclick=\"x",
       "<p title=\"&#34; onclick=&#34;x\">"},
      {"<p title='{{.}}'>", "' onclick='x", "<p title='&#39; onclick=&#39;x'>"},
      {"<p title={{.}}>", "x onclick=y", "<p title=x&#32;onclick&#61;y>"},
      {"<p title={{.}}>", "", "<p title=ZgotmplZ>"},
      {"<a href=\"{{.}}\">", "javascript:alert(1)", "<a href=\"#ZgotmplZ\">"},
      {"<a href=\"{{.}}\">", "JAVASCRIPT:x", "<a href=\"#ZgotmplZ\">"},
      {"<a href=\"{{.}}\">", "https://x/a b?c=d&e=\"",
       "<a href=\"https://x/a%20b?c=d&amp;e=%22\">"},
      {"<a href=\"/x?q={{.}}\">", "a&b=c d", "<a href=\"/x?q=a%26b%3dc%20d\">"},
      {"<a href=\"/{{.}}\">", "javascript:x", "<a href=\"/javascript:x\">"},
      {"<a href=\"/x?q={{. | urlquery}}\">", "a&b", "<a href=\"/x?q=a%26b\">"},
      {"<p>{{. | html}}</p>", "<b>", "<p>&lt;b&gt;</p>"},
      {"<p style=\"color: {{.}}\">", "red", "<p style=\"color: red\">"},
      {"<p style=\"color: {{.}}\">", "expression(alert(1))",
       "<p style=\"color: ZgotmplZ\">"},
      {"<p style=\"font-family: '{{.}}'\">", "a'; x: url(y)",
       "<p style=\"font-family: 'a\\27 \\3b \\20 x\\3a \\20 url\\28 y\\29 "
       "'\">"},
      {"<style>p { color: {{.}} }</style>", "red; } </style><script>",
       "<style>p { color: ZgotmplZ }</style>"},
      {"<script>var x = {{.}};</script>", "</script><b>'\"",
       "<script>var x = "
       "\"\\u003c\\u002fscript\\u003e\\u003cb\\u003e\\u0027\\u0022\";"
       "</script>"},
      {"<script>f('{{.}}')</script>", "');evil('",
       "<script>f('\\u0027\\u0029\\u003bevil\\u0028\\u0027')</script>"},
      {"<p onclick=\"f('{{.}}')\">", "');evil('",
       "<p onclick=\"f('\\u0027\\u0029\\u003bevil\\u0028\\u0027')\">"},
      {"<title>{{.}}</title>", "</title><script>",
       "<title>&lt;/title&gt;&lt;script&gt;</title>"},
      {"<textarea>{{.}}</textarea>", "</textarea>",
       "<textarea>&lt;/textarea&gt;</textarea>"},
      {"<p {{.}}=\"x\">", "onclick", "<p ZgotmplZ=\"x\">"},
      {"<p {{.}}=\"x\">", "title", "<p title=\"x\">"},
      {"<!-- {{.}} --><p>", "--><script>", "<p>"},
      {"<!DOCTYPE html><p>{{.}}", "<", "<!DOCTYPE html><p>&lt;"},
      {"a < b {{.}}", "<", "a &lt; b &lt;"},
      {"<iframe srcdoc=\"{{.}}\">", "<script>",
       "<iframe srcdoc=\"&amp;lt;script&amp;gt;\">"},
      {"<p data-url=\"{{.}}\">", "javascript:x", "<p data-url=\"#ZgotmplZ\">"},
      {"<img src=\"{{.}}\" alt=\"{{.}}\">", "data:x,\"",
       "<img src=\"#ZgotmplZ\" alt=\"data:x,&#34;\">"},
      {"<p style=\"background: url('{{.}}')\">", "javascript:x')",
       "<p style=\"background: url('#ZgotmplZ')\">"},
  };
  for (const Case& item : cases) {
    const auto got = expand(item.text, Value::string(item.value));
    ASSERT_TRUE(got) << item.text << ": " << got.error().message;
    EXPECT_EQ(*got, item.output) << item.text << " of " << item.value;
  }
}

TEST(Html, RefusesPlacesThatCannotBeMadeSafe) {
  for (const char* text :
       {"<{{.}}>x", "<a{{.}}>", "<script>x = /{{.}}/</script>",
        "<script>x = `{{.}}`</script>", "<p onclick=\"f(&quot;{{.}}&quot;)\">",
        "<p style=\"font: &quot;{{.}}&quot;\">"}) {
    const auto got = expand(text, Value::string("x"));
    if (std::string_view(text).starts_with("<{{")) {
      // A lone "<" is text.
      ASSERT_TRUE(got);
      EXPECT_EQ(*got, "&lt;x>x");
    } else {
      EXPECT_FALSE(got) << text << ": " << *got;
    }
  }
}

TEST(Html, ContextsFollowBranchesAndTemplates) {
  const auto got = expand(
      "{{define \"u\"}}{{.}}{{end}}"
      "<a {{if .}}href=\"{{template \"u\" .}}\"{{end}}>{{template \"u\" "
      ".}}</a>",
      Value::string("javascript:<"));
  ASSERT_TRUE(got);
  EXPECT_EQ(*got, "<a href=\"#ZgotmplZ\">javascript:&lt;</a>");
}

TEST(Html, NothingPrintsAsNothing) {
  EXPECT_EQ(*expand("<p>{{.x}}</p>", Value()), "<p></p>");
}

}  // namespace
}  // namespace prom::templates
