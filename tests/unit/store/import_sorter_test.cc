#include "libprom/store/import_sorter.h"

#include <bit>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "libprom/model/sample.h"

#include "tests/support/fault_file_system.h"
#include "tests/support/temporary_directory.h"

namespace prom::store {
namespace {

// What a sorter ought to say: by labels, then by time.
using Expected = std::map<std::string, std::map<std::int64_t, std::uint64_t>>;

Expected read_all(const ImportSorter& sorter, Duplicates& duplicates) {
  Expected all;
  for (const ImportSlot& slot : sorter.slots()) {
    auto merged = sorter.open(slot, duplicates);
    EXPECT_TRUE(merged) << merged.error().message;
    Labels before;
    Labels labels;
    Samples samples;
    while (true) {
      const auto more = (*merged)->next(labels, samples);
      EXPECT_TRUE(more) << more.error().message;
      if (!more || !*more) break;
      EXPECT_TRUE(before.empty() || before < labels) << "out of order";
      before = labels;
      const SeriesSamples series = samples.of(0);
      for (std::size_t i = 0; i < series.t_ms.size(); ++i) {
        EXPECT_GE(series.t_ms[i], begin_of(slot));
        EXPECT_LE(series.t_ms[i], end_of(slot));
        EXPECT_TRUE(i == 0 || series.t_ms[i - 1] < series.t_ms[i]);
        const bool is_new =
            all[labels.to_string()]
                .try_emplace(series.t_ms[i],
                             std::bit_cast<std::uint64_t>(series.value[i]))
                .second;
        EXPECT_TRUE(is_new);
      }
    }
  }
  return all;
}

TEST(ImportSorter, SortsWhatComesInAnyOrderAndDoesNotFit) {
  const TemporaryDirectory directory;
  ImportSorter sorter(os::real_file_system(), directory.path(),
                      kImportMemoryMin);
  std::mt19937_64 random(1);
  Expected expected;
  std::uint64_t repeated = 0;
  constexpr int kSamples = 400'000;
  for (int i = 0; i < kSamples; ++i) {
    const Labels labels{{"__name__", "m" + std::to_string(random() % 50)},
                        {"instance", std::to_string(random() % 40)}};
    const auto t_ms = static_cast<std::int64_t>(random() % 100'000'000);
    const auto value = static_cast<double>(t_ms % 7);
    const auto series = sorter.series(labels);
    ASSERT_TRUE(series);
    ASSERT_TRUE(sorter.add(*series, t_ms, value));
    if (!expected[labels.to_string()]
             .try_emplace(t_ms, std::bit_cast<std::uint64_t>(value))
             .second)
      ++repeated;
  }
  ASSERT_TRUE(sorter.finish());
  EXPECT_GT(sorter.runs(), 2U);
  Duplicates duplicates;
  EXPECT_TRUE(read_all(sorter, duplicates) == expected);
  EXPECT_EQ(duplicates.repeated, repeated);
  EXPECT_EQ(duplicates.refused, 0U);
  const auto left = os::real_file_system().list(directory.path());
  EXPECT_TRUE(left->empty()) << "a temporary file has a name";
}

TEST(ImportSorter, ForgetsSeriesWhenTheyAreTooMany) {
  const TemporaryDirectory directory;
  ImportSorter sorter(os::real_file_system(), directory.path(),
                      kImportMemoryMin);
  constexpr int kSeries = 60'000;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < kSeries; ++i) {
      const Labels labels{{"__name__", "m"}, {"i", std::to_string(i)}};
      const Hash128 key = hash128(labels.encoded(), 1);
      ImportSeries series = sorter.known(key);
      if (series == kNoSeries) series = *sorter.series(labels, &key);
      ASSERT_TRUE(sorter.add(series, 1000 + round, round));
    }
  }
  ASSERT_TRUE(sorter.finish());
  EXPECT_GE(sorter.runs(), 2U);
  Duplicates duplicates;
  const Expected all = read_all(sorter, duplicates);
  EXPECT_EQ(all.size(), static_cast<std::size_t>(kSeries));
  EXPECT_TRUE(std::ranges::all_of(
      all, [](const auto& one) { return one.second.size() == 2; }));
}

TEST(ImportSorter, OfTwoSamplesWithOneTimeTheFirstCounts) {
  const TemporaryDirectory directory;
  ImportSorter sorter(os::real_file_system(), directory.path(), 0);
  const ImportSeries series = *sorter.series(Labels{{"a", "b"}});
  for (const double value : {1.0, 1.0, 2.0, 3.0})
    ASSERT_TRUE(sorter.add(series, 5, value));
  ASSERT_TRUE(sorter.finish());
  Duplicates duplicates;
  const Expected all = read_all(sorter, duplicates);
  EXPECT_EQ(all.at("{a=\"b\"}").at(5), std::bit_cast<std::uint64_t>(1.0));
  EXPECT_EQ(duplicates.repeated, 1U);
  EXPECT_EQ(duplicates.refused, 2U);
}

TEST(ImportSorter, TakesAnyTimeAndAnyBits) {
  const TemporaryDirectory directory;
  ImportSorter sorter(os::real_file_system(), directory.path(), 0);
  const ImportSeries series = *sorter.series(Labels{{"a", "b"}});
  const std::vector<std::pair<std::int64_t, double>> samples = {
      {INT64_MAX, 1},
      {INT64_MIN, stale_nan()},
      {0, -0.0},
      {-1, std::bit_cast<double>(0x7ff8dead00000000ULL)},
      {1'700'000'000'000, normal_nan()}};
  for (const auto& [t_ms, value] : samples)
    ASSERT_TRUE(sorter.add(series, t_ms, value));
  ASSERT_TRUE(sorter.finish());
  EXPECT_LE(sorter.slots().size(), static_cast<std::size_t>(kSlotsMax));
  Duplicates duplicates;
  const Expected all = read_all(sorter, duplicates);
  ASSERT_EQ(all.size(), 1U);
  for (const auto& [t_ms, value] : samples)
    EXPECT_EQ(all.begin()->second.at(t_ms), std::bit_cast<std::uint64_t>(value))
        << t_ms;
}

TEST(ImportSorter, KeepsHistogramsAndStartTimes) {
  const TemporaryDirectory directory;
  ImportSorter sorter(os::real_file_system(), directory.path(), 0);
  const ImportSeries series = *sorter.series(Labels{{"a", "b"}});
  FloatHistogram histogram;
  histogram.schema = 2;
  histogram.count = 3;
  histogram.sum = 4.5;
  histogram.zero_threshold = 0.001;
  histogram.zero_count = 1;
  histogram.positive_spans = {{-1, 1}, {2, 1}};
  histogram.positive_buckets = {1, 1};
  histogram.counter_reset_hint = CounterResetHint::kReset;
  histogram.integer = true;
  ASSERT_TRUE(sorter.add(series, 20, histogram, 7));
  ASSERT_TRUE(sorter.add(series, 10, 1.5));
  ASSERT_TRUE(sorter.finish());
  Duplicates duplicates;
  auto merged = sorter.open(sorter.slots().front(), duplicates);
  Labels labels;
  Samples samples;
  ASSERT_TRUE(*(*merged)->next(labels, samples));
  const SeriesSamples read = samples.of(0);
  ASSERT_EQ(read.t_ms.size(), 2U);
  EXPECT_EQ(read.t_ms[0], 10);
  EXPECT_EQ(read.value[0], 1.5);
  EXPECT_EQ(read.histogram[0], nullptr);
  ASSERT_NE(read.histogram[1], nullptr);
  EXPECT_TRUE(read.histogram[1]->equals(histogram));
  EXPECT_TRUE(read.histogram[1]->integer);
  EXPECT_EQ(read.histogram[1]->counter_reset_hint, CounterResetHint::kReset);
  EXPECT_EQ(read.start_ms[0], 0);
  EXPECT_EQ(read.start_ms[1], 7);
}

TEST(ImportSorter, AFullDiskIsAnErrorAndLeavesNothing) {
  const TemporaryDirectory directory;
  FaultFileSystem files;
  files.only("write");
  files.fail_at(1, ENOSPC, true);
  ImportSorter sorter(files, directory.path(), kImportMemoryMin);
  const ImportSeries series = *sorter.series(Labels{{"a", "b"}});
  Status done;
  std::mt19937_64 random(3);
  for (std::int64_t i = 0; done && i < 4'000'000; ++i)
    done = sorter.add(series, i, std::bit_cast<double>(random() >> 2U));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::kIo);
  EXPECT_TRUE(os::real_file_system().list(directory.path())->empty());
}

TEST(SlotWidth, GrowsWithTheSpanAndDividesTheNext) {
  EXPECT_EQ(slot_width(0, 0), kSlotMs);
  EXPECT_EQ(slot_width(0, 128 * kSlotMs - 1), kSlotMs);
  EXPECT_EQ(slot_width(0, 128 * kSlotMs), 3 * kSlotMs);
  EXPECT_EQ(slot_of(-1, kSlotMs), -1);
  EXPECT_EQ(slot_of(0, kSlotMs), 0);
  const std::int64_t widest = slot_width(INT64_MIN, INT64_MAX);
  EXPECT_LT(slot_of(INT64_MAX, widest) - slot_of(INT64_MIN, widest), kSlotsMax);
}

}  // namespace
}  // namespace prom::store
