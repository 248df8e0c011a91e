#include "libprom/promql/parser.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "libprom/promql/format.h"
#include "libprom/promql/printer.h"
#include "libprom/promql/walk.h"

namespace prom::promql {
namespace {

struct Case {
  std::string_view input;
  std::string_view expected;
};

// An expression and what it prints as.
constexpr Case kGood[] = {
    {"1", "1"},
    {"+Inf", "+Inf"},
    {"-inf", "-Inf"},
    {"NaN", "NaN"},
    {".5", "0.5"},
    {"5.", "5"},
    {"1e3", "1000"},
    {"1E-3", "0.001"},
    {"0x1F", "31"},
    {"0X1f", "31"},
    {"0755", "493"},
    {"08", "8"},
    {"1_000", "1000"},
    {"1_2.3_4", "12.34"},
    {"5m", "5m"},
    {"-5m", "-5m"},
    {"1h30m", "1h30m"},
    {"1y2w3d", "382d"},
    {"100ms", "100ms"},
    {R"("text")", R"("text")"},
    {R"(`raw \n`)", R"("raw \\n")"},
    {R"("\a\b\f\n\r\t\v\\\"")", R"("\a\b\f\n\r\t\v\\\"")"},
    {R"('\'')", R"("'")"},
    {R"("\101\x42\u0043\U00000044")", R"("ABCD")"},
    {R"("日本")", R"("日本")"},
    {"# comment\nup # end", "up"},
    {"up", "up"},
    {":a:b", ":a:b"},
    {"job:up:sum", "job:up:sum"},
    {"up{}", "up"},
    {R"(up{job="a"})", R"(up{job="a"})"},
    {R"(up{job!="a",instance=~"x.*",zone!~"y|z",})",
     R"(up{instance=~"x.*",job!="a",zone!~"y|z"})"},
    {R"({job="a"})", R"({job="a"})"},
    {R"({__name__="up"})", R"({__name__="up"})"},
    {R"({"up"})", R"({__name__="up"})"},
    {R"({"up","with space"="x"})", R"({"with space"="x",__name__="up"})"},
    {R"({'a.b'=~"c"})", R"({"a.b"=~"c"})"},
    {R"(up{or="a",sum="b",by="c"})", R"(up{by="c",or="a",sum="b"})"},
    {"sum", "sum"},
    {"avg", "avg"},
    {"by", "by"},
    {"without", "without"},
    {"and", "and"},
    {"or", "or"},
    {"unless", "unless"},
    {"offset", "offset"},
    {"start", "start"},
    {"end", "end"},
    {"step", "step"},
    {"range", "range"},
    {"max_of", "max_of"},
    {"min_of", "min_of"},
    {"anchored", "anchored"},
    {"smoothed", "smoothed"},
    {"fill", "fill"},
    {"fill_left + fill_right", "fill_left + fill_right"},
    {"topk", "topk"},
    {"limit_ratio", "limit_ratio"},
    {"Sum(up)", "sum(up)"},
    {"SUM BY (job) (up)", "sum by (job) (up)"},
    {"up AND up", "up and up"},
    {"1 + 2 * 3", "1 + 2 * 3"},
    {"(1 + 2) * 3", "(1 + 2) * 3"},
    {"1 - 2 - 3", "1 - 2 - 3"},
    {"2 ^ 3 ^ 2", "2 ^ 3 ^ 2"},
    {"-1 ^ 2", "-1 ^ 2"},
    {"-up ^ 2", "-up ^ 2"},
    {"- - up", "--up"},
    {"+up", "+up"},
    {"--1", "1"},
    {"1 == bool 2", "1 == bool 2"},
    {"up > 1", "up > 1"},
    {"up >= bool up", "up >= bool up"},
    {"up and up or up unless up", "up and up or up unless up"},
    {"up or up and up", "up or up and up"},
    {"a atan2 b", "a atan2 b"},
    {"a % b * c / d", "a % b * c / d"},
    {"a </ 5", "a </ 5"},
    {"a >/ b", "a >/ b"},
    {"a < b == c", "a < b == c"},
    {"a * on(x) b", "a * on (x) b"},
    {"a * ignoring(x, y) b", "a * ignoring (x, y) b"},
    {"a / on(x) group_left b", "a / on (x) group_left () b"},
    {"a / on(x) group_left() b", "a / on (x) group_left () b"},
    {R"(a / ignoring(x) group_right(y, "z z") b)",
     R"(a / ignoring (x) group_right (y, "z z") b)"},
    {"a == bool on(x) group_left(y) b", "a == bool on (x) group_left (y) b"},
    {"a + fill(0) b", "a + fill (0) b"},
    {"a + fill_left(-1) b", "a + fill_left (-1) b"},
    {"a + fill_right(1e6) b", "a + fill_right (1e+06) b"},
    {"a + fill_left(1) fill_right(2) b", "a + fill_left (1) fill_right (2) b"},
    {"a + fill_right(2) fill_left(1) b", "a + fill_left (1) fill_right (2) b"},
    {"a + on(x) group_left fill(NaN) b",
     "a + on (x) group_left () fill_left (NaN) fill_right (NaN) b"},
    {"a + on(x) fill(5m) b", "a + on (x) fill (300) b"},
    {"a and on() b", "a and on () b"},
    {"a unless ignoring(bool, on, atan2, offset) b",
     "a unless ignoring (bool, on, atan2, offset) b"},
    {"sum(up)", "sum(up)"},
    {"sum by (job) (up)", "sum by (job) (up)"},
    {"sum(up) by (job)", "sum by (job) (up)"},
    {R"(sum without (job, "x.y") (up))", R"(sum without (job, "x.y") (up))"},
    {"sum(up) without ()", "sum without () (up)"},
    {"sum by () (up)", "sum(up)"},
    {"topk(5, up)", "topk(5, up)"},
    {"quantile by (le) (0.9, up)", "quantile by (le) (0.9, up)"},
    {R"(count_values("v", up))", R"(count_values("v", up))"},
    {"limitk(2, up)", "limitk(2, up)"},
    {"limit_ratio(-0.5, up)", "limit_ratio(-0.5, up)"},
    {"group by (sum, by, and) (up)", "group by (sum, by, and) (up)"},
    {"rate(up[5m])", "rate(up[5m])"},
    {R"(rate(up{a="b"}[5m] offset 1h))", R"(rate(up{a="b"}[5m] offset 1h))"},
    {"up offset 5m", "up offset 5m"},
    {"up offset -5m", "up offset -5m"},
    {"up offset 1w", "up offset 1w"},
    {"up offset 300", "up offset 5m"},
    {"up @ 1", "up @ 1.000"},
    {"up @ -1.5", "up @ -1.500"},
    {"up @ 1609746000", "up @ 1609746000.000"},
    {"up @ start()", "up @ start()"},
    {"up @ end()", "up @ end()"},
    {"up @ 1h", "up @ 3600.000"},
    {"up offset 5m @ 10", "up @ 10.000 offset 5m"},
    {"up @ 10 offset 5m", "up @ 10.000 offset 5m"},
    {"up[5m] @ start() offset -1m", "up[5m] @ start() offset -1m"},
    {"up[5m:]", "up[5m:]"},
    {"up[5m:1m]", "up[5m:1m]"},
    {"up[300:60.5]", "up[5m:1m500ms]"},
    {"up[5m:1m] offset 1h @ end()", "up[5m:1m] @ end() offset 1h"},
    {"rate(up[1m])[5m:10s]", "rate(up[1m])[5m:10s]"},
    {"max_over_time(rate(up[1m])[5m:10s] offset 1d)[1h:] @ 5",
     "max_over_time(rate(up[1m])[5m:10s] offset 1d)[1h:] @ 5.000"},
    {"(up)", "(up)"},
    {"((up))", "((up))"},
    {"time()", "time()"},
    {"vector(1)", "vector(1)"},
    {"pi()", "pi()"},
    {R"~(label_replace(up, "a", "$1", "b", "(.*)"))~",
     R"~(label_replace(up, "a", "$1", "b", "(.*)"))~"},
    {R"(label_join(up, "a", ","))", R"(label_join(up, "a", ","))"},
    {R"(label_join(up, "a", ",", "b", "c"))",
     R"(label_join(up, "a", ",", "b", "c"))"},
    {"histogram_quantile(0.9, sum by (le) (rate(x_bucket[5m])))",
     "histogram_quantile(0.9, sum by (le) (rate(x_bucket[5m])))"},
    {R"(histogram_quantiles(x, "q", 0.1, 0.2))",
     R"(histogram_quantiles(x, "q", 0.1, 0.2))"},
    {"round(up)", "round(up)"},
    {"round(up, 5)", "round(up, 5)"},
    {"hour()", "hour()"},
    {"hour(up)", "hour(up)"},
    {R"(absent(up{a="b"}))", R"(absent(up{a="b"}))"},
    {"predict_linear(up[1h], 4 * 3600)", "predict_linear(up[1h], 4 * 3600)"},
    {"info(up)", "info(up)"},
    {R"(info(up, {a="b"}))", R"(info(up, {a="b"}))"},
    {R"(info(up, {__name__="x_info"}))", R"(info(up, {__name__="x_info"}))"},
    {"sort_by_label(up)", "sort_by_label(up)"},
    {R"(sort_by_label(up, "a", "b"))", R"(sort_by_label(up, "a", "b"))"},
    {"start()", "start()"},
    {"end()", "end()"},
    {"step() + range()", "step() + range()"},
    {"max_of(1, min_of(2, 3))", "max_of(1, min_of(2, 3))"},
    {"mad_over_time(up[5m])", "mad_over_time(up[5m])"},
    {"up[step()]", "up[step()]"},
    {"up[range()]", "up[range()]"},
    {"up[2 * step() + 1m]", "up[2 * step() + 1m]"},
    {"up[(5m)]", "up[(5m)]"},
    {"up[(2 * 5m):(step())]", "up[(2 * 5m):(step())]"},
    {"up[max_of(step(), 1m)]", "up[max_of(step(), 1m)]"},
    {"up[min_of(range(), 5m) / 2:]", "up[min_of(range(), 5m) / 2:]"},
    {"up[-5m + 10m]", "up[-5m + 10m]"},
    {"up[2 ^ 3 ^ 2]", "up[2 ^ 3 ^ 2]"},
    {"up[-(5m) + 10m]", "up[-(5m) + 10m]"},
    {"up[5m % 3m]", "up[5m % 3m]"},
    {"up offset step()", "up offset step()"},
    {"up offset -step()", "up offset -step()"},
    {"up offset (5m + 3)", "up offset (5m + 3)"},
    {"up offset (5m) + 3", "up offset (5m) + 3"},
    {"up offset 5m + 3", "up offset 5m + 3"},
    {"up offset -2 ^ 2", "up offset -2s ^ 2"},
    {"up offset -(5m * 2)", "up offset -(5m * 2)"},
    {"up offset -(5m) + 3", "up offset -(5m) + 3"},
    {"up offset max_of(1m, step())", "up offset max_of(1m, step())"},
    {"up offset --5m", "up offset 5m"},
    {"up offset --5m + 3", "up offset (5m + 3)"},
    {"rate(up[5m] anchored)", "rate(up[5m] anchored)"},
    {"rate(up[5m] smoothed)", "rate(up[5m] smoothed)"},
    {"up smoothed", "up smoothed"},
    {"increase(up[5m] anchored offset 1m)",
     "increase(up[5m] anchored offset 1m)"},
    {"up[5m] anchored @ 5", "up[5m] anchored @ 5.000"},
    {"a\n  +\tb\r\n", "a + b"},
    {"sum(\n  # why\n  up\n)", "sum(up)"},
    // Where upstream prints what it would not read back the same.
    {"-Inf ^ up", "-Inf ^ up"},
    {"Inf ^ 2", "Inf ^ 2"},
    {"2 ^ Inf", "2 ^ +Inf"},
    {"up offset +(5) / up", "up offset +(5) / up"},
    {"up offset (5) @ 1 / up", "up @ 1.000 offset +(5) / up"},
    {"up offset (5) + 1 @ 1 / up", "up @ 1.000 offset +((5) + 1) / up"},
    {"up offset (5) + 1 @ 1", "up @ 1.000 offset ((5) + 1)"},
    {"a / -up offset (5) smoothed - 1", "a / -up smoothed offset +(5) - 1"},
    {"up offset +(5) > 1", "up offset (5) > 1"},
    {"-0s", "-0s"},
    {"info(up, {})", "info(up, {})"},
};

// An expression and the line that upstream shows for it.
constexpr Case kBad[] = {
    {"", "unknown position: parse error: no expression found in input"},
    {" ", "1:1: parse error: no expression found in input"},
    {"# only a comment", "1:1: parse error: no expression found in input"},
    {"(", "1:2: parse error: unclosed left parenthesis"},
    {")", "1:2: parse error: unexpected right parenthesis ')'"},
    {"(up", "1:4: parse error: unclosed left parenthesis"},
    {"up)", "1:4: parse error: unexpected right parenthesis ')'"},
    {"((up)", "1:6: parse error: unclosed left parenthesis"},
    {"{", "1:2: parse error: unexpected end of input inside braces"},
    {"up{", "1:4: parse error: unexpected end of input inside braces"},
    {"up{a", "1:5: parse error: unexpected end of input inside braces"},
    {"up{a=", "1:6: parse error: unexpected end of input inside braces"},
    {R"(up{a="b")", "1:9: parse error: unexpected end of input inside braces"},
    {R"(up{a="b" c="d"})",
     R"(1:10: parse error: unexpected identifier "c" in label matching, expected "," or "}")"},
    {"up{a b}",
     R"(1:6: parse error: unexpected identifier "b" in label matching, expected label matching operator)"},
    {"up{a=b}",
     R"(1:6: parse error: unexpected identifier "b" in label matching, expected string)"},
    {R"(up{a=="b"})",
     R"(1:6: parse error: unexpected "=" in label matching, expected string)"},
    {"up{a=~}",
     R"(1:7: parse error: unexpected "}" in label matching, expected string)"},
    {"up{,}",
     R"(1:4: parse error: unexpected "," in label matching, expected identifier or "}")"},
    {R"(up{a="b",,})",
     R"(1:10: parse error: unexpected "," in label matching, expected identifier or "}")"},
    {R"(up{"a"=})",
     R"(1:8: parse error: unexpected "}" in label matching, expected string)"},
    {R"(up{"a" "b"})",
     R"(1:8: parse error: unexpected string "\"b\"" in label matching, expected "," or "}")"},
    {"up{{", "1:4: parse error: unexpected left brace '{'"},
    {R"(up{a!"b"})",
     R"(1:5: parse error: unexpected character after '!' inside braces: '"')"},
    {R"(up{a="b})", "1:6: parse error: unterminated quoted string"},
    {"up{$}", "1:4: parse error: unexpected character inside braces: '$'"},
    {"{}",
     "1:1: parse error: vector selector must contain at least one non-empty "
     "matcher"},
    {R"({a=""})",
     "1:1: parse error: vector selector must contain at least one non-empty "
     "matcher"},
    {R"({a=~".*"})",
     "1:1: parse error: vector selector must contain at least one non-empty "
     "matcher"},
    {R"({a!="b"})",
     "1:1: parse error: vector selector must contain at least one non-empty "
     "matcher"},
    {R"(up{__name__="down"})",
     R"(1:1: parse error: metric name must not be set twice: "up" or "down")"},
    {R"(up{"down"})",
     R"(1:1: parse error: metric name must not be set twice: "up" or "down")"},
    {"up}", "1:3: parse error: unexpected character: '}'"},
    {"1 +", "1:4: parse error: unexpected end of input"},
    {"+", "1:2: parse error: unexpected end of input"},
    {"* 1", "1:1: parse error: unexpected <op:*>"},
    {"1 1", R"(1:3: parse error: unexpected number "1")"},
    {"up down", R"(1:4: parse error: unexpected identifier "down")"},
    {R"(up "text")", R"(1:4: parse error: unexpected string "\"text\"")"},
    {R"("text" up)", R"(1:8: parse error: unexpected identifier "up")"},
    {"1 == 2",
     "1:3: parse error: comparisons between scalars must use BOOL modifier"},
    {"1 < bool", "1:9: parse error: unexpected end of input"},
    {"1 + bool 2",
     "1:3: parse error: bool modifier can only be used on comparison "
     "operators"},
    {"up and 1",
     R"(1:1: parse error: set operator "and" not allowed in binary scalar expression)"},
    {"1 or up",
     R"(1:1: parse error: set operator "or" not allowed in binary scalar expression)"},
    {"1 unless 2",
     R"(1:1: parse error: set operator "unless" not allowed in binary scalar expression)"},
    {R"(up + "text")",
     "1:6: parse error: binary expression must contain only scalar and instant "
     "vector types"},
    {R"("a" + "b")",
     "1:1: parse error: binary expression must contain only scalar and instant "
     "vector types"},
    {"up[5m] + 1",
     "1:1: parse error: binary expression must contain only scalar and instant "
     "vector types"},
    {R"(-"text")",
     R"(1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got "string")"},
    {"-up[5m]",
     R"(1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got "range vector")"},
    {"a + on b",
     R"(1:8: parse error: unexpected identifier "b" in grouping opts, expected "(")"},
    {"a + on( b", "1:10: parse error: unclosed left parenthesis"},
    {"a + on(b c) d",
     R"~(1:10: parse error: unexpected identifier "c" in grouping opts, expected "," or ")")~"},
    {"a + on(b,, c) d",
     R"(1:10: parse error: unexpected "," in grouping opts, expected label)"},
    {R"(a + on("") d)",
     R"(1:8: parse error: invalid label name for grouping: "")"},
    {"a + on(b) group_left(b) c",
     R"(1:3: parse error: label "b" must not occur in ON and GROUP clause at once)"},
    {"a and on(b) group_left(c) d",
     R"(1:1: parse error: no grouping allowed for "and" operation)"},
    {"a or group_right(b) c", "1:6: parse error: unexpected <group_right>"},
    {"1 + on(b) 2",
     "1:1: parse error: vector matching only allowed between instant vectors"},
    {"a + on(b) 2",
     "1:1: parse error: vector matching only allowed between instant vectors"},
    {"a + fill(0) 1",
     "1:1: parse error: filling in missing series only allowed between instant "
     "vectors"},
    {"a and fill(0) b",
     "1:1: parse error: filling in missing series not allowed for set "
     "operators"},
    {"a + fill() b", R"~(1:10: parse error: unexpected ")")~"},
    {"a + fill(x) b", R"(1:10: parse error: unexpected identifier "x")"},
    {"a + fill(1) fill_left(2) b", R"(1:22: parse error: unexpected "(")"},
    {"sum()",
     "1:1: parse error: no arguments for aggregate expression provided"},
    {"sum(", "1:5: parse error: unclosed left parenthesis"},
    {"sum(up", "1:7: parse error: unclosed left parenthesis"},
    {"sum(up,)",
     "1:7: parse error: trailing commas not allowed in function call args"},
    {"sum(up, up)",
     "1:1: parse error: wrong number of arguments for aggregate expression "
     "provided, expected 1, got 2"},
    {"sum(1)",
     "1:5: parse error: expected type instant vector in aggregation "
     "expression, got scalar"},
    {R"(sum("a"))",
     "1:5: parse error: expected type instant vector in aggregation "
     "expression, got string"},
    {"sum(up[5m])",
     "1:5: parse error: expected type instant vector in aggregation "
     "expression, got range vector"},
    {"sum by (up)",
     "1:12: parse error: unexpected end of input in aggregation"},
    {"sum by up",
     R"(1:8: parse error: unexpected identifier "up" in grouping opts, expected "(")"},
    {"sum by (job (up)",
     R"~(1:13: parse error: unexpected "(" in grouping opts, expected "," or ")")~"},
    {"sum by (job) up",
     R"(1:14: parse error: unexpected identifier "up" in aggregation)"},
    {"sum(up) by (1)",
     R"(1:13: parse error: unexpected number "1" in grouping opts, expected label)"},
    {"sum by (without) (up)",
     "1:9: parse error: unexpected <without> in grouping opts, expected label"},
    {"sum(up) by (a) by (b)", "1:16: parse error: unexpected <by>"},
    {"topk(up)",
     "1:1: parse error: wrong number of arguments for aggregate expression "
     "provided, expected 2, got 1"},
    {R"(topk("a", up))",
     "1:6: parse error: expected type scalar in aggregation parameter, got "
     "string"},
    {"topk(5)",
     "1:1: parse error: wrong number of arguments for aggregate expression "
     "provided, expected 2, got 1"},
    {"count_values(5, up)",
     "1:14: parse error: expected type string in aggregation parameter, got "
     "scalar"},
    {"quantile()",
     "1:1: parse error: no arguments for aggregate expression provided"},
    {"rate(up)",
     R"(1:6: parse error: expected type range vector in call to function "rate", got instant vector)"},
    {"rate()",
     R"(1:1: parse error: expected 1 argument(s) in call to "rate", got 0)"},
    {"rate(up[5m], 1)",
     R"(1:1: parse error: expected 1 argument(s) in call to "rate", got 2)"},
    {"rate(up[5m],)",
     "1:12: parse error: trailing commas not allowed in function call args"},
    {"rate(,)", R"(1:6: parse error: unexpected ",")"},
    {"rate(up,,up)",
     "1:8: parse error: trailing commas not allowed in function call args"},
    {"rte(up[5m])", R"(1:1: parse error: unknown function with name "rte")"},
    {"unknown(up)",
     R"(1:1: parse error: unknown function with name "unknown")"},
    {"sun(up)", R"(1:1: parse error: unknown function with name "sun")"},
    {"RATE(up[5m])", R"(1:1: parse error: unknown function with name "RATE")"},
    {R"(label_replace(up, "a"))",
     R"(1:1: parse error: expected 5 argument(s) in call to "label_replace", got 2)"},
    {R"(label_join(up, "a"))",
     R"(1:1: parse error: expected at least 3 argument(s) in call to "label_join", got 2)"},
    {R"(histogram_quantiles(up, "q"))",
     R"(1:1: parse error: expected at least 3 argument(s) in call to "histogram_quantiles", got 2)"},
    {R"(histogram_quantiles(up, "q", 1,2,3,4,5,6,7,8,9,10,11))",
     R"(1:1: parse error: expected at most 12 argument(s) in call to "histogram_quantiles", got 13)"},
    {"round(up, 1, 2)",
     R"(1:1: parse error: expected at most 2 argument(s) in call to "round", got 3)"},
    {"hour(up, up)",
     R"(1:1: parse error: expected at most 1 argument(s) in call to "hour", got 2)"},
    {"time(1)",
     R"(1:1: parse error: expected 0 argument(s) in call to "time", got 1)"},
    {"vector(up)",
     R"(1:8: parse error: expected type scalar in call to function "vector", got instant vector)"},
    {"scalar(1)",
     R"(1:8: parse error: expected type instant vector in call to function "scalar", got scalar)"},
    {"clamp(up, 1)",
     R"(1:1: parse error: expected 3 argument(s) in call to "clamp", got 2)"},
    {"info(up, 1)",
     R"(1:1: parse error: expected type instant vector in call to function "info", got scalar)"},
    {"info(up, x)",
     "1:10: parse error: expected label selectors only, got vector selector "
     "instead"},
    {"info(up, rate(x[5m]))",
     "1:10: parse error: expected label selectors only"},
    {"absent_over_time(up)",
     R"(1:18: parse error: expected type range vector in call to function "absent_over_time", got instant vector)"},
    {"up[", "1:4: parse error: unexpected end of input in duration expression"},
    {"up[5m", "1:6: parse error: unclosed left bracket"},
    {"up[]",
     R"(1:4: parse error: unexpected "]" in subquery or range selector, expected number, duration, step(), or range())"},
    {"up[0]", "1:4: parse error: duration must be greater than 0"},
    {"up[0m]", "1:4: parse error: duration must be greater than 0"},
    {"up[-5m]", "1:4: parse error: duration must be greater than 0"},
    {"up[a]",
     "1:4: parse error: unexpected character in duration expression: 'a'"},
    {"up[5m:", "1:7: parse error: unclosed left bracket"},
    {"up[5m:]]", "1:8: parse error: unexpected right bracket ']'"},
    {"up[:5m]",
     "1:5: parse error: unexpected colon before duration in duration "
     "expression"},
    {"up[5m::]", "1:7: parse error: unexpected colon ':'"},
    {"up[5m:1m:]", "1:9: parse error: unexpected colon ':'"},
    {"up[5m:0]", "1:7: parse error: duration must be greater than 0"},
    {"up[5m:1m)", "1:10: parse error: unexpected right parenthesis ')'"},
    {"up[5m 1m]",
     R"(1:7: parse error: unexpected duration "1m" in subquery or range, expected ":" or "]")"},
    {R"(up["5m"])",
     R"(1:4: parse error: unexpected character in duration expression: '"')"},
    {"up[5m] [5m]",
     "1:8: parse error: ranges only allowed for vector selectors"},
    {"up[5mm]", R"(1:4: parse error: bad number or duration syntax: "5mm")"},
    {"up[5q]", R"(1:4: parse error: bad number or duration syntax: "5")"},
    {"up[1h1h]", R"(1:4: parse error: not a valid duration string: "1h1h")"},
    {"up[1m1h]", R"(1:4: parse error: not a valid duration string: "1m1h")"},
    {"up[1.5h]", R"(1:4: parse error: unknown unit "." in duration "1.5h")"},
    {"up[300y]", "1:4: parse error: duration out of range"},
    {"up[1e20]", "1:4: parse error: duration out of range"},
    {"up[5m +]",
     R"(1:8: parse error: unexpected "]" in subquery or range selector, expected number, duration, step(), or range())"},
    {"up[5m / 0]", "1:7: parse error: division by zero"},
    {"up[5m % 0]", "1:7: parse error: modulo by zero"},
    {"up[(5m]",
     R"(1:7: parse error: unexpected "]" in subquery or range selector, expected number, duration, step(), or range())"},
    {"up[5m)]", "1:7: parse error: unexpected right parenthesis ')'"},
    {"up[step]",
     R"(1:8: parse error: unexpected "]" in subquery or range selector, expected number, duration, step(), or range())"},
    {"up[steps()]",
     "1:4: parse error: unexpected character in duration expression: 's'"},
    {"up[max_of(5m)]",
     R"~(1:13: parse error: unexpected ")" in subquery or range selector, expected number, duration, step(), or range())~"},
    {"up[#]",
     "1:4: parse error: unexpected character in duration expression: '#'"},
    {"1[5m]", "1:2: parse error: ranges only allowed for vector selectors"},
    {"sum(up)[5m]",
     "1:8: parse error: ranges only allowed for vector selectors"},
    {"(up)[5m]", "1:5: parse error: ranges only allowed for vector selectors"},
    {R"("a"[5m:])",
     "1:1: parse error: subquery is only allowed on instant vector, got string "
     "instead"},
    {"1[5m:]",
     "1:1: parse error: subquery is only allowed on instant vector, got scalar "
     "instead"},
    {"up[5m][5m:]",
     "1:1: parse error: subquery is only allowed on instant vector, got matrix "
     "instead"},
    {"up offset",
     "1:10: parse error: unexpected end of input in offset, expected number, "
     "duration, step(), or range()"},
    {"up offset foo",
     R"(1:11: parse error: unexpected identifier "foo" in offset, expected number, duration, step(), or range())"},
    {R"(up offset "5m")",
     R"(1:11: parse error: unexpected string "\"5m\"" in offset, expected number, duration, step(), or range())"},
    {"up offset 5m offset 5m",
     "1:1: parse error: offset may not be set multiple times"},
    {"sum(up) offset 5m",
     "1:1: parse error: offset modifier must be preceded by an instant vector "
     "selector or range vector selector or a subquery"},
    {"1 offset 5m",
     "1:1: parse error: offset modifier must be preceded by an instant vector "
     "selector or range vector selector or a subquery"},
    {"(up) offset 5m",
     "1:1: parse error: offset modifier must be preceded by an instant vector "
     "selector or range vector selector or a subquery"},
    {"up offset 5m [5m]",
     "1:14: parse error: no offset modifiers allowed before range"},
    {"up offset 300y", "1:11: parse error: duration out of range"},
    {"up offset -",
     "1:12: parse error: unexpected end of input in offset, expected number, "
     "duration, step(), or range()"},
    {"up offset (", "1:12: parse error: unclosed left parenthesis"},
    {"up @",
     "1:5: parse error: unexpected end of input in @, expected timestamp"},
    {"up @ foo",
     R"(1:6: parse error: unexpected identifier "foo" in @, expected timestamp)"},
    {"up @ start",
     "1:11: parse error: unexpected end of input in @, expected timestamp"},
    {"up @ start(", "1:12: parse error: unclosed left parenthesis"},
    {"up @ start(1)",
     R"(1:12: parse error: unexpected number "1" in @, expected timestamp)"},
    {"up @ 1 @ 2",
     "1:1: parse error: @ <timestamp> may not be set multiple times"},
    {"up @ start() @ end()",
     "1:1: parse error: @ <timestamp> may not be set multiple times"},
    {"up @ Inf",
     "1:1: parse error: timestamp out of bounds for @ modifier: +Inf"},
    {"up @ NaN",
     "1:1: parse error: timestamp out of bounds for @ modifier: NaN"},
    {"up @ -1e30",
     "1:1: parse error: timestamp out of bounds for @ modifier: "
     "-1000000000000000019884624838656.000000"},
    {"up @ 1 [5m]", "1:8: parse error: no @ modifiers allowed before range"},
    {"sum(up) @ 1",
     "1:1: parse error: @ modifier must be preceded by an instant vector "
     "selector or range vector selector or a subquery"},
    {"1 @ 1",
     "1:1: parse error: @ modifier must be preceded by an instant vector "
     "selector or range vector selector or a subquery"},
    {"up anchored smoothed",
     "1:1: parse error: anchored and smoothed modifiers cannot be used "
     "together"},
    {"up[5m:] anchored",
     "1:1: parse error: anchored modifier is not supported for subqueries"},
    {"sum(up) smoothed", "1:1: parse error: smoothed modifier not implemented"},
    {"1x", R"(1:1: parse error: bad number or duration syntax: "1")"},
    {"0x",
     R"(1:1: parse error: error parsing number: strconv.ParseFloat: parsing "0x": invalid syntax)"},
    {"0xg", R"(1:1: parse error: bad number or duration syntax: "0x")"},
    {"1e", R"(1:1: parse error: bad number or duration syntax: "1e")"},
    {"1e+", R"(1:1: parse error: bad number or duration syntax: "1e+")"},
    {"1..2", R"(1:1: parse error: bad number or duration syntax: "1..")"},
    {"1__0", R"(1:1: parse error: bad number or duration syntax: "1__")"},
    {"1_", R"(1:1: parse error: bad number or duration syntax: "1_")"},
    {"1.2.3", R"(1:1: parse error: bad number or duration syntax: "1.2.")"},
    {"1e5e5", R"(1:1: parse error: bad number or duration syntax: "1e5e")"},
    {"0x1.5", R"(1:1: parse error: bad number or duration syntax: "0x1.")"},
    {"99999999999999999999e999",
     R"(1:1: parse error: error parsing number: strconv.ParseFloat: parsing "99999999999999999999e999": value out of range)"},
    {"1e999",
     R"(1:1: parse error: error parsing number: strconv.ParseFloat: parsing "1e999": value out of range)"},
    {"5mh", R"(1:1: parse error: bad number or duration syntax: "5mh")"},
    {R"("open)", "1:1: parse error: unterminated quoted string"},
    {"'open", "1:1: parse error: unterminated quoted string"},
    {"`open", "1:1: parse error: unterminated raw string"},
    {R"("\q")", "1:1: parse error: unknown escape sequence U+0071 'q'"},
    {R"("\xg0")",
     "1:1: parse error: illegal character U+0067 'g' in escape sequence"},
    {R"("\400")",
     "1:1: parse error: escape sequence is an invalid Unicode code point"},
    {R"("\ud800")",
     "1:1: parse error: escape sequence is an invalid Unicode code point"},
    {R"("\UFFFFFFFF")",
     "1:1: parse error: escape sequence is an invalid Unicode code point"},
    {R"("a\)", "1:1: parse error: escape sequence not terminated"},
    {"=", R"(1:1: parse error: unexpected "=")"},
    {"!", "1:1: parse error: unexpected character after '!': '�'"},
    {"!a", "1:1: parse error: unexpected character after '!': 'a'"},
    {"=~", "1:1: parse error: unexpected character after '=': '~'"},
    {"a =~ b", "1:3: parse error: unexpected character after '=': '~'"},
    {"a !~ b", "1:3: parse error: unexpected character after '!': '~'"},
    {"a = b", R"(1:3: parse error: unexpected "=")"},
    {"$", "1:1: parse error: unexpected character: '$'"},
    {"a ; b", "1:3: parse error: unexpected character: ';'"},
    {"é", "1:1: parse error: unexpected character: 'é'"},
    {R"(up{é="a"})",
     "1:4: parse error: unexpected character inside braces: 'é'"},
    {"a:b(up)", R"(1:4: parse error: unexpected "(")"},
    {"up unles up", R"(1:4: parse error: unexpected identifier "unles")"},
    {"sum(up) bye (job)", R"(1:9: parse error: unexpected identifier "bye")"},
    {"\n\n  up +\n", "4:1: parse error: unexpected end of input"},
    {"up{\n  a=\"b\"\n  c=\"d\"}",
     R"(3:3: parse error: unexpected identifier "c" in label matching, expected "," or "}")"},
};

ExprPtr parsed(std::string_view text) {
  auto expr = parse(text, ParseOptions::all());
  if (!expr) {
    ADD_FAILURE() << text << ": " << error_text(expr.error());
    return nullptr;
  }
  return *std::move(expr);
}

std::string error_of(std::string_view text,
                     const ParseOptions& options = ParseOptions::all()) {
  const auto expr = parse(text, options);
  return expr ? "" : error_text(expr.error());
}

std::string hint_of(std::string_view text) {
  const auto expr = parse(text);
  return expr ? "" : expr.error().front().hint;
}

std::string repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(Parser, ReadsWhatUpstreamReads) {
  for (const Case& c : kGood) {
    const ExprPtr expr = parsed(c.input);
    ASSERT_TRUE(expr) << c.input;
    EXPECT_EQ(to_string(*expr), c.expected) << c.input;
  }
}

TEST(Parser, ReadsBackWhatIsPrinted) {
  for (const Case& c : kGood) {
    const ExprPtr expr = parsed(c.input);
    ASSERT_TRUE(expr) << c.input;
    const ExprPtr again = parsed(to_string(*expr));
    ASSERT_TRUE(again) << c.input;
    EXPECT_TRUE(same_tree(*expr, *again)) << c.input;
    const ExprPtr from_pretty = parsed(pretty(*expr));
    ASSERT_TRUE(from_pretty) << c.input;
    EXPECT_TRUE(same_tree(*expr, *from_pretty)) << c.input;
    EXPECT_TRUE(same_tree(*expr, *clone(*expr))) << c.input;
  }
}

TEST(Parser, ReportsMistakesInUpstreamsWords) {
  for (const Case& c : kBad)
    EXPECT_EQ(error_of(c.input), c.expected) << c.input;
}

TEST(Parser, PlacesNodesInsideOfTheirParents) {
  for (const Case& c : kGood) {
    const ExprPtr root = parsed(c.input);
    ASSERT_TRUE(root);
    walk(*root, [&](const Expr& expr, std::span<const Expr* const> path) {
      EXPECT_LT(expr.range.begin, expr.range.end) << c.input;
      EXPECT_LE(expr.range.end, c.input.size()) << c.input;
      if (!path.empty()) {
        EXPECT_LE(path.back()->range.begin, expr.range.begin) << c.input;
        EXPECT_GE(path.back()->range.end, expr.range.end) << c.input;
      }
      EXPECT_NE(expr.type, ValueType::kNone) << c.input;
      return true;
    });
  }
}

TEST(Parser, KnowsWhereNodesBeginAndEnd) {
  const ExprPtr expr = parsed("sum by (job) (rate(up[5m] offset 1h)) > 2");
  const auto* binary = expr->as<Binary>();
  ASSERT_TRUE(binary);
  EXPECT_EQ(expr->range, (TextRange{0, 41}));
  EXPECT_EQ(binary->op_range, (TextRange{38, 39}));
  EXPECT_EQ(binary->lhs->range, (TextRange{0, 37}));
  const auto* sum = binary->lhs->as<Aggregate>();
  ASSERT_TRUE(sum);
  EXPECT_EQ(sum->expr->range, (TextRange{14, 36}));
  const auto* rate = sum->expr->as<Call>();
  ASSERT_TRUE(rate);
  EXPECT_EQ(rate->args[0]->range, (TextRange{19, 35}));
  const auto* matrix = rate->args[0]->as<MatrixSelector>();
  ASSERT_TRUE(matrix);
  EXPECT_EQ(matrix->selector_range, (TextRange{19, 21}));
  EXPECT_EQ(matrix->range.ms, 300'000);
  EXPECT_EQ(matrix->selector.offset.ms, 3'600'000);
}

TEST(Parser, ChecksTypes) {
  EXPECT_EQ(parsed("1 + 2")->type, ValueType::kScalar);
  EXPECT_EQ(parsed("1 + up")->type, ValueType::kVector);
  EXPECT_EQ(parsed("(up[5m])")->type, ValueType::kMatrix);
  EXPECT_EQ(parsed("up[5m:]")->type, ValueType::kMatrix);
  EXPECT_EQ(parsed("\"x\"")->type, ValueType::kString);
  EXPECT_EQ(parsed("-time()")->type, ValueType::kScalar);
}

TEST(Parser, KeepsMatchingOnlyBetweenVectors) {
  EXPECT_FALSE(parsed("up + 1")->as<Binary>()->matching);
  EXPECT_TRUE(parsed("up + up")->as<Binary>()->matching);
  EXPECT_EQ(parsed("up and up")->as<Binary>()->matching->cardinality,
            Cardinality::kManyToMany);
}

TEST(Parser, SetsTheNamesMatcherLast) {
  const ExprPtr expr = parsed(R"(up{job="a"})");
  const auto* selector = expr->as<VectorSelector>();
  ASSERT_EQ(selector->matchers.size(), 2U);
  EXPECT_EQ(selector->matchers[0].name(), "job");
  EXPECT_EQ(selector->matchers[1].name(), "__name__");
}

// -- Features

TEST(Parser, HidesExperimentsBehindUpstreamsFlags) {
  const ParseOptions none;
  EXPECT_EQ(error_of("mad_over_time(x[5m])", none),
            "1:1: parse error: function \"mad_over_time\" is not enabled");
  EXPECT_EQ(error_of("limitk(1, x)", none),
            "1:1: parse error: limitk() is experimental and must be enabled "
            "with --enable-feature=promql-experimental-functions");
  EXPECT_EQ(error_of("x[5m] anchored", none),
            "1:1: parse error: anchored modifier is experimental and not "
            "enabled");
  EXPECT_EQ(error_of("a + fill(0) b", none),
            "1:1: parse error: binop fill modifiers are experimental and not "
            "enabled");
  EXPECT_EQ(error_of("x[2 * step()]", none), "");
}

TEST(ParseOptions, AreEnabledByName) {
  ParseOptions options;
  EXPECT_TRUE(options.enable("promql-experimental-functions"));
  EXPECT_TRUE(options.enable("promql-extended-range-selectors"));
  EXPECT_TRUE(options.enable("promql-binop-fill-modifiers"));
  EXPECT_TRUE(options.enable("promql-duration-expr"));
  EXPECT_FALSE(options.enable("exemplar-storage"));
  EXPECT_EQ(error_of("limitk(1, x[5m] smoothed) + fill(0) y", options),
            "1:11: parse error: expected type instant vector in aggregation "
            "expression, got range vector");
}

// -- Hints and several mistakes at once

TEST(Parser, SuggestsWhatWasMeant) {
  EXPECT_EQ(hint_of("rte(up[5m])"), "did you mean `rate`?");
  EXPECT_EQ(hint_of("RATE(up[5m])"), "did you mean `rate`?");
  EXPECT_EQ(hint_of("conut(up)"), "did you mean `count`?");
  EXPECT_EQ(hint_of("up unles up"), "did you mean `unless`?");
  EXPECT_EQ(hint_of("sum(up) witout (job)"), "did you mean `without`?");
  EXPECT_EQ(hint_of("xyzzy(up)"), "");
  EXPECT_EQ(hint_of("limitk(1, x)").find("enable-feature"), std::string::npos);
  EXPECT_NE(hint_of("mad_over_time(x[5m])").find("enable-feature"),
            std::string::npos);
}

TEST(Parser, HintsAtRemedies) {
  EXPECT_EQ(hint_of("rate(up)"), "add a range of time, as in [5m]");
  EXPECT_EQ(hint_of("sum(up[5m])"),
            "apply a function of ranges first, as rate or avg_over_time");
  EXPECT_EQ(hint_of("1 > 2"), "write > bool");
  EXPECT_EQ(hint_of("up = 1"), "did you mean `==`?");
}

TEST(Parser, GoesOnAfterABadMatcher) {
  const auto expr = parse("up{a b, c=\"d\", e=f} + rte(up{,})");
  ASSERT_FALSE(expr);
  std::string columns;
  for (const Diagnostic& d : expr.error())
    columns += std::to_string(d.column) + " ";
  EXPECT_EQ(columns, "6 18 30 23 ");
}

TEST(Parser, ReportsSeveralMistakesInOneRun) {
  const auto expr = parse("rte(up[5m]) + abz(up) + up[0m]");
  ASSERT_FALSE(expr);
  ASSERT_EQ(expr.error().size(), 3U);
  EXPECT_EQ(expr.error()[0].message, "unknown function with name \"rte\"");
  EXPECT_EQ(expr.error()[1].message, "unknown function with name \"abz\"");
  EXPECT_EQ(expr.error()[1].column, 15U);
  EXPECT_EQ(expr.error()[1].width, 3U);
  EXPECT_EQ(expr.error()[2].message, "duration must be greater than 0");
  const auto types = parse("sum(1) + rate(up) + {}");
  ASSERT_FALSE(types);
  EXPECT_EQ(types.error().size(), 3U);
}

TEST(Parser, ReportsABoundedNumberOfMistakes) {
  const auto expr = parse("0" + repeated(" + x()", 200));
  ASSERT_FALSE(expr);
  EXPECT_EQ(expr.error().size(), kDiagnosticsMax);
}

TEST(Parser, PassesOnWhatIsWrongWithARegularExpression) {
  EXPECT_TRUE(error_of(R"(up{a=~"("})")
                  .starts_with("1:4: parse error: error parsing regexp: "));
}

// -- Limits

TEST(Parser, LimitsNesting) {
  const auto nested = [](int levels) {
    return repeated("(", levels) + "1" + repeated(")", levels);
  };
  EXPECT_EQ(error_of(nested(kNestingMax)), "");
  EXPECT_EQ(error_of(nested(kNestingMax + 1)),
            "1:129: parse error: expression is nested deeper than 128 levels");
  EXPECT_EQ(error_of(repeated("-", kNestingMax) + "up"), "");
  EXPECT_NE(error_of(repeated("-", kNestingMax + 1) + "up"), "");
  EXPECT_NE(error_of(repeated("abs(", 129) + "up" + repeated(")", 129)), "");
  EXPECT_NE(error_of("x[" + repeated("-", 20000) + "1m]"), "");
  EXPECT_NE(error_of("x[" + repeated("(", 20000)), "");
}

TEST(Parser, LimitsOperators) {
  EXPECT_EQ(error_of("1" + repeated("+1", kOperatorsMax)), "");
  EXPECT_EQ(error_of("1" + repeated("+1", kOperatorsMax + 1)),
            "1:2050: parse error: expression has more than 1024 operators");
  EXPECT_NE(error_of("1" + repeated("^1", kOperatorsMax + 1)), "");
  EXPECT_NE(error_of("x" + repeated("[1m:]", kOperatorsMax + 1)), "");
  EXPECT_NE(error_of("x[1" + repeated("^1", kOperatorsMax + 1) + "]"), "");
}

TEST(Parser, LimitsLength) {
  const std::string longest = std::string(kExpressionBytesMax - 1, ' ') + "1";
  EXPECT_EQ(error_of(longest), "");
  EXPECT_EQ(error_of(longest + " "),
            "1:1: parse error: expression is longer than 65536 bytes");
}

TEST(Parser, PrintsTheDeepestTreesItReads) {
  const std::string text = "1" + repeated(" ^ 1", kOperatorsMax);
  const ExprPtr expr = parsed(text);
  ASSERT_TRUE(expr);
  EXPECT_EQ(to_string(*expr), text);
  EXPECT_TRUE(same_tree(*expr, *clone(*expr)));
}

// -- Selectors and metrics alone

TEST(ParseSelector, ReadsASelectorWithoutModifiers) {
  const auto matchers = parse_selector(R"(up{job=~"a.*"})");
  ASSERT_TRUE(matchers);
  ASSERT_EQ(matchers->size(), 2U);
  EXPECT_EQ((*matchers)[0].to_string(), R"(job=~"a.*")");
  EXPECT_TRUE(parse_selector("{}"));
  for (const std::string_view bad :
       {"", "up offset 5m", "up[5m]", "rate(up)", "1", "up up", "up{"}) {
    EXPECT_FALSE(parse_selector(bad)) << bad;
  }
}

TEST(ParseMetric, ReadsLabels) {
  const auto labels = parse_metric(R"(up{job="a", "b c"="d",})");
  ASSERT_TRUE(labels);
  EXPECT_EQ(labels->get("b c"), "d");
  EXPECT_EQ(labels->metric_name(), "up");
  EXPECT_EQ(parse_metric(R"({"x y"})")->metric_name(), "x y");
  EXPECT_TRUE(parse_metric("")->empty());
  const Case bad[] = {
      {"up{a}",
       R"(1:5: parse error: unexpected "}" in label set, expected "=")"},
      {"up{a=b}",
       R"(1:6: parse error: unexpected identifier "b" in label set, expected string)"},
      {R"(up{a="b" c)",
       R"(1:10: parse error: unexpected identifier "c" in label set, expected "," or "}")"},
      {"up{=",
       R"(1:4: parse error: unexpected "=" in label set, expected identifier or "}")"},
      {"up 1", R"(1:4: parse error: unexpected number "1")"},
  };
  for (const Case& c : bad) {
    const auto failed = parse_metric(c.input);
    ASSERT_FALSE(failed) << c.input;
    EXPECT_EQ(error_text(failed.error()), c.expected) << c.input;
  }
}

TEST(ToError, IsBadData) {
  const auto expr = parse("1 +");
  ASSERT_FALSE(expr);
  EXPECT_EQ(to_error(expr.error()).code, Code::kBadData);
  EXPECT_EQ(to_error(expr.error()).message,
            "1:4: parse error: unexpected end of input");
}

}  // namespace
}  // namespace prom::promql
