#include "libprom/query/repeated.h"

#include <gtest/gtest.h>

#include "libprom/query/engine.h"
#include "libprom/query/explain.h"
#include "libprom/query/memory_source.h"

namespace prom::query {
namespace {

// Counts how often it is asked.
class CountingSource final : public Source {
 public:
  CountingSource() {
    for (int job = 0; job < 3; ++job) {
      for (const char* name : {"x_total", "gauge"}) {
        const std::size_t series = memory_.series(
            Labels{{"__name__", name}, {"job", std::to_string(job)}});
        for (int i = 0; i <= 40; ++i)
          memory_.add(series, i * 15'000, i * (job + 1) % 30);
      }
    }
  }
  Result<std::unique_ptr<Selection>> select(
      const Matchers& matchers, const SelectRange& range) const override {
    ++selects;
    return memory_.select(matchers, range);
  }
  Result<std::vector<std::string>> label_names(
      const Matchers& matchers, const SelectRange& range,
      std::size_t limit) const override {
    return memory_.label_names(matchers, range, limit);
  }
  Result<std::vector<std::string>> label_values(
      std::string_view name, const Matchers& matchers, const SelectRange& range,
      std::size_t limit) const override {
    return memory_.label_values(name, matchers, range, limit);
  }
  mutable int selects = 0;

 private:
  MemorySource memory_;
};

struct Case {
  const char* query;
  int selects;
};
constexpr Case kCases[] = {
    {"rate(x_total[5m]) / on () group_left () sum(rate(x_total[5m]))", 1},
    {"x_total + x_total", 1},
    {"x_total + x_total offset 1m", 2},
    {"x_total{job=\"1\"} or x_total{job=~\"1\"}", 2},
    {"gauge{job=\"1\",x=\"\"} + gauge{x=\"\",job=\"1\"}", 1},
    {"sum(x_total) / (count(x_total))", 1},
    {"x_total @ 100 + x_total @ 200", 2},
    {"x_total @ 100 + x_total @ 100", 1},
    {"max_over_time(rate(x_total[1m])[3m:30s]) + rate(x_total[1m])", 2},
    {"rate(x_total[5m]) > 0.1 and rate(x_total[5m]) < 9", 1},
    {"vector(1) + vector(1)", 0},
};

std::string show(const Result<QueryResult>& result) {
  if (!result) return "error: " + result.error().message;
  std::string text;
  for (const Series& series : result->series) {
    text += series.labels.to_string();
    for (const FloatPoint& point : series.floats)
      text +=
          " " + std::to_string(point.t_ms) + ":" + std::to_string(point.value);
    text += "\n";
  }
  for (const std::string& info : result->infos) text += info + "\n";
  return text;
}

TEST(Repeated, PartsAreEvaluatedOnce) {
  for (const Case& one : kCases) {
    const CountingSource source;
    ASSERT_TRUE(range(source, one.query, {300'000, 600'000, 30'000}))
        << one.query;
    EXPECT_EQ(source.selects, one.selects) << one.query;
  }
}

// A number that changes nothing makes the second part another one.
TEST(Repeated, PartsGiveWhatTheyWouldGiveApart) {
  const CountingSource source;
  const RangeTimes times{300'000, 600'000, 30'000};
  const std::pair<const char*, const char*> kPairs[] = {
      {"rate(gauge[5m]) / sum by (job) (rate(gauge[5m])) * 0 + rate(gauge[5m])",
       "rate(gauge[5m]) / sum by (job) (rate(gauge[300s] )) * 0 + "
       "rate(gauge[5m])"},
      {"x_total + x_total", "x_total + (x_total * 1)"},
      {"sum(x_total) / (count(x_total))", "sum(x_total)/count(x_total*1)"},
  };
  for (const auto& [repeated, apart] : kPairs) {
    const auto once = range(source, repeated, times);
    const auto twice = range(source, apart, times);
    ASSERT_TRUE(once && twice);
    Result<QueryResult> a = *once;
    Result<QueryResult> b = *twice;
    a->infos.clear();
    b->infos.clear();
    EXPECT_EQ(show(a), show(b)) << repeated;
  }
}

// Of what upstream says about each place, nothing is lost.
TEST(Repeated, PartsAreAnnotatedWhereTheyStand) {
  const CountingSource source;
  const auto result =
      instant(source, "rate(gauge[5m]) + rate(gauge[5m])", 600'000);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->infos.size(), 2U);
}

TEST(Explain, TellsTheVeryEvaluation) {
  const CountingSource source;
  const auto expr =
      promql::parse("sum(rate(x_total[5m])) / count(rate(x_total[5m]))");
  ASSERT_TRUE(expr);
  const auto nodes =
      explain(**expr, source,
              When{.is_range = false, .time_ms = 600'000, .times = {}}, {});
  ASSERT_TRUE(nodes);
  EXPECT_EQ(source.selects, 1);
  ASSERT_EQ(nodes->size(), 7U);
  const auto& all = *nodes;
  EXPECT_EQ(all[0].text, "/");
  EXPECT_EQ(all[0].series, 1U);
  EXPECT_EQ(all[1].text, "sum");
  EXPECT_EQ(all[2].text, "rate()");
  EXPECT_EQ(all[2].series, 3U);
  EXPECT_FALSE(all[2].is_shared);
  EXPECT_EQ(all[3].series, 3U);
  EXPECT_EQ(all[3].samples, 60U);
  EXPECT_EQ(all[5].text, "rate()");
  EXPECT_TRUE(all[5].is_shared);
  EXPECT_FALSE(all[6].series);
  EXPECT_EQ(all[6].depth, 3U);
}

TEST(Explain, SaysWhyThereIsNoResult) {
  const CountingSource source;
  const auto expr = promql::parse("x_total + on () gauge");
  ASSERT_TRUE(expr);
  const auto nodes =
      explain(**expr, source,
              When{.is_range = false, .time_ms = 600'000, .times = {}}, {});
  ASSERT_TRUE(nodes);
  EXPECT_FALSE(nodes->front().failure.empty());
}

}  // namespace
}  // namespace prom::query
