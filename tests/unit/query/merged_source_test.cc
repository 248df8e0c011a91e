#include "libprom/query/merged_source.h"

#include <gtest/gtest.h>

#include "libprom/query/engine.h"
#include "libprom/query/memory_source.h"

namespace prom::query {
namespace {

constexpr SelectRange kAll = {.min_ms = -1000, .max_ms = 1'000'000};

Labels named(std::string_view name, std::string_view instance) {
  return {{"__name__", name}, {"instance", instance}};
}

// Series a and b in one source, b and c in the other; b has samples of both.
MergedSource two_sources() {
  auto first = std::make_unique<MemorySource>();
  first->add(named("m", "a"), 1000, 1);
  first->add(named("m", "b"), 1000, 10);
  first->add(named("m", "b"), 3000, 30);
  first->describe(
      {.family = "m", .type = "gauge", .help = "first", .unit = {}});
  auto second = std::make_unique<MemorySource>();
  second->add(named("m", "b"), 2000, 21);
  second->add(named("m", "b"), 3000, 31);
  FloatHistogram histogram;
  histogram.count = 7;
  second->add(second->series(named("m", "b")), 4000, histogram);
  second->add(named("m", "c"), 1000, 3);
  second->describe({.family = "m", .type = "counter", .help = {}, .unit = {}});
  second->describe({.family = "n", .type = "info", .help = {}, .unit = {}});
  std::vector<std::unique_ptr<Source>> sources;
  sources.push_back(std::move(first));
  sources.push_back(std::move(second));
  return MergedSource(std::move(sources));
}

TEST(MergedSource, ListsASeriesOfSeveralSourcesOnce) {
  const MergedSource merged = two_sources();
  const auto selection = merged.select({}, kAll);
  ASSERT_TRUE(selection);
  ASSERT_EQ((*selection)->size(), 3U);
  EXPECT_EQ((*selection)->labels(0), named("m", "a"));
  EXPECT_EQ((*selection)->labels(1), named("m", "b"));
  EXPECT_EQ((*selection)->labels(2), named("m", "c"));
}

TEST(MergedSource, JoinsSamplesByTimeAndLetsTheFirstSourceWin) {
  const MergedSource merged = two_sources();
  const auto selection = merged.select({}, kAll);
  ASSERT_TRUE(selection);
  const auto batch = (*selection)->new_batch();
  ASSERT_TRUE((*selection)->read(0, 3, *batch));
  ASSERT_EQ(batch->series.size(), 3U);
  EXPECT_EQ(batch->series[0].value[0], 1);
  const SeriesSamples& joined = batch->series[1];
  EXPECT_EQ(std::vector<std::int64_t>(joined.t_ms.begin(), joined.t_ms.end()),
            (std::vector<std::int64_t>{1000, 2000, 3000, 4000}));
  EXPECT_EQ(joined.value[1], 21);
  EXPECT_EQ(joined.value[2], 30);
  ASSERT_EQ(joined.histogram.size(), 4U);
  EXPECT_EQ(joined.histogram[3]->count, 7);
  EXPECT_EQ(batch->series[2].value[0], 3);
}

TEST(MergedSource, ReadsAnyPartOfTheSeries) {
  const MergedSource merged = two_sources();
  const auto selection = merged.select({}, kAll);
  ASSERT_TRUE(selection);
  const auto batch = (*selection)->new_batch();
  ASSERT_TRUE((*selection)->read(2, 1, *batch));
  EXPECT_EQ(batch->series[0].value[0], 3);
  ASSERT_TRUE((*selection)->read(1, 1, *batch));
  EXPECT_EQ(batch->series[0].t_ms.size(), 4U);
}

TEST(MergedSource, IsOneInputOfTheEngine) {
  const MergedSource merged = two_sources();
  const auto result = instant(merged, "count(m)", 1500);
  ASSERT_TRUE(result);
  ASSERT_EQ(result->series.size(), 1U);
  EXPECT_EQ(result->series[0].floats[0].value, 3);
}

TEST(MergedSource, JoinsNamesValuesAndMetadata) {
  const MergedSource merged = two_sources();
  const auto names = merged.label_names({}, kAll, 10);
  ASSERT_TRUE(names);
  EXPECT_EQ(*names, (std::vector<std::string>{"__name__", "instance"}));
  const auto values = merged.label_values("instance", {}, kAll, 2);
  ASSERT_TRUE(values);
  EXPECT_EQ(*values, (std::vector<std::string>{"a", "b"}));
  const auto metadata = merged.metadata();
  ASSERT_TRUE(metadata);
  ASSERT_EQ(metadata->size(), 2U);
  EXPECT_EQ((*metadata)[0].help, "first");
  EXPECT_EQ((*metadata)[1].family, "n");
}

}  // namespace
}  // namespace prom::query
