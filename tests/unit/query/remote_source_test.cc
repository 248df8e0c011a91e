#include "libprom/query/remote_source.h"

#include <mutex>

#include <gtest/gtest.h>

#include "libprom/query/api_answer.h"
#include "libprom/query/histogram_rebuild.h"

#include "tests/support/test_server.h"

namespace prom::query {
namespace {

// A server that answers each path with a fixed body and keeps the requests.
using Answers = std::vector<std::pair<std::string, std::string>>;

class Api {
 public:
  explicit Api(Answers answers)
      : answers_(std::move(answers)), server_([this](test::Peer& peer) {
          while (true) {
            const std::string request = peer.read_request();
            if (request.empty()) return;
            answer(peer, request);
          }
        }) {}

  std::unique_ptr<RemoteSource> open() {
    auto source = RemoteSource::open(server_.url("/"), {}, 5000);
    EXPECT_TRUE(source);
    return std::move(*source);
  }
  std::string requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void answer(test::Peer& peer, const std::string& request) {
    {
      const std::lock_guard lock(mutex_);
      requests_ += request + "\n";
    }
    for (const auto& [path, body] : answers_) {
      if (!request.contains(path + " HTTP") && !request.contains(path + "?"))
        continue;
      peer.answer(body.starts_with("{") ? "200 OK" : body,
                  "Content-Type: application/json\r\n",
                  body.starts_with("{") ? body : "");
      return;
    }
    peer.answer("404 Not Found", "", "no such page");
  }

  const Answers answers_;
  std::mutex mutex_;
  std::string requests_;
  test::TestServer server_;
};

TEST(RemoteSource, SendsAQueryAndReadsItsVector) {
  Api api(
      Answers{{"/api/v1/query",
               R"({"status":"success","data":{"resultType":"vector","result":[)"
               R"({"metric":{"__name__":"up","job":"a"},"value":[1.5,"1"]}]},)"
               R"("warnings":["half of it"],"infos":["by the way"]})"}});
  const auto result = api.open()->query("up == 1", 1500, {});
  ASSERT_TRUE(result) << result.error().message;
  ASSERT_EQ(result->series.size(), 1U);
  EXPECT_EQ(result->series[0].labels.to_string(), "up{job=\"a\"}");
  EXPECT_EQ(result->series[0].floats[0].t_ms, 1500);
  EXPECT_EQ(result->warnings, std::vector<std::string>{"half of it"});
  EXPECT_EQ(result->infos, std::vector<std::string>{"by the way"});
  EXPECT_TRUE(api.requests().contains("query=up%20%3D%3D%201&time=1.5"))
      << api.requests();
}

TEST(RemoteSource, GivesTheServersOwnWordsForAnError) {
  Api api(Answers{
      {"/api/v1/query",
       R"({"status":"error","errorType":"bad_data","error":"1:2: no"})"}});
  const auto result = api.open()->query("x", 0, {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::kBadData);
  EXPECT_EQ(result.error().message, "1:2: no");
}

TEST(RemoteSource, AsksAgainWithGetWhereAProxyRefusesPost) {
  Api api(Answers{{"POST /api/v1/query", "405 Method Not Allowed"},
                  {"GET /api/v1/query",
                   R"({"status":"success","data":{"resultType":"scalar",)"
                   R"("result":[1,"NaN"]}})"}});
  const auto result = api.open()->query("x", 0, {});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->type, promql::ValueType::kScalar);
}

TEST(RemoteSource, ReportsAPageThatIsNoApi) {
  Api api(Answers{});
  const auto result = api.open()->query("x", 0, {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::kUnavailable);
  EXPECT_TRUE(result.error().message.contains("404")) << result.error().message;
}

TEST(RemoteSource, HandsOutRawSamplesToTheEngine) {
  Api api(Answers{
      {"/api/v1/series",
       R"({"status":"success","data":[{"__name__":"m","i":"1"}]})"},
      {"/api/v1/query",
       R"({"status":"success","data":{"resultType":"matrix","result":[)"
       R"({"metric":{"__name__":"m","i":"1"},"values":[[1,"5"],[2,"7"]]}]}})"}});
  const auto source = api.open();
  const auto result = instant(*source, "max_over_time(m[10s])", 3000);
  ASSERT_TRUE(result) << result.error().message;
  ASSERT_EQ(result->series.size(), 1U);
  EXPECT_EQ(result->series[0].floats[0].value, 7);
}

TEST(RemoteSource, ListsNamesValuesAndMetadata) {
  Api api(Answers{
      {"/api/v1/labels", R"({"status":"success","data":["b","a"]})"},
      {"/api/v1/label/job/values", R"({"status":"success","data":null})"},
      {"/api/v1/metadata",
       R"({"status":"success","data":{"up":[{"type":"gauge","help":"h",)"
       R"("unit":""}],"odd":[]}})"}});
  const auto source = api.open();
  constexpr SelectRange kRange = {.min_ms = 0, .max_ms = 1000};
  EXPECT_EQ(*source->label_names({}, kRange, 10),
            (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(source->label_values("job", {}, kRange, 10)->empty());
  const auto metadata = source->metadata();
  ASSERT_EQ(metadata->size(), 1U);
  EXPECT_EQ(metadata->front().help, "h");
}

TEST(RemoteSource, WantsAnHttpUrl) {
  const auto source = RemoteSource::open("localhost:9090", {}, 0);
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, Code::kUsage);
}

TEST(ApiAnswer, RefusesWhatHasNotTheShape) {
  for (
      const std::string_view body : {
          "",
          "[]",
          "{}",
          R"({"status":"success"})",
          R"({"status":"success","data":{}})",
          R"({"status":"success","data":{"resultType":"vector"}})",
          R"({"status":"success","data":{"resultType":"vector","result":{}}})",
          R"({"status":"success","data":{"resultType":"odd","result":[]}})",
          R"({"status":"success","data":{"resultType":"vector","result":[1]}})",
          R"({"status":"success","data":{"resultType":"vector","result":)"
          R"([{"metric":{"a":1},"value":[1,"1"]}]}})",
          R"({"status":"success","data":{"resultType":"vector","result":)"
          R"([{"metric":{},"value":[1e300,"1"]}]}})",
          R"({"status":"success","data":{"resultType":"vector","result":)"
          R"([{"metric":{},"histogram":[1,{"count":"1"}]}]}})",
      }) {
    const auto result = read_query_answer(body);
    ASSERT_FALSE(result) << body;
    EXPECT_EQ(result.error().code, Code::kBadData) << body;
  }
}

// What the API prints of a histogram is enough to print it again.
void expect_rebuilt(const FloatHistogram& histogram) {
  std::vector<HistogramBucket> buckets = histogram.buckets();
  std::erase_if(buckets, [](const auto& bucket) { return bucket.count == 0; });
  const FloatHistogram again =
      rebuild_histogram(histogram.count, histogram.sum, buckets);
  EXPECT_EQ(again.to_string(), histogram.to_string());
  EXPECT_EQ(again.schema, histogram.schema);
}

TEST(RebuildHistogram, FindsTheSchemaFromTheBounds) {
  for (const std::int32_t schema : {-4, -1, 0, 3, 8}) {
    FloatHistogram histogram;
    histogram.schema = schema;
    histogram.count = 12;
    histogram.sum = 3.5;
    histogram.zero_threshold = 1e-9;
    histogram.zero_count = 2;
    histogram.positive_spans = {{.offset = -1, .length = 2},
                                {.offset = 3, .length = 1}};
    histogram.positive_buckets = {1, 2, 3};
    histogram.negative_spans = {{.offset = 2, .length = 1}};
    histogram.negative_buckets = {4};
    ASSERT_TRUE(histogram.validate());
    expect_rebuilt(histogram);
  }
}

TEST(RebuildHistogram, KeepsCustomBounds) {
  FloatHistogram histogram;
  histogram.schema = kCustomBucketsSchema;
  histogram.count = 6;
  histogram.custom_values = {0.1, 0.5, 3};
  histogram.positive_spans = {{.offset = 0, .length = 4}};
  histogram.positive_buckets = {1, 2, 1, 2};
  ASSERT_TRUE(histogram.validate());
  expect_rebuilt(histogram);
}

TEST(RebuildHistogram, DropsBucketsThatContradictEachOther) {
  const FloatHistogram histogram =
      rebuild_histogram(5, 1,
                        {{.lower = -3, .upper = -0.7, .count = 2},
                         {.lower = 3, .upper = 1, .count = 1},
                         {.lower = -1e300, .upper = 5, .count = -4}});
  EXPECT_TRUE(histogram.validate());
  EXPECT_EQ(histogram.count, 5);
}

}  // namespace
}  // namespace prom::query
