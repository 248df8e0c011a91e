#include "libprom/scrape/schedule.h"

#include <set>

#include <gtest/gtest.h>

namespace prom::scrape {
namespace {

constexpr std::int64_t kMs = 1'000'000;

TEST(FirstDelay, IsPinnedToAbsoluteTime) {
  constexpr std::int64_t kInterval = 15'000;
  std::set<std::int64_t> places;
  for (std::int64_t now = 1'700'000'000'000; now < 1'700'000'060'000;
       now += 777) {
    const std::int64_t delay = first_delay_ms(now, kInterval, 12345, 678);
    EXPECT_GT(delay, 0);
    EXPECT_LE(delay, kInterval);
    places.insert((now + delay) % kInterval);
  }
  EXPECT_EQ(places.size(), 1U);
}

TEST(FirstDelay, DiffersBetweenTargetsAndReplicas) {
  const Labels a{{"instance", "a"}};
  const Labels b{{"instance", "b"}};
  const auto delay = [](const Labels& target, std::string_view replica) {
    return first_delay_ms(1'700'000'000'000, 60'000,
                          target_hash(target, "http://x/metrics"),
                          offset_seed("host", {{"replica", replica}}));
  };
  EXPECT_NE(delay(a, "0"), delay(b, "0"));
  EXPECT_NE(delay(a, "0"), delay(a, "1"));
  EXPECT_EQ(delay(a, "0"), delay(a, "0"));
}

struct Tick {
  std::int64_t monotonic_ms, wall_ms;
  std::int64_t expected_t_ms;
  std::int64_t expected_due_ms;
};

// Interval 1 s, first tick at monotonic 100 ms and wall 10 100 ms.
TEST(Ticker, AlignsTimestamps) {
  for (const Tick& tick : std::vector<Tick>{
           {100, 10'100, 10'100, 1100},
           {102, 10'102, 10'100, 1100},  // within the tolerance of 2 ms
           {103, 10'103, 10'103, 1100},  // late
           {99, 10'098, 10'100, 1100},   // the wall clock was slewed
           {1099, 11'099, 11'099, 1100},
           {1101, 11'101, 11'100, 2100},  // a tick was missed
           {5102, 15'102, 15'100, 6100},  // five were
           {100, 20'000, 20'000, 1100},   // the wall clock was set
           {100, 1'000, 1'000, 1100}}) {
    Ticker ticker(1000, 100, 10'000, 0);
    EXPECT_EQ(ticker.due_ns(), 100 * kMs);
    EXPECT_EQ(ticker.take(tick.wall_ms, tick.monotonic_ms * kMs),
              tick.expected_t_ms)
        << tick.monotonic_ms << " " << tick.wall_ms;
    EXPECT_EQ(ticker.due_ns(), tick.expected_due_ms * kMs)
        << tick.monotonic_ms << " " << tick.wall_ms;
  }
}

TEST(Ticker, FollowsAClockThatWasSet) {
  Ticker ticker(1000, 0, 10'000, 0);
  EXPECT_EQ(ticker.take(50'000, 0), 50'000);
  EXPECT_EQ(ticker.take(51'001, 1001 * kMs), 51'000);
}

TEST(Ticker, NarrowsTheToleranceOfShortIntervals) {
  Ticker ticker(100, 0, 10'000, 0);
  EXPECT_EQ(ticker.take(10'002, 2 * kMs), 10'002);
}

}  // namespace
}  // namespace prom::scrape
