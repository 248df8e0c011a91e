#include "libprom/model/bins.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "libprom/block/statistics.h"
#include "libprom/block/writer.h"
#include "libprom/model/sample.h"

#include "tests/support/block_oracle.h"
#include "tests/support/temporary_directory.h"

namespace prom::block {
namespace {

constexpr std::int64_t kStart = 1'700'000'400'000;  // a multiple of 5 minutes
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::shared_ptr<const Block> write(const Oracle& oracle,
                                   const std::string& directory,
                                   std::uint64_t id = 1) {
  const auto path = write_oracle(oracle, os::real_file_system(), directory,
                                 {.id = test_id(id), .statistics = true});
  EXPECT_TRUE(path) << path.error().message;
  const auto block = Block::open(path.value_or(""));
  EXPECT_TRUE(block) << block.error().message;
  return block.value_or(nullptr);
}

// Kinds of series that differ in how bins are stored.
double next(int kind, int i, double before, std::mt19937_64& random) {
  switch (kind) {
    case 0:  // a counter
      return before + static_cast<double>(random() % 100);
    case 1:  // one that is reset now and then
      return random() % 300 == 0 ? 1
                                 : before + static_cast<double>(random() % 100);
    case 2:
      return static_cast<double>(random() % 1000) / 10 - 20;
    case 3:
      return static_cast<double>(random() % 1000) / 10;
    case 4:
      return 3;
    case 5:
      return random() % 50 == 0 ? kNan : static_cast<double>(random() % 9);
    case 6:
      return random() % 40 == 0 ? stale_nan() : static_cast<double>(i);
    case 7:
      return i % 500 < 100 ? kNan : std::bit_cast<double>(random());
    default:
      return random() % 2 == 0 ? 0.0 : -0.0;
  }
}
constexpr int kKinds = 9;

Oracle make_series(int scrapes, std::int64_t first_ms, std::int64_t step_ms) {
  Oracle oracle;
  std::mt19937_64 random(7);
  for (int kind = 0; kind < kKinds; ++kind) {
    for (const bool gaps : {false, true}) {
      OracleSeries& series = oracle[{{"kind", std::to_string(kind)},
                                     {"gaps", gaps ? "yes" : "no"}}];
      double value = 1000;
      for (int i = 0; i < scrapes; ++i) {
        value = next(kind, i, value, random);
        if (gaps && (i / 70) % 3 == 1) continue;
        series.samples.push_back({first_ms + i * step_ms, value, {}, 0});
      }
    }
  }
  return oracle;
}

struct Rhythm {
  std::int64_t first_ms;
  std::int64_t step_ms;
};
class Bins : public testing::TestWithParam<Rhythm> {};

TEST_P(Bins, SayWhatSamplesSay) {
  const TemporaryDirectory directory;
  const Oracle oracle =
      make_series(3000, GetParam().first_ms, GetParam().step_ms);
  const auto block = write(oracle, directory.path());
  ASSERT_TRUE(block);
  Ordinal ordinal = 0;
  for (const auto& [labels, series] : oracle) {
    SCOPED_TRACE(labels.to_string());
    expect_bins(*block, ordinal++, series);
  }
  block->verify([](const Error& error) { ADD_FAILURE() << error.message; });
}
INSTANTIATE_TEST_SUITE_P(AtAnyRhythm, Bins,
                         testing::Values(Rhythm{kStart, 15'000},
                                         Rhythm{kStart + 3123, 15'000},
                                         Rhythm{kStart + 1, 7'001},
                                         Rhythm{-20'000'000, 30'000},
                                         Rhythm{kStart, 61'000}));

TEST(BinColumns, AreLeftOutWhereOthersSayTheSame) {
  const TemporaryDirectory directory;
  const Oracle oracle = make_series(3000, kStart, 15'000);
  const auto block = write(oracle, directory.path());
  ASSERT_TRUE(block);
  const auto all =
      block->select({*Matcher::create(MatchOp::kEqual, "kind", "0")});
  ASSERT_TRUE(all);
  // Last digits of three columns: about two bytes each, a bin of 20 samples.
  EXPECT_LT(block->info().bytes,
            static_cast<std::uint64_t>(oracle.size()) * 3000 * 6);
  for (const Ordinal series : *all) {
    const auto bins = block->bins(series, 0);
    ASSERT_TRUE(bins);
    for (std::size_t i = 0; i < bins->beside.size(); ++i) {
      EXPECT_EQ(bins->beside.min[i], bins->beside.first[i]);
      EXPECT_EQ(bins->beside.taken[i], 0);
    }
  }
}

TEST(BinColumns, AreNotKeptOfFewSamples) {
  const TemporaryDirectory directory;
  const auto block = write(make_series(200, kStart, 600'000), directory.path());
  ASSERT_TRUE(block);
  EXPECT_TRUE(block->bins(0, 0)->beside.empty());
  EXPECT_TRUE(block->bins(0, 1)->beside.empty());
  Oracle oracle;
  std::mt19937_64 random(1);
  for (auto& [labels, series] : make_oracle({.scrapes = 400}, random))
    oracle[labels] = series;
  const TemporaryDirectory other;
  const auto path = write_oracle(oracle, os::real_file_system(), other.path(),
                                 {.id = test_id()});
  EXPECT_TRUE((*Block::open(*path))->bins(0, 0)->beside.empty());
}

TEST(BinsAlone, StandBeforeSamples) {
  const TemporaryDirectory directory;
  BinsAlone alone;
  // Two hours, of which the second has finer bins.
  for (int i = 1; i <= 2; ++i)
    alone[1].push({.first_ms = i * kHourMs - 3'000'000,
                   .last_ms = i * kHourMs - 10,
                   .count = 200,
                   .first = 1.0 * i,
                   .last = 9.0 * i,
                   .min = 0.5,
                   .max = 10,
                   .sum = 1000,
                   .taken = 2.5},
                  kBinAll);
  alone[0].push({.first_ms = 2 * kHourMs - 100'000,
                 .last_ms = 2 * kHourMs - 10,
                 .count = 200,
                 .first = 2,
                 .last = 18,
                 .min = 0.5,
                 .max = 10,
                 .sum = 1000,
                 .taken = 2.5},
                kBinAll);
  Samples samples;
  samples.push(2 * kHourMs + 5, 20);
  samples.push(2 * kHourMs + 6, 21);
  samples.end_series();
  auto writer = *Writer::create(os::real_file_system(), directory.path(),
                                {.id = test_id()});
  const Labels labels = {{"a", "b"}};
  ASSERT_TRUE(writer->add(labels, samples.of(0), &alone));
  Samples none;
  none.end_series();
  const Labels gone = {{"a", "c"}};
  ASSERT_TRUE(writer->add(gone, none.of(0), &alone));
  const auto info = writer->finish();
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_TRUE(info->bins_alone);
  EXPECT_EQ(info->samples, 2U);
  EXPECT_EQ(info->min_ms, kHourMs - 3'000'000);
  const auto block =
      *Block::open(directory.path() + "/" + test_id().to_string());
  EXPECT_TRUE(block->info().bins_alone);
  block->verify([](const Error& error) { ADD_FAILURE() << error.message; });

  const std::vector<std::int64_t> ends_ms = {3 * kHourMs};
  prom::Bins bins;
  ASSERT_TRUE(*block->read_bins(0,
                                {.ends_ms = ends_ms,
                                 .range_ms = 3 * kHourMs,
                                 .columns = kBinAll,
                                 .resolution_ms = kHourMs},
                                bins));
  ASSERT_EQ(bins.size(), 3U);
  EXPECT_EQ(bins.resolution_ms,
            (std::vector<std::int64_t>{kHourMs, 5 * kMinuteMs, 0}));
  EXPECT_EQ(bins.last, (std::vector<double>{9, 18, 21}));
  EXPECT_EQ(bins.taken, (std::vector<double>{2.5, 2.5, 0}));

  const auto points = [&](Ordinal series, Resolution use) {
    Samples found;
    std::int64_t coarsest_ms = 0;
    EXPECT_TRUE(
        block->read_points(series, 0, INT64_MAX, use, found, coarsest_ms));
    return std::pair(found.value, coarsest_ms);
  };
  using Points = std::pair<std::vector<double>, std::int64_t>;
  EXPECT_EQ(points(0, Resolution::kAuto), Points({9, 18, 20, 21}, kHourMs));
  EXPECT_EQ(points(0, Resolution::kSamples), Points({20, 21}, 0));
  EXPECT_EQ(points(1, Resolution::kHours), Points({9, 18}, kHourMs));
  EXPECT_EQ(points(1, Resolution::kFiveMinutes), Points({9, 18}, kHourMs));
  EXPECT_EQ(points(1, Resolution::kSamples), Points({}, 0));
  EXPECT_TRUE(*block->has_bins_alone(0));
}

}  // namespace
}  // namespace prom::block
