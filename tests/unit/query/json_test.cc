#include "libprom/query/json.h"

#include <cmath>

#include <gtest/gtest.h>

namespace prom::query {
namespace {

std::string json_of(const QueryResult& result) {
  os::Output out;
  write_json(result, out);
  return out.text();
}

TEST(Json, WritesAVectorAsTheApiDoes) {
  QueryResult result;
  result.type = promql::ValueType::kVector;
  result.series.push_back({Labels{{"__name__", "up"}, {"job", "a\"b"}},
                           {{1435781451781, 1.5}},
                           {}});
  result.series.push_back({Labels(), {{-1500, std::nan("")}}, {}});
  result.warnings = {"careful"};
  EXPECT_EQ(R"({"status":"success","data":{"resultType":"vector","result":[)"
            R"({"metric":{"__name__":"up","job":"a\"b"},)"
            R"("value":[1435781451.781,"1.5"]},)"
            R"({"metric":{},"value":[-1.500,"NaN"]}]},"warnings":["careful"]})",
            json_of(result));
}

TEST(Json, WritesScalarsStringsAndEmptyResults) {
  QueryResult result;
  result.type = promql::ValueType::kScalar;
  result.scalar = {1000, 1e21};
  EXPECT_EQ(R"({"status":"success","data":{"resultType":"scalar",)"
            R"("result":[1,"1e+21"]}})",
            json_of(result));
  result.type = promql::ValueType::kString;
  result.text = "x";
  result.t_ms = 2000;
  EXPECT_EQ(R"({"status":"success","data":{"resultType":"string",)"
            R"("result":[2,"x"]}})",
            json_of(result));
  result.type = promql::ValueType::kMatrix;
  EXPECT_EQ(R"({"status":"success","data":{"resultType":"matrix",)"
            R"("result":[]}})",
            json_of(result));
}

TEST(Json, WritesHistogramsBesideFloats) {
  FloatHistogram histogram;
  histogram.count = 3;
  histogram.sum = 4;
  histogram.zero_count = 1;
  histogram.zero_threshold = 0.5;
  histogram.positive_spans = {{1, 1}};
  histogram.positive_buckets = {2};
  QueryResult result;
  result.type = promql::ValueType::kMatrix;
  result.series.push_back(
      {Labels(),
       {{1000, 1}},
       {{2000, std::make_shared<FloatHistogram>(histogram)}}});
  EXPECT_EQ(R"({"status":"success","data":{"resultType":"matrix","result":[)"
            R"({"metric":{},"values":[[1,"1"]],"histograms":[[2,)"
            R"({"count":"3","sum":"4","buckets":[[3,"-0.5","0.5","1"],)"
            R"([0,"1","2","2"]]}]]}]}})",
            json_of(result));
}

TEST(Json, NamesTheKindOfAnError) {
  const struct {
    Code code;
    const char* type;
  } kCases[] = {{Code::kBadData, "bad_data"},   {Code::kExecution, "execution"},
                {Code::kLimit, "execution"},    {Code::kTimeout, "timeout"},
                {Code::kCancelled, "canceled"}, {Code::kInternal, "internal"}};
  for (const auto& c : kCases) {
    os::Output out;
    write_json_error({c.code, "why"}, out);
    EXPECT_EQ(std::string(R"({"status":"error","errorType":")") + c.type +
                  R"(","error":"why"})",
              out.text());
  }
}

}  // namespace
}  // namespace prom::query
