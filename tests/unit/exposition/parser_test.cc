#include "libprom/exposition/parser.h"

#include <bit>
#include <cmath>

#include <gtest/gtest.h>

#include "libprom/base/number.h"
#include "libprom/model/sample.h"
#include "libprom/os/file.h"

#include "tests/support/shared_data.h"

namespace prom::exposition {
namespace {

std::string show(const Metadata& metadata) {
  switch (metadata.kind) {
    case Metadata::Kind::kType:
      return "TYPE " + metadata.family + " " +
             std::string(to_string(metadata.type));
    case Metadata::Kind::kHelp:
      return "HELP " + metadata.family + " [" + metadata.text + "]";
    case Metadata::Kind::kUnit:
      return "UNIT " + metadata.family + " [" + metadata.text + "]";
  }
  return "";
}

std::string show(const Exemplar& exemplar) {
  std::string out =
      " # " + exemplar.labels.to_string() + " " + format_float(exemplar.value);
  if (exemplar.t_ms) out += " @" + std::to_string(*exemplar.t_ms);
  return out;
}

std::string show_sample(const Parser& parser) {
  const Sample& sample = parser.sample();
  std::string out = parser.labels().to_string() + " ";
  out += is_stale_nan(sample.value) ? "stale" : format_float(sample.value);
  if (sample.t_ms) out += " @" + std::to_string(*sample.t_ms);
  if (sample.has_exemplar) out += show(parser.exemplar());
  return out;
}

// Everything that a parser finds, a line each; an error is the last line.
std::string walk(Parser& parser) {
  std::string out;
  for (;;) {
    const Result<Parser::Item> item = parser.next();
    if (!item) return out + "error " + item.error().message + "\n";
    switch (*item) {
      case Parser::Item::kStart:
      case Parser::Item::kExemplar:
        break;
      case Parser::Item::kEnd:
        return out;
      case Parser::Item::kMetadata:
        out += show(parser.metadata()) + "\n";
        break;
      case Parser::Item::kSample:
        out += show_sample(parser) + "\n";
        break;
    }
  }
}
std::string walk(std::string_view input, Format format) {
  Parser parser(input, format);
  return walk(parser);
}
std::string text(std::string_view input) {
  return walk(input, Format::kText);
}
std::string open_metrics(std::string_view input) {
  return walk(input, Format::kOpenMetrics);
}

using namespace std::string_literals;

struct Case {
  std::string input;
  std::string expected;
};

// --- text

TEST(TextParser, ReadsSamples) {
  const Case cases[] = {
      {"", ""},
      {"\n \t\n\n", ""},
      {"a 1", "a 1\n"},
      {"a 1\n", "a 1\n"},
      {"  a \t 1 \t 1000 \t\n", "a 1 @1000\n"},
      {"a{} 1\n", "a 1\n"},
      {"a{b=\"c\"}1\n", "a{b=\"c\"} 1\n"},
      {"a+1\n", "a 1\n"},
      {"a{b=\"c\",} 1\n", "a{b=\"c\"} 1\n"},
      {"a { b = \"c\" , d = \"e\" } 2\n", "a{b=\"c\", d=\"e\"} 2\n"},
      {"a{b=\"c\" d=\"e\"} 2\n", "a{b=\"c\", d=\"e\"} 2\n"},
      {"a{z=\"1\",b=\"2\"} 2\n", "a{b=\"2\", z=\"1\"} 2\n"},
      {"a{b=\"\"} 1\n", "a 1\n"},
      {"a:b:c_9 1\n", "a:b:c_9 1\n"},
      {"_a{_b=\"c\"} 1\n", "_a{_b=\"c\"} 1\n"},
      {"a{b=\"\\\"c\\\\\\n\\x\"} 1\n", "a{b=\"\\\"c\\\\\\n\\\\x\"} 1\n"},
      {"a{b=\"}, {\"} 1\n", "a{b=\"}, {\"} 1\n"},
      {"a{b=\"two\nlines\"} 1\nc 2\n", "a{b=\"two\\nlines\"} 1\nc 2\n"},
      {"a{b=\"zero\0\"} 1\n"s, "a{b=\"zero\\x00\"} 1\n"},
      {"a{b=\"Gr\xc3\xb6\xc3\x9f"
       "e\"} 1\n",
       "a{b=\"Gr\xc3\xb6\xc3\x9f"
       "e\"} 1\n"},
  };
  for (const Case& c : cases) EXPECT_EQ(text(c.input), c.expected) << c.input;
}

TEST(TextParser, ReadsNumbersAsGoDoes) {
  const Case cases[] = {
      {"0", "0"},
      {"-0", "-0"},
      {"+5", "5"},
      {"1.", "1"},
      {".5", "0.5"},
      {"-12.25", "-12.25"},
      {"1e3", "1000"},
      {"1E+03", "1000"},
      {"7.424100000000001e-05", "0.00007424100000000001"},
      {"123456789012345678", "123456789012345680"},
      {"9007199254740993", "9007199254740992"},
      {"0.1234567890123456789", "0.12345678901234568"},
      {"1e-400", "0"},
      {"4.9e-324", "5e-324"},
      {"1.7976931348623157e308", "1.7976931348623157e+308"},
      {"nan", "NaN"},
      {"NaN", "NaN"},
      {"+Inf", "+Inf"},
      {"-inf", "-Inf"},
      {"Infinity", "+Inf"},
  };
  for (const Case& c : cases)
    EXPECT_EQ(text("a " + c.input + "\n"), "a " + c.expected + "\n") << c.input;
  for (const char* bad : {"true", "1_2", "0x1p-3", "0X1P-3", "1e400", "1,5",
                          "--1", "1e", "0x10", "1.2.3", "+-1", "e5", ".", "-"})
    EXPECT_NE(text("a "s + bad + "\n").find("error 1:3: "), std::string::npos)
        << bad;
}

TEST(TextParser, MakesEveryNanTheSame) {
  Parser parser("a nan\n", Format::kText);
  ASSERT_TRUE(parser.next());
  EXPECT_EQ(std::bit_cast<std::uint64_t>(parser.sample().value),
            kNormalNanBits);
}

TEST(TextParser, ReadsNamesInQuotes) {
  const Case cases[] = {
      {"{\"a.b\"} 1\n", "{\"a.b\"} 1\n"},
      {"{\"a.b\",c=\"d\"} 1\n", "{\"a.b\", c=\"d\"} 1\n"},
      {"{ \"a.b\" , c = \"d\" , } 1\n", "{\"a.b\", c=\"d\"} 1\n"},
      {"{c=\"d\",\"a.b\"} 1\n", "{\"a.b\", c=\"d\"} 1\n"},
      {"{\"legacy\"} 1\n", "legacy 1\n"},
      {"a{\"b.c\"=\"d\"} 1\n", "a{\"b.c\"=\"d\"} 1\n"},
      {"{\"a \\\"b\\\" {\\n}\",\"c\\\"\"=\"6\"} 1\n",
       "{\"a \\\"b\\\" {\\n}\", \"c\\\"\"=\"6\"} 1\n"},
  };
  for (const Case& c : cases) EXPECT_EQ(text(c.input), c.expected) << c.input;
}

TEST(TextParser, ReadsMetadata) {
  const Case cases[] = {
      {"# HELP a Some text.\n", "HELP a [Some text.]\n"},
      {"#\t HELP \ta  Two blanks.\n", "HELP a [ Two blanks.]\n"},
      {"# HELP a\n", "HELP a []\n"},
      {"# HELP a  \n", "HELP a []\n"},
      {"# HELP a one\\ntwo \\\\ \\\" \\x\n", "HELP a [one\ntwo \\ \\\" \\x]\n"},
      {"# HELP a zero\0byte\n"s, "HELP a [zero\0byte]\n"s},
      {"# HELP \"a.b\" Text.\n", "HELP a.b [Text.]\n"},
      {"# TYPE a counter\n", "TYPE a counter\n"},
      {"# TYPE a untyped\n", "TYPE a unknown\n"},
      {"# TYPE \"a.b\" summary\n", "TYPE a.b summary\n"},
      {"# TYPE a gauge\n# TYPE a histogram",
       "TYPE a gauge\nTYPE a histogram\n"},
      // Comments.
      {"#\n# \n#HELP a b\n# HELPa b\n# HELP\n# TYPED a b\n# anything # EOF\n",
       ""},
      {"# UNIT a seconds\n", ""},
  };
  for (const Case& c : cases) EXPECT_EQ(text(c.input), c.expected) << c.input;
}

TEST(TextParser, MakesBoundsAndQuantilesCanonicalUnderTheirType) {
  EXPECT_EQ(text("# TYPE h histogram\n"
                 "h_bucket{le=\"1\"} 1\n"
                 "h_bucket{le=\"1e10\"} 1\n"
                 "h_bucket{le=\"+Inf\"} 1\n"
                 "h_bucket{le=\"odd\"} 1\n"
                 "h_bucket{quantile=\"1\"} 1\n"
                 "# TYPE s summary\n"
                 "s{quantile=\"0\",a=\"\\\\\"} 1\n"
                 "s{quantile=\"0.50\",le=\"1\"} 1\n"
                 "# TYPE g gauge\n"
                 "g{le=\"1\",quantile=\"1\"} 1\n"),
            "TYPE h histogram\n"
            "h_bucket{le=\"1.0\"} 1\n"
            "h_bucket{le=\"1e+10\"} 1\n"
            "h_bucket{le=\"+Inf\"} 1\n"
            "h_bucket{le=\"odd\"} 1\n"
            "h_bucket{quantile=\"1\"} 1\n"
            "TYPE s summary\n"
            "s{a=\"\\\\\", quantile=\"0.0\"} 1\n"
            "s{le=\"1\", quantile=\"0.5\"} 1\n"
            "TYPE g gauge\n"
            "g{le=\"1\", quantile=\"1\"} 1\n");
}

TEST(TextParser, RefusesWithLineAndColumn) {
  const Case cases[] = {
      {"a", "1:2: expected value after metric"},
      {"a 1\nb\n", "2:2: expected value after metric"},
      {"9a 1\n", "1:1: expected a metric name or a comment"},
      {"\xff 1\n", "1:1: expected a metric name or a comment"},
      {"\0a 1\n"s, "1:1: expected a metric name or a comment"},
      {"a\r 1\n", "1:2: not a number"},
      {"a 1\r\n", "1:3: not a number"},
      {"a{b='c'} 1\n", "1:5: expected label value"},
      {"a{b=\n", "1:5: expected label value"},
      {"a{\n", "1:3: expected label name"},
      {"a{,} 1\n", "1:3: expected label name"},
      {"a{b=\"c\",,} 1\n", "1:9: expected label name"},
      {"a{9=\"c\"} 1\n", "1:3: expected label name"},
      {"a{b:c=\"d\"} 1\n", "1:4: expected equal"},
      {"{A}0\n", "1:3: expected equal"},
      {"{} 1\n", "1:1: metric name not set"},
      {"{a=\"ok\"} 1\n", "1:1: metric name not set"},
      {"a{\"b\"} 1\n", "1:4: the metric has two names"},
      {"{\"a\",\"b\"} 1\n", "1:7: the metric has two names"},
      {"{\"\"} 1\n", "1:2: empty name"},
      {"{\"a\",\"\"=\"b\"} 1\n", "1:6: empty name"},
      {"{\"a\xff\"} 1\n", "1:2: invalid UTF-8"},
      {"{\"a\0b\"} 1\n"s, "1:2: zero byte in a name"},
      {"a{__name__=\"b\"} 1\n", "1:3: the metric has two names"},
      {"a{b=\"c\",b=\"d\"} 1\n", "1:3: a label comes twice"},
      {"a{z=\"c\",b=\"c\",z=\"d\"} 1\n", "1:3: a label comes twice"},
      {"a{b=\"\xff\"} 1\n", "1:5: invalid UTF-8"},
      {"a{b=\"c", "1:5: a quoted string does not end"},
      {"a{b=\"c\\", "1:7: backslash at the end of a line"},
      {"a{b=\"c\\\nd\"} 1\n", "1:7: backslash at the end of a line"},
      {"a 1 -5\n", "1:5: expected a timestamp in milliseconds"},
      {"a 1 1.5\n", "1:6: expected the end of the line"},
      {"a 1 1_2\n", "1:6: expected the end of the line"},
      {"a 1 9223372036854775808\n",
       "1:5: expected a timestamp in milliseconds"},
      {"a 1 5 6\n", "1:7: expected the end of the line"},
      {"a 0 1\0"s, "1:6: expected the end of the line"},
      {"a {b=\"c\"} {\n", "1:11: expected a value"},
      {"# TYPE #\n", "1:8: expected metric name"},
      {"# TYPE a\n", "1:9: invalid metric type"},
      {"# TYPE a  counter\n", "1:9: invalid metric type"},
      {"# TYPE a counter \n", "1:9: invalid metric type"},
      {"# TYPE a info\n", "1:9: invalid metric type"},
      {"# HELP #\n", "1:8: expected metric name"},
      {"# HELP a \xff\n", "1:9: invalid UTF-8"},
      {"a{b=\"x\ny\"} 1\nc d\n", "3:3: not a number"},
  };
  for (const Case& c : cases) {
    const std::string got = text(c.input);
    const std::size_t at = got.find("error ");
    ASSERT_NE(at, std::string::npos) << c.input;
    EXPECT_EQ(got.substr(at), "error " + c.expected + "\n") << c.input;
  }
}

TEST(TextParser, StaysAtTheMalformedLine) {
  Parser parser("a 1\nb x\nc 1\n", Format::kText);
  ASSERT_TRUE(parser.next());
  EXPECT_FALSE(parser.next());
  const Result<Parser::Item> again = parser.next();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::kBadData);
  EXPECT_EQ(again.error().message, "2:3: not a number");
}

TEST(TextParser, BoundsTheLengthOfALine) {
  const std::string most =
      "a{b=\"" + std::string(kRecordBytesMax - 10, 'x') + "\"} 1\n";
  ASSERT_EQ(most.size(), kRecordBytesMax);
  EXPECT_EQ(text(most).find("error"), std::string::npos);
  EXPECT_NE(text("a" + most).find("error 1:1: line longer than 1 MiB"),
            std::string::npos);
}

TEST(TextParser, TellsLinesOfSamples) {
  Parser parser("\n# x\na{b=\"1\n2\"} 1\nc 1\n", Format::kText);
  ASSERT_TRUE(parser.next());
  EXPECT_EQ(parser.sample().line, 3U);
  EXPECT_EQ(parser.sample().series, "a{b=\"1\n2\"}");
  ASSERT_TRUE(parser.next());
  EXPECT_EQ(parser.sample().line, 5U);
}

// --- OpenMetrics

TEST(OpenMetricsParser, ReadsWhatPrometheusReads) {
  const Case cases[] = {
      {"# EOF", ""},
      {"# EOF\n", ""},
      {"a 1\n# EOF\n", "a 1\n"},
      {"a 1 1.5\n# EOF", "a 1 @1500\n"},
      {"a 1 -1.5\n# EOF", "a 1 @-1500\n"},
      {"a 1 1520879607.789\n# EOF", "a 1 @1520879607789\n"},
      {"a{b=\"c\"} 1\n# EOF\n", "a{b=\"c\"} 1\n"},
      {"a{b=\"c\",} 1\n# EOF\n", "a{b=\"c\"} 1\n"},
      {"{\"a.b\",} 1\n# EOF\n", "{\"a.b\"} 1\n"},
      {"{\"a.b\",\"c d\"=\"e\"} 1\n# EOF\n", "{\"a.b\", \"c d\"=\"e\"} 1\n"},
      {"a 1 # {} 4\n# EOF\n", "a 1 # {} 4\n"},
      {"a 1 # {id=\"x\"} 4\n# EOF\n", "a 1 # {id=\"x\"} 4\n"},
      {"a 1 5 # {id=\"x\",xx=\"y\\\\y\"} 4 123.123\n# EOF\n",
       "a 1 @5000 # {id=\"x\", xx=\"y\\\\y\"} 4 @123123\n"},
      {"# TYPE a counter\n# UNIT a_seconds seconds\n# HELP a x \\\" \\n.\n"
       "# EOF\n",
       "TYPE a counter\nUNIT a_seconds [seconds]\nHELP a [x \" \n.]\n"},
      {"# UNIT a \n# HELP b \n# EOF\n", "UNIT a []\nHELP b []\n"},
      {"# TYPE a gaugehistogram\n# TYPE a info\n# TYPE a stateset\n"
       "# TYPE a unknown\n# EOF\n",
       "TYPE a gaugehistogram\nTYPE a info\nTYPE a stateset\n"
       "TYPE a unknown\n"},
      {"# TYPE h histogram\nh_bucket{le=\"1\"} 1\n# TYPE g gaugehistogram\n"
       "g_bucket{le=\"1\"} 1\n# EOF\n",
       "TYPE h histogram\nh_bucket{le=\"1.0\"} 1\nTYPE g gaugehistogram\n"
       "g_bucket{le=\"1\"} 1\n"},
      {"a{b=\"\0\"} 1\n# EOF"s, "a{b=\"\\x00\"} 1\n"},
  };
  for (const Case& c : cases)
    EXPECT_EQ(open_metrics(c.input), c.expected) << c.input;
}

TEST(OpenMetricsParser, RefusesWhatPrometheusRefuses) {
  const Case cases[] = {
      {"", "1:1: data does not end with # EOF"},
      {"\n# EOF\n", "1:1: expected a metric name or a comment"},
      {"a", "1:2: expected a space and a value"},
      {"a 1", "1:4: data does not end with # EOF"},
      {"a 1\n", "2:1: data does not end with # EOF"},
      {"a\n# EOF\n", "1:2: expected a space and a value"},
      {" a 1\n# EOF\n", "1:1: expected a metric name or a comment"},
      {"9\n# EOF\n", "1:1: expected a metric name or a comment"},
      {"a\t1\n# EOF\n", "1:2: expected a space and a value"},
      {"a  1\n# EOF\n", "1:3: expected a value"},
      {"a 1\t2\n# EOF\n", "1:3: not a number"},
      {"a 1 \n# EOF\n", "1:5: expected a value"},
      {"a 1 2 \n# EOF\n", "1:6: expected the end of the line"},
      {"a 1 2 #\n# EOF\n", "1:6: expected the end of the line"},
      {"a 1 1z\n# EOF\n", "1:5: not a number"},
      {"a 1 1 1\n# EOF\n", "1:6: expected the end of the line"},
      {"a 1 NaN\n# EOF\n", "1:5: invalid timestamp"},
      {"a 1 -Inf\n# EOF\n", "1:5: invalid timestamp"},
      {"a 0 1_2\n# EOF\n", "1:5: unsupported character in float"},
      {"a {b=\"c\"} 1\n# EOF\n", "1:3: not a number"},
      {"a{ b=\"c\"} 1\n# EOF\n", "1:3: expected label name"},
      {"a{b =\"c\"} 1\n# EOF\n", "1:4: expected equal"},
      {"a{b= \"c\"} 1\n# EOF\n", "1:5: expected label value"},
      {"a{b=\"c\" } 1\n# EOF\n", "1:8: expected comma or brace close"},
      {"a{b=\"c\"d=\"e\"} 1\n# EOF\n", "1:8: expected comma or brace close"},
      {"a{,b=\"c\"} 1\n# EOF\n", "1:3: expected label name"},
      {"a{b=\"c\",,d=\"e\"} 1\n# EOF\n", "1:9: expected label name"},
      {"a{b=\"\n\"} 1\n# EOF\n", "1:5: newline in a quoted string"},
      {"a{b=\0\"s\"} 1\n# EOF\n"s, "1:5: expected label value"},
      {"{b=\"c\",} 1\n# EOF\n", "1:1: metric name not set"},
      {"#\n# EOF\n", "1:1: a comment is HELP, TYPE, UNIT or EOF"},
      {"# a comment\n# EOF\n", "1:1: a comment is HELP, TYPE, UNIT or EOF"},
      {"#  TYPE c counter\n", "1:1: a comment is HELP, TYPE, UNIT or EOF"},
      {"#\tTYPE c counter\n", "1:1: a comment is HELP, TYPE, UNIT or EOF"},
      {"# TYPE c\tcounter\n", "1:9: expected text after the metric name"},
      {"# TYPE u untyped\n", "1:10: invalid metric type"},
      {"# TYPE c counter \n", "1:10: invalid metric type"},
      {"# TYPE c  counter\n", "1:10: invalid metric type"},
      {"# TYPE \n", "1:8: expected metric name"},
      {"# TYPE m\n", "1:9: expected text after the metric name"},
      {"# TYPE m counter", "1:17: data does not end with # EOF"},
      {"# UNIT metric suffix\n",
       "1:15: the unit is not the suffix of the metric name"},
      {"# UNIT metricsuffix suffix\n",
       "1:21: the unit is not the suffix of the metric name"},
      {"# UNIT suffix suffix\n",
       "1:15: the unit is not the suffix of the metric name"},
      {"# HELP m \xff\n", "1:10: invalid UTF-8"},
      {"# EOF\n\n", "2:1: expected a metric name or a comment"},
      {"# EOF\na 1\n# EOF\n", "2:1: unexpected data after # EOF"},
      {"# EOFa 1", "1:6: unexpected data after # EOF"},
      {"# EOF \n", "1:6: unexpected data after # EOF"},
      {"a 1 # {b=c}\n", "1:10: expected label value"},
      {"a 1 # {b=\"c\"}\n", "1:14: expected value after exemplar labels"},
      {"a 1 # {b}\n", "1:9: expected equal"},
      {"a 1 # {\"b\"} 1\n", "1:11: expected equal"},
      {"a 1 # {b=\"c\",,d=\"e\"} 1\n", "1:14: expected label name"},
      {"a 1 # {b=\"c\"} 1_2\n", "1:15: unsupported character in float"},
      {"a 1 # {b=\"c\"} 4 NaN\n", "1:17: invalid timestamp"},
      {"a 1 # {b=\"\0\"} 4\n"s, "1:7: zero byte in an exemplar"},
      {"a 1 # {", "1:8: expected label name"},
      {"a 1 # {b=\"c\"} 4", "1:16: data does not end with # EOF"},
  };
  for (const Case& c : cases) {
    const std::string got = open_metrics(c.input);
    const std::size_t at = got.find("error ");
    ASSERT_NE(at, std::string::npos) << c.input;
    EXPECT_EQ(got.substr(at), "error " + c.expected + "\n") << c.input;
  }
}

TEST(OpenMetricsParser, BoundsTimestamps) {
  EXPECT_EQ(open_metrics("a 1 1e300\n# EOF\n"), "a 1 @9223372036854775807\n");
  EXPECT_EQ(open_metrics("a 1 -1e300\n# EOF\n"), "a 1 @-9223372036854775808\n");
}

// --- the pipe dialect

TEST(PipeParser, ReadsSamplesAndStaleMarkers) {
  EXPECT_EQ(walk("# prom-samples v1\n"
                 "a{b=\"c\"} 1 1000\n"
                 "# STALE a{b=\"c\"} 2000\n"
                 "# STALE {\"x.y\"} -2000\n"
                 "old 1 -5\n"
                 "# TYPE a counter\n"
                 "# a comment\n"
                 "# prom-samples end\n",
                 Format::kPipe),
            "a{b=\"c\"} 1 @1000\n"
            "a{b=\"c\"} stale @2000\n"
            "{\"x.y\"} stale @-2000\n"
            "old 1 @-5\n"
            "TYPE a counter\n");
}

TEST(PipeParser, NoticesWhatIsMissing) {
  const Case cases[] = {
      {"", "1:1: data does not end with # prom-samples end"},
      {"a 1\n", "1:1: expected # prom-samples v1"},
      {"# prom-samples v1\na 1 5\n",
       "3:1: data does not end with # prom-samples end"},
      {"# prom-samples v1\n# prom-samples end\na 1 5\n",
       "3:1: unexpected data after # prom-samples end"},
      {"# prom-samples v1\n# STALE a\n",
       "2:10: expected a timestamp in milliseconds"},
      {"# prom-samples v1\n# STALE 9 5\n",
       "2:9: expected a metric name or a comment"},
  };
  for (const Case& c : cases) {
    const std::string got = walk(c.input, Format::kPipe);
    const std::size_t at = got.find("error ");
    ASSERT_NE(at, std::string::npos) << c.input;
    EXPECT_EQ(got.substr(at), "error " + c.expected + "\n") << c.input;
  }
}

TEST(PipeParser, ReadsStreamsThatFollowOneAnother) {
  EXPECT_EQ(walk("# prom-samples v1\na 1 5\n# prom-samples end\n"
                 "# prom-samples v1\nb 1 5\n"
                 "# prom-samples v1\nc 1 5\n# prom-samples end\n",
                 Format::kPipe),
            "a 1 @5\nb 1 @5\nc 1 @5\n");
}

TEST(TextParser, TakesStaleMarkersForCommentsOutsideOfPipes) {
  EXPECT_EQ(text("# STALE a 5\n# prom-samples v1\n"), "");
}

TEST(Parser, GoesOnFromPieceToPiece) {
  const std::string input =
      "# prom-samples v1\n# TYPE h histogram\nh_bucket{le=\"1\"} 1 5\n"
      "h_bucket{le=\"2\"} x 5\n";
  const std::size_t cut = input.find("h_bucket{le=\"1\"}");
  Parser first(std::string_view(input).substr(0, cut), Format::kPipe, {});
  EXPECT_EQ(walk(first), "TYPE h histogram\n");
  EXPECT_FALSE(first.continuation().ended);
  Parser second(std::string_view(input).substr(cut), Format::kPipe,
                first.continuation());
  EXPECT_EQ(walk(second),
            "h_bucket{le=\"1.0\"} 1 @5\nerror 4:18: not a number\n");
  Parser third("# prom-samples end\n", Format::kPipe, first.continuation());
  EXPECT_EQ(walk(third), "");
  EXPECT_TRUE(third.continuation().ended);
}

TEST(Parser, KnowsFormatsByTheirContent) {
  EXPECT_EQ(detect_format("a 1\n"), Format::kText);
  EXPECT_EQ(detect_format(""), Format::kText);
  EXPECT_EQ(detect_format("# EOF"), Format::kOpenMetrics);
  EXPECT_EQ(detect_format("a 1\n# EOF\n"), Format::kOpenMetrics);
  EXPECT_EQ(detect_format("a 1\n# no EOF\n"), Format::kText);
  EXPECT_EQ(detect_format("# prom-samples v1\na 1 5\n"), Format::kPipe);
}

// --- upstream's files

TEST(Parser, ReadsUpstreamsExpositions) {
  const struct {
    const char* file;
    Format format;
    std::size_t samples;
  } files[] = {
      {"1histogram.om.txt", Format::kOpenMetrics, 42},
      {"alltypes.5mfs.om.txt", Format::kOpenMetrics, 53},
      {"alltypes.237mfs.prom.txt", Format::kText, 1857},
      {"alltypes.237mfs.nometa.prom.txt", Format::kText, 1857},
  };
  for (const auto& file : files) {
    const auto path =
        test::shared_path(std::string("conformance/exposition/") + file.file);
    if (!path) GTEST_SKIP() << "no ../shared/conformance/exposition";
    const Result<std::string> body = os::read_file(*path);
    ASSERT_TRUE(body);
    Parser parser(*body, file.format);
    std::size_t samples = 0;
    for (;;) {
      const Result<Parser::Item> item = parser.next();
      ASSERT_TRUE(item) << file.file << ": " << item.error().message;
      if (*item == Parser::Item::kEnd) break;
      if (*item != Parser::Item::kSample) continue;
      ++samples;
      EXPECT_FALSE(parser.labels().metric_name().empty());
    }
    EXPECT_EQ(samples, file.samples) << file.file;
  }
}

}  // namespace
}  // namespace prom::exposition
