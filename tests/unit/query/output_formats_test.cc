#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "libprom/base/utf8.h"
#include "libprom/cli/table.h"
#include "libprom/query/format.h"
#include "libprom/query/histogram_grid.h"
#include "libprom/query/inputs.h"
#include "libprom/query/nagios.h"
#include "libprom/query/template_output.h"
#include "libprom/query/text_source.h"

namespace prom::query {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

std::string written(std::string_view format, const QueryResult& result,
                    const View& view = {.columns = 0}) {
  os::Output out;
  find_format(format)->write(result, view, out);
  return out.text();
}

Series floats(const Labels& labels, std::vector<FloatPoint> points) {
  Series one;
  one.labels = labels;
  one.floats = std::move(points);
  return one;
}

HistogramPtr histogram() {
  FloatHistogram made;
  made.count = 6;
  made.sum = 10;
  made.zero_count = 1;
  made.zero_threshold = 0.5;
  made.positive_spans = {{.offset = 1, .length = 2}};
  made.positive_buckets = {2, 3};
  EXPECT_TRUE(made.validate());
  return std::make_shared<const FloatHistogram>(std::move(made));
}

QueryResult vector_of(std::vector<Series> series) {
  QueryResult result;
  result.type = promql::ValueType::kVector;
  result.series = std::move(series);
  return result;
}

QueryResult matrix_of(std::vector<Series> series) {
  QueryResult result = vector_of(std::move(series));
  result.type = promql::ValueType::kMatrix;
  return result;
}

QueryResult scalar(double value) {
  QueryResult result;
  result.type = promql::ValueType::kScalar;
  result.scalar = {1500, value};
  return result;
}

QueryResult two_up() {
  return vector_of(
      {floats({{"__name__", "up"}, {"job", "a"}}, {{1500, 1}}),
       floats({{"__name__", "up"}, {"job", "b|'=\n"}}, {{1500, 0}})});
}

TEST(Formats, AreAllFoundByTheirNames) {
  EXPECT_EQ(formats().size(), 16U);
  for (const OutputFormat& format : formats())
    EXPECT_EQ(find_format(format.name), &format);
  EXPECT_EQ(find_format("xml"), nullptr);
}

TEST(Formats, WriteSomethingSensibleForEveryKindOfResult) {
  QueryResult text;
  text.type = promql::ValueType::kString;
  text.text = "some\ntext";
  const QueryResult kinds[] = {
      scalar(NAN),
      text,
      vector_of({}),
      matrix_of({}),
      two_up(),
      matrix_of({floats({}, {{0, -kInf}, {1000, NAN}, {2000, kInf}})}),
      vector_of({{.labels = {{"h", "x"}},
                  .floats = {},
                  .histograms = {{1500, histogram()}}}})};
  for (const OutputFormat& format : formats()) {
    for (const QueryResult& result : kinds) {
      const std::string out = written(format.name, result, {.columns = 40});
      EXPECT_TRUE(out.empty() || out.ends_with('\n')) << format.name;
    }
  }
}

TEST(Formats, ShowHostileLabelsToPeopleWithoutSteeringTheTerminal) {
  const QueryResult hostile = matrix_of(
      {floats({{"__name__", "m"}, {"evil", "\x1b]0;x\x07\xc2\x9b\u202e"}},
              {{0, 1}, {1000, 2}})});
  for (const std::string_view format :
       {"table", "wide", "plain", "graph", "sparkline", "heatmap", "promql"}) {
    const std::string out = written(format, hostile);
    EXPECT_EQ(out.find('\x1b'), std::string::npos) << format;
    EXPECT_EQ(out.find("\xc2\x9b"), std::string::npos) << format;
    EXPECT_EQ(out.find("\u202e"), std::string::npos) << format;
  }
}

TEST(WriteWide, MakesAColumnOfEveryLabel) {
  EXPECT_EQ(
      written("wide", vector_of({floats({{"__name__", "up"}, {"job", "a"}},
                                        {{0, 1}})})),
      "METRIC  JOB  VALUE\n"
      "up      a        1\n");
}

TEST(WriteWide, MakesAColumnOfEverySeriesOfARange) {
  EXPECT_EQ(
      written("wide", matrix_of({floats({{"i", "0"}}, {{0, 1}, {1000, 2}}),
                                 floats({{"i", "1"}}, {{1000, 3}})})),
      "TIME                  {i=\"0\"}  {i=\"1\"}\n"
      "1970-01-01T00:00:00Z        1         \n"
      "1970-01-01T00:00:01Z        2        3\n");
}

TEST(WriteTsv, EscapesWhatWouldSplitARow) {
  EXPECT_EQ(written("tsv", vector_of({floats({{"a", "x\ty\n\\"}}, {{0, 1}})})),
            "a\tvalue\ttimestamp\nx\\ty\\n\\\\\t1\t0\n");
}

TEST(WriteJsonl, WritesTheObjectsOfTheApi) {
  EXPECT_EQ(written("jsonl", matrix_of({floats({{"i", "0"}}, {{1500, 1}})})),
            "{\"metric\":{\"i\":\"0\"},\"values\":[[1.500,\"1\"]]}\n");
  EXPECT_EQ(written("jsonl", scalar(2)), "{\"value\":[1.500,\"2\"]}\n");
}

TEST(WritePromql, PrintsWhatPromtoolPrints) {
  EXPECT_EQ(
      written("promql",
              vector_of({floats({{"__name__", "up"}, {"a", "b"}, {"c", "d"}},
                                {{1500, 1}})})),
      "up{a=\"b\", c=\"d\"} => 1 @[1.5]\n");
  EXPECT_EQ(written("promql", matrix_of({floats({}, {{1000, 1}, {2000, 2}})})),
            "{} =>\n1 @[1]\n2 @[2]\n");
  EXPECT_EQ(written("promql", scalar(1)), "scalar: 1 @[1.5]\n");
}

TEST(WriteText, NamesSeriesAndMakesClassicHistograms) {
  EXPECT_EQ(written("text", vector_of({floats({{"job", "a"}}, {{1500, 2}})})),
            "query_result{job=\"a\"} 2 1500\n");
  EXPECT_EQ(written("text", vector_of({{.labels = {{"__name__", "h"}},
                                        .floats = {},
                                        .histograms = {{1500, histogram()}}}})),
            "# TYPE h histogram\n"
            "h_bucket{le=\"0.5\"} 1 1500\n"
            "h_bucket{le=\"2.0\"} 3 1500\n"
            "h_bucket{le=\"4.0\"} 6 1500\n"
            "h_bucket{le=\"+Inf\"} 6 1500\n"
            "h_sum 10 1500\n"
            "h_count 6 1500\n");
}

TEST(WriteTextfile, HasTheLastSampleWithoutItsTime) {
  EXPECT_EQ(written("textfile",
                    matrix_of({floats({{"__name__", "b"}}, {{0, 1}, {9, 2}}),
                               floats({{"__name__", "a"}}, {{0, 3}})})),
            "a 3\nb 2\n");
}

TEST(WriteOpenMetrics, EndsAsItHasTo) {
  EXPECT_EQ(written("openmetrics", scalar(2), {.metric_name = "answer"}),
            "answer 2.0 1.500\n# EOF\n");
}

TEST(WriteSparkline, ScalesEachSeriesAndFitsTheTerminal) {
  std::vector<FloatPoint> points;
  for (int i = 0; i < 200; ++i) points.push_back({i * 1000, double(i)});
  const QueryResult result = matrix_of(
      {floats({{"__name__", "m"}, {"long", std::string(100, 'x')}}, points)});
  for (const std::size_t columns : {40UL, 80UL, 200UL}) {
    const std::string text = written("sparkline", result, {.columns = columns});
    const std::string row = text.substr(text.find('\n') + 1);
    EXPECT_LE(cli::display_width(row.substr(0, row.size() - 1)), columns);
    EXPECT_TRUE(row.contains("▁") && row.contains("█")) << row;
  }
  const std::string ascii =
      written("sparkline", result, {.columns = 80, .utf8 = false});
  EXPECT_FALSE(ascii.contains("▁"));
}

TEST(HistogramGrid, TakesClassicBucketsApart) {
  const auto bucket = [](std::string_view le, double a, double b) {
    return floats({{"le", le}}, {{0, a}, {1000, b}});
  };
  const HistogramGrid grid = make_histogram_grid(
      {bucket("1", 2, 0), bucket("5", 3, 4), bucket("+Inf", 3, 9)}, 10, 10);
  ASSERT_EQ(grid.rows.size(), 3U);
  ASSERT_EQ(grid.columns, 2U);
  EXPECT_EQ(grid.rows[1].lower, 1);
  EXPECT_EQ(grid.rows[1].upper, 5);
  EXPECT_EQ(grid.at(0, 0), 2);
  EXPECT_EQ(grid.at(1, 0), 1);
  EXPECT_EQ(grid.at(1, 1), 4);
  EXPECT_EQ(grid.at(2, 1), 5);
  EXPECT_EQ(grid.greatest, 5);
}

TEST(HistogramGrid, JoinsRowsUntilTheyFit) {
  Series native{.labels = {}, .floats = {}, .histograms = {{0, histogram()}}};
  const HistogramGrid grid = make_histogram_grid({native}, 2, 10);
  ASSERT_EQ(grid.rows.size(), 2U);
  EXPECT_EQ(grid.at(0, 0), 3);
  EXPECT_EQ(grid.at(1, 0), 3);
}

TEST(WriteHeatmap, ShadesCounts) {
  const QueryResult result =
      matrix_of({{.labels = {},
                  .floats = {},
                  .histograms = {{0, histogram()}, {60000, histogram()}}}});
  EXPECT_EQ(written("heatmap", result, {.columns = 40, .utf8 = false}),
            "  4 |@@\n"
            "  2 |%%\n"
            "0.5 |**\n"
            "     00:00:00 00:01:00 UTC\n"
            "     0 .:-=+*#%@ 3\n");
}

TEST(WriteSvg, EscapesTextsAndIsWhole) {
  const std::string text = written(
      "svg", matrix_of({floats({{"x", "<script>&\"'"}}, {{0, 1}, {60000, 2}})}),
      {.columns = 0, .title = "a < b"});
  EXPECT_TRUE(text.starts_with("<svg xmlns="));
  EXPECT_TRUE(text.ends_with("</svg>\n"));
  EXPECT_FALSE(text.contains("<script"));
  EXPECT_TRUE(text.contains("&lt;script&gt;"));
  EXPECT_TRUE(text.contains("a &lt; b"));
}

TEST(WriteHtml, CannotBeLeftByALabel) {
  const std::string text = written(
      "html",
      matrix_of(
          {floats({{"x", "</script><img src=x onerror=alert(1)>"}}, {{0, 1}})}),
      {.columns = 0, .title = "</title><script>"});
  EXPECT_FALSE(text.contains("<img"));
  EXPECT_TRUE(text.contains("\\u003c/script>"));
  EXPECT_TRUE(text.contains("&lt;/title&gt;"));
  EXPECT_TRUE(text.contains("default-src 'none'"));
}

// -- Nagios

TEST(Threshold, ReadsTheRangesOfPlugins) {
  struct Case {
    std::string_view text;
    std::vector<double> fine, alerts;
  };
  const Case cases[] = {
      {"10", {0, 5, 10}, {-1, 10.5, NAN, kInf}},
      {"10:", {10, 1e300, kInf}, {9.9, -5}},
      {"~:10", {-kInf, 10}, {11}},
      {"10:20", {10, 20}, {9, 21}},
      {"@10:20", {9, 21}, {10, 15, 20, NAN}},
      {":5", {0, 5}, {-1, 6}},
  };
  for (const Case& one : cases) {
    const auto threshold = Threshold::parse(one.text);
    ASSERT_TRUE(threshold) << one.text;
    for (const double value : one.fine)
      EXPECT_FALSE(threshold->alerts(value)) << one.text << " " << value;
    for (const double value : one.alerts)
      EXPECT_TRUE(threshold->alerts(value)) << one.text << " " << value;
  }
  for (const std::string_view bad : {"", "@", "x", "5:x", "20:10", "nan", "~"})
    EXPECT_FALSE(Threshold::parse(bad)) << bad;
}

TEST(NagiosAnswer, NamesTheWorstAndHasPerformanceData) {
  const NagiosAnswer answer =
      nagios_answer(two_up(), *Threshold::parse("1:"), *Threshold::parse("0:"));
  EXPECT_EQ(answer.status, 1);
  EXPECT_EQ(answer.line,
            "WARNING - up{job=\"b/'=\\n\"} is 0 | 'up{job:\"a\"}'=1;1:;0: "
            "'up{job:\"b/'':\\n\"}'=0;1:;0:");
}

TEST(NagiosAnswer, DoesNotKnowWhatIsEmpty) {
  EXPECT_EQ(nagios_answer(vector_of({}), {}, {}).status, 3);
  const NagiosAnswer fine = nagios_answer(scalar(4), {}, {});
  EXPECT_EQ(fine.status, 0);
  EXPECT_EQ(fine.line, "OK - value is 4 | 'value'=4");
}

// -- Templates

TEST(ExpandTemplate, SeesSeriesAndAsksAgain) {
  auto memory = std::make_unique<MemorySource>();
  memory->add({{"__name__", "m"}}, 1000, 2048);
  Inputs inputs;
  inputs.now_ms = 1000;
  inputs.source = std::move(memory);
  const auto text = expand_template(
      "{{range .}}{{.Labels.job}}={{.Value}} {{end}}"
      "{{query \"m * 2\" | first | value | humanize1024}}",
      two_up(), inputs, {});
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_EQ(*text, "a=1 b|'=\n=0 4ki");
  EXPECT_FALSE(expand_template("{{", two_up(), inputs, {}));
}

// -- Streams

std::size_t count_after(const std::vector<std::string>& pieces,
                        MemorySource& into) {
  TextStream stream(into);
  for (const std::string& piece : pieces) {
    const Status fed = stream.feed(piece, 5000);
    EXPECT_TRUE(fed) << fed.error().message;
    EXPECT_TRUE(stream.settle(5000));
  }
  return into.sample_count();
}

TEST(TextStream, TakesLinesAsTheyBecomeWhole) {
  MemorySource text;
  EXPECT_EQ(count_after({"a 1 10", "00\nb ", "2 1000\nc 3"}, text), 2U);
  MemorySource pipe;
  EXPECT_EQ(count_after({"# prom-samples v1\na 1 1000\n", "a 2 2000\n",
                         "# prom-samples end\n"},
                        pipe),
            2U);
}

TEST(TextStream, TakesOneOpenMetricsDocumentAfterTheOther) {
  MemorySource memory;
  EXPECT_EQ(
      count_after({"a 1 1.5\n# EOF\n", "a 2 2.5\n", "# EOF\na 3"}, memory), 2U);
  EXPECT_EQ(memory.span().max_ms, 2500);
}

TEST(TextStream, ForgetsWhatIsOld) {
  MemorySource memory;
  TextStream stream(memory);
  ASSERT_TRUE(stream.feed("a 1 1000\na 2 60000\nb 1 1000\n", 0));
  ASSERT_TRUE(stream.settle(0));
  stream.forget_older_than(30'000);
  EXPECT_EQ(memory.sample_count(), 1U);
  EXPECT_EQ(memory.span().min_ms, 60'000);
}

TEST(TextStream, ReportsWhatDoesNotParse) {
  MemorySource memory;
  TextStream stream(memory);
  Status fed = stream.feed("a{ 1\n", 0);
  if (fed) fed = stream.settle(0);
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().code, Code::kBadData);
}

}  // namespace
}  // namespace prom::query
