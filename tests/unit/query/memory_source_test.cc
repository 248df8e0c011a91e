#include "libprom/query/memory_source.h"

#include <gtest/gtest.h>

namespace prom::query {
namespace {

const Labels kX{{"__name__", "x"}};

std::vector<double> values(const MemorySource& source,
                           const SelectRange& range) {
  auto selection = source.select({Matcher::equal("__name__", "x")}, range);
  const auto batch = (*selection)->new_batch();
  EXPECT_TRUE((*selection)->read(0, (*selection)->size(), *batch));
  std::vector<double> all;
  for (const SeriesSamples& series : batch->series) {
    all.insert(all.end(), series.value.begin(), series.value.end());
  }
  return all;
}

TEST(MemorySource, SortsSamplesThatComeInAnyOrder) {
  MemorySource source;
  source.add(kX, 3, 30);
  source.add(kX, 1, 10);
  source.add(kX, 2, 20);
  EXPECT_EQ((std::vector<double>{10, 20, 30}), values(source, {0, 9}));
  EXPECT_EQ((std::vector<double>{20}), values(source, {2, 2}));
  source.add(kX, 0, 0);
  EXPECT_EQ((std::vector<double>{0, 10, 20, 30}), values(source, {0, 9}));
}

TEST(MemorySource, KeepsTheFirstOfTwoSamplesAndCountsConflicts) {
  MemorySource source;
  source.add(kX, 1, 10);
  source.add(kX, 1, 10);
  source.add(kX, 1, 11);
  EXPECT_EQ((std::vector<double>{10}), values(source, {0, 9}));
  EXPECT_EQ(1U, source.conflicts());
  EXPECT_EQ(1U, source.sample_count());
}

TEST(MemorySource, LeavesOutSeriesWithoutSamplesInTheRange) {
  MemorySource source;
  source.add(kX, 5, 1);
  EXPECT_EQ(0U, (*source.select({}, {6, 9}))->size());
  EXPECT_EQ(1U, (*source.select({}, {5, 5}))->size());
}

TEST(MemorySource, MixesFloatsAndHistograms) {
  MemorySource source;
  const std::size_t series = source.series(kX);
  source.add(series, 1, 1.0);
  FloatHistogram histogram;
  histogram.count = 7;
  source.add(series, 2, histogram);
  auto selection = source.select({}, {0, 9});
  const auto batch = (*selection)->new_batch();
  ASSERT_TRUE((*selection)->read(0, 1, *batch));
  ASSERT_EQ(2U, batch->series[0].histogram.size());
  EXPECT_EQ(nullptr, batch->series[0].histogram[0]);
  EXPECT_EQ(7, batch->series[0].histogram[1]->count);
}

TEST(MemorySource, ListsNamesAndValuesUpToALimit) {
  MemorySource source;
  source.add(Labels{{"__name__", "x"}, {"b", "1"}}, 0, 0);
  source.add(Labels{{"__name__", "x"}, {"b", "2"}, {"a", "3"}}, 0, 0);
  EXPECT_EQ((std::vector<std::string>{"__name__", "a", "b"}),
            *source.label_names({}, {0, 0}, 10));
  EXPECT_EQ((std::vector<std::string>{"1"}),
            *source.label_values("b", {}, {0, 0}, 1));
}

TEST(MemorySource, NumbersTheValuesOfALabel) {
  MemorySource source;
  source.add(Labels{{"__name__", "x"}, {"b", "1"}}, 0, 0);
  source.add(Labels{{"__name__", "y"}, {"b", "1"}}, 0, 0);
  source.add(Labels{{"__name__", "z"}}, 0, 0);
  const auto selection = source.select({}, {0, 0});
  const LabelColumn column = (*selection)->column("b");
  EXPECT_EQ((std::vector<std::string>{"", "1"}), column.values);
  EXPECT_EQ((std::vector<std::uint32_t>{1, 1, 0}), column.ids);
}

}  // namespace
}  // namespace prom::query
