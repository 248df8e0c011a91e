#include "libprom/query/increase_rows.h"

#include <bit>
#include <string>

#include <gtest/gtest.h>

#include "libprom/query/engine.h"
#include "libprom/query/memory_source.h"

namespace prom::query {
namespace {

using promql::FunctionId;

TEST(IncreaseRows, KnowsThreeFunctions) {
  EXPECT_TRUE(IncreaseRows::make(FunctionId::kRate, {0}, 1));
  EXPECT_TRUE(IncreaseRows::make(FunctionId::kIncrease, {0}, 1));
  EXPECT_TRUE(IncreaseRows::make(FunctionId::kDelta, {0}, 1));
  EXPECT_FALSE(IncreaseRows::make(FunctionId::kIrate, {0}, 1));
}

TEST(IncreaseRows, LeavesWindowsOfOneSampleEmpty) {
  auto rows =
      IncreaseRows::make(FunctionId::kIncrease, {1000, 2000, 9000}, 1500);
  Cells cells;
  cells.reset(1, 3);
  const std::int64_t times[] = {1000, 2000};
  const double values[] = {3, 5};
  EXPECT_TRUE(rows->fill(times, values, cells, 0));
  EXPECT_EQ(cells.kind(0), CellKind::kNone);
  EXPECT_EQ(cells.kind(1), CellKind::kFloat);
  EXPECT_EQ(cells.kind(2), CellKind::kNone);
}

TEST(IncreaseRows, PlansAnewWhenTimesDiffer) {
  auto rows = IncreaseRows::make(FunctionId::kDelta, {3000}, 3000);
  Cells cells;
  cells.reset(2, 1);
  const double values[] = {1, 4};
  const std::int64_t wide[] = {1, 3000};
  const std::int64_t narrow[] = {2000, 3000};
  EXPECT_TRUE(rows->fill(wide, values, cells, 0));
  EXPECT_TRUE(rows->fill(narrow, values, cells, 1));
  EXPECT_NE(cells.value(0), cells.value(1));
}

// One sample that goes down takes its series to the general functions; what
// those say of windows without it must not differ in one bit.
TEST(IncreaseRows, AgreesWithTheGeneralFunctions) {
  constexpr std::int64_t kRangeMs = 180'000;
  MemorySource source;
  const std::size_t plain = source.series(Labels{{"__name__", "plain_total"}});
  const std::size_t reset = source.series(Labels{{"__name__", "reset_total"}});
  std::int64_t down_ms = 0;
  double value = 0.1;
  double before = 0;
  for (std::int64_t t = 1000; t < 3'600'000; t += 14'903 + t % 7919) {
    const bool goes_down = down_ms == 0 && t > 1'800'000;
    if (goes_down) down_ms = t;
    source.add(plain, t, value);
    source.add(reset, t, goes_down ? before / 2 : value);
    before = value;
    value += static_cast<double>(t % 97) / 7;
  }
  for (const std::string function : {"rate", "increase"}) {
    const RangeTimes times{100'000, 3'600'000, 7'000};
    const auto ours = range(source, function + "(plain_total[3m])", times, {});
    const auto general =
        range(source, function + "(reset_total[3m])", times, {});
    ASSERT_TRUE(ours && general);
    const auto& expected = general->series.at(0).floats;
    const auto& got = ours->series.at(0).floats;
    ASSERT_EQ(got.size(), expected.size());
    std::size_t compared = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
      const std::int64_t t = got[i].t_ms;
      if (t >= down_ms && t <= down_ms + 2 * kRangeMs) continue;
      EXPECT_EQ(std::bit_cast<std::uint64_t>(got[i].value),
                std::bit_cast<std::uint64_t>(expected[i].value))
          << function << " at " << t;
      ++compared;
    }
    EXPECT_GT(compared, 400U);
  }
}

}  // namespace
}  // namespace prom::query
