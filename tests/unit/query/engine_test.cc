#include "libprom/query/engine.h"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "libprom/model/sample.h"
#include "libprom/query/memory_source.h"

namespace prom::query {
namespace {

// Three counters, one sample each 15 s for ten minutes.
MemorySource counters() {
  MemorySource source;
  for (int job = 0; job < 3; ++job) {
    const std::string name = std::to_string(job);
    const std::size_t series =
        source.series(Labels{{"__name__", "requests_total"}, {"job", name}});
    for (int i = 0; i <= 40; ++i) {
      source.add(series, i * 15'000, i * (job + 1));
    }
  }
  return source;
}

std::string show(const Result<QueryResult>& result) {
  if (!result) return "error: " + result.error().message;
  if (result->type == promql::ValueType::kScalar) {
    return std::to_string(result->scalar.value);
  }
  std::string text;
  for (const Series& series : result->series) {
    text += series.labels.to_string();
    for (const FloatPoint& point : series.floats) {
      text += " " + std::to_string(static_cast<int>(point.value * 100));
    }
    text += "\n";
  }
  return text;
}

TEST(Engine, EvaluatesInstantQueries) {
  const MemorySource source = counters();
  const struct {
    const char* query;
    const char* want;  // values in hundredths
  } kCases[] = {
      {"1 + 1", "2.000000"},
      {"sum(rate(requests_total[5m]))", "{} 40\n"},
      {"sum by (job) (increase(requests_total[5m]))",
       "{job=\"0\"} 2000\n{job=\"1\"} 4000\n{job=\"2\"} 6000\n"},
      {"topk(1, requests_total)", "requests_total{job=\"2\"} 12000\n"},
      {"requests_total{job=\"0\"} offset 5m",
       "requests_total{job=\"0\"} 2000\n"},
      {"requests_total @ 60 > 8", "requests_total{job=\"2\"} 1200\n"},
      {"absent(nothing{a=\"b\"})", "{a=\"b\"} 100\n"},
      {"nothing", ""},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(c.want, show(instant(source, c.query, 600'000))) << c.query;
  }
}

TEST(Engine, SaysWhatIsWrongWithAQuery) {
  const MemorySource source = counters();
  const auto code = [&](const char* query) {
    const auto result = instant(source, query, 600'000);
    return result ? Code::kNo : result.error().code;
  };
  EXPECT_EQ(Code::kBadData, code("sum("));
  EXPECT_EQ(Code::kExecution, code("requests_total + on() requests_total"));
  EXPECT_EQ(Code::kExecution, code("topk(NaN, requests_total)"));
}

TEST(Engine, RefusesBadTimes) {
  const MemorySource source = counters();
  const auto message = [&](const RangeTimes& times) {
    const auto result = range(source, "requests_total", times);
    return result ? std::string() : result.error().message;
  };
  EXPECT_EQ("", message({0, 10'999, 1}));
  EXPECT_NE("", message({0, 11'000, 1}));
  EXPECT_NE("", message({0, 1, 0}));
  EXPECT_NE("", message({1, 0, 1}));
}

TEST(Engine, NamesTheLimitThatWasReached) {
  const MemorySource source = counters();
  EngineOptions options;
  options.samples_max = 10;
  auto result = instant(source, "rate(requests_total[5m])", 600'000, options);
  ASSERT_FALSE(result);
  EXPECT_EQ(Code::kLimit, result.error().code);
  EXPECT_NE(std::string::npos, result.error().message.find("too many samples"));

  options = {};
  options.series_max = 2;
  result = instant(source, "requests_total", 600'000, options);
  ASSERT_FALSE(result);
  EXPECT_NE(std::string::npos, result.error().message.find("limit of 2"));
}

TEST(Engine, StopsWhenAsked) {
  const MemorySource source = counters();
  std::stop_source stop;
  stop.request_stop();
  EngineOptions options;
  options.stop = stop.get_token();
  const auto result = instant(source, "requests_total", 600'000, options);
  ASSERT_FALSE(result);
  EXPECT_EQ(Code::kCancelled, result.error().code);
}

TEST(Engine, GivesTheSameResultOnAnyNumberOfThreads) {
  MemorySource source;
  for (int i = 0; i < 5000; ++i) {
    const std::size_t series =
        source.series(Labels{{"__name__", "x"},
                             {"i", std::to_string(i)},
                             {"group", std::to_string(i % 7)}});
    source.add(series, 1000, 1.0 / (i + 3));
  }
  for (const char* query :
       {"sum by (group) (x)", "avg(x)", "stddev by (group) (x)",
        "quantile(0.9, x)", "count by (group) (x)", "max(x) - min(x)"}) {
    EngineOptions options;
    options.threads = 1;
    const auto one = instant(source, query, 1000, options);
    ASSERT_TRUE(one) << query;
    for (const unsigned threads : {2U, 3U, 8U}) {
      options.threads = threads;
      const auto many = instant(source, query, 1000, options);
      ASSERT_TRUE(many) << query;
      ASSERT_EQ(one->series.size(), many->series.size());
      for (std::size_t i = 0; i < one->series.size(); ++i) {
        EXPECT_EQ(one->series[i].floats.front().value,
                  many->series[i].floats.front().value)
            << query << " with " << threads;
      }
    }
  }
}

TEST(Engine, ForgetsASeriesAtItsStaleMarker) {
  MemorySource source;
  const std::size_t series = source.series(Labels{{"__name__", "x"}});
  source.add(series, 0, 1);
  source.add(series, 60'000, stale_nan());
  EXPECT_EQ("x 100\n", show(instant(source, "x", 59'999)));
  EXPECT_EQ("", show(instant(source, "x", 60'000)));
  EXPECT_EQ("{} 100\n",
            show(instant(source, "count_over_time(x[5m])", 60'000)));
}

TEST(Engine, DropsNamesLateOnlyWhenAsked) {
  const MemorySource source = counters();
  EngineOptions options;
  const char* query =
      "label_replace(rate(requests_total{job=\"0\"}[5m]), \"was\", \"$1\", "
      "\"__name__\", \"(.+)\")";
  EXPECT_EQ("{job=\"0\"} 6\n", show(instant(source, query, 600'000, options)));
  ASSERT_TRUE(options.enable("promql-delayed-name-removal"));
  EXPECT_EQ("{job=\"0\", was=\"requests_total\"} 6\n",
            show(instant(source, query, 600'000, options)));
}

TEST(Engine, PlacesAnnotationsInTheQuery) {
  MemorySource source;
  const std::size_t series = source.series(Labels{{"__name__", "level"}});
  source.add(series, 0, 1);
  source.add(series, 1000, 2);
  const auto result = instant(source, "sum(\n  rate(level[5m]))", 1000);
  ASSERT_TRUE(result);
  ASSERT_EQ(1U, result->infos.size());
  EXPECT_TRUE(result->infos[0].ends_with("\"level\" (2:8)"))
      << result->infos[0];
}

}  // namespace
}  // namespace prom::query
