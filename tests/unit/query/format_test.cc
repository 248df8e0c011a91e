#include "libprom/query/format.h"

#include <cmath>

#include <gtest/gtest.h>

namespace prom::query {
namespace {

using Write = void (*)(const QueryResult&, const View&, os::Output&);

std::string written(Write write, const QueryResult& result,
                    const View& view = {.columns = 0}) {
  os::Output out;
  write(result, view, out);
  return out.text();
}

Series series(const Labels& labels, std::vector<FloatPoint> points) {
  Series one;
  one.labels = labels;
  one.floats = std::move(points);
  return one;
}

QueryResult vector_result() {
  QueryResult result;
  result.type = promql::ValueType::kVector;
  result.series.push_back(series(
      {{"__name__", "up"}, {"job", "node"}, {"instance", "b:1"}}, {{1500, 1}}));
  result.series.push_back(
      series({{"__name__", "up"}, {"job", "node"}, {"instance", "a\",\x1b:1"}},
             {{1500, 1e21}}));
  return result;
}

QueryResult matrix_result() {
  QueryResult result;
  result.type = promql::ValueType::kMatrix;
  result.series.push_back(
      series({{"__name__", "m"}, {"i", "0"}},
             {{0, 0}, {1000, 5}, {2000, 10}, {3000, 5}, {4000, 0}}));
  return result;
}

TEST(WritePlain, PrintsALineASampleInTheOrderOfLabels) {
  EXPECT_EQ(written(write_plain, vector_result()),
            "up{instance=\"a\\\",\\x1b:1\", job=\"node\"} "
            "1000000000000000000000\n"
            "up{instance=\"b:1\", job=\"node\"} 1\n");
}

TEST(WritePlain, KeepsAnOrderThatMeansSomething) {
  const std::string text =
      written(write_plain, vector_result(), {.columns = 0, .keep_order = true});
  EXPECT_TRUE(text.starts_with("up{instance=\"b:1\"")) << text;
}

TEST(WritePlain, AddsMillisecondsToARange) {
  EXPECT_TRUE(written(write_plain, matrix_result())
                  .starts_with("m{i=\"0\"} 0 0\nm{i=\"0\"} 5 1000\n"));
}

TEST(WritePlain, PrintsScalarsAndStrings) {
  QueryResult result;
  result.type = promql::ValueType::kScalar;
  result.scalar = {0, 0.1};
  EXPECT_EQ(written(write_plain, result), "0.1\n");
  result.type = promql::ValueType::kString;
  result.text = "a\x1b";
  EXPECT_EQ(written(write_plain, result), "a\\x1b\n");
}

TEST(WriteTable, SaysCommonLabelsOnce) {
  EXPECT_EQ(written(write_table, vector_result()),
            "up{job=\"node\"}\n"
            "INSTANCE                    VALUE\n"
            "a\",\\x1b:1  1000000000000000000000\n"
            "b:1                             1\n");
}

TEST(WriteTable, WritesNothingForNothing) {
  QueryResult result;
  result.type = promql::ValueType::kVector;
  EXPECT_EQ(written(write_table, result), "");
  EXPECT_EQ(written(write_graph, result), "");
  EXPECT_EQ(written(write_plain, result), "");
}

TEST(WriteCsv, QuotesWhatHasToBe) {
  EXPECT_EQ(written(write_csv, vector_result()),
            "__name__,instance,job,value,timestamp\n"
            "up,\"a\"\",\x1b:1\",node,1000000000000000000000,1.5\n"
            "up,b:1,node,1,1.5\n");
}

TEST(WriteGraph, DrawsAxesAndLegend) {
  const View view{.columns = 40, .rows = 9, .utf8 = false};
  EXPECT_EQ(written(write_graph, matrix_result(), view),
            "10 |               *****               \n"
            "   |           ****     ****           \n"
            " 5 |       ****             ****       \n"
            "   |   ****                     ****   \n"
            " 0 |***                             ***\n"
            "    00:00:00     00:00:02  00:00:04 UTC\n"
            "  ** m{i=\"0\"}  0\n");
}

TEST(WriteGraph, LeavesGapsOpen) {
  QueryResult result = matrix_result();
  std::vector<FloatPoint>& points = result.series[0].floats;
  points.erase(points.begin() + 2);
  const View view{.columns = 40, .rows = 9, .utf8 = false};
  const std::string text = written(write_graph, result, view);
  EXPECT_EQ(text.find("****", text.find("**") + 60), std::string::npos) << text;
}

TEST(WriteGraph, StaysFiniteForAnyValues) {
  const double odd[] = {0,        -0.0, 1e308,  -1e308,   5e-324,
                        INFINITY, NAN,  1e-300, 123456.7, -1};
  for (const double a : odd) {
    for (const double b : odd) {
      QueryResult result;
      result.type = promql::ValueType::kMatrix;
      result.series.push_back(series({{"x", "y"}}, {{0, a}, {1000, b}}));
      EXPECT_NE(written(write_graph, result, {.columns = 30}), "") << a << b;
    }
  }
}

TEST(WriteGraph, CountsTheSeriesThatTheLegendLeavesOut) {
  QueryResult result;
  result.type = promql::ValueType::kMatrix;
  for (int i = 0; i < 40; ++i) {
    result.series.push_back(series({{"i", std::to_string(i)}},
                                   {{0, double(i)}, {1000, double(i)}}));
  }
  EXPECT_NE(written(write_graph, result).find("+28 more series"),
            std::string::npos);
}

}  // namespace
}  // namespace prom::query
