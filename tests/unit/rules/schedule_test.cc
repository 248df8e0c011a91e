#include "libprom/rules/schedule.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace prom::rules {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kMinuteNs = kMinuteMs * 1'000'000;
constexpr std::int64_t kNowNs = 1'700'000'000'123'456'789;

std::int64_t slot(const std::string& name, std::int64_t now_ns = kNowNs) {
  return slot_before_ns("rules.yml", name, kMinuteMs, now_ns);
}

TEST(SlotBefore, IsTheLatestOneThatHasPassed) {
  for (const std::string name : {"a", "b", ""}) {
    const std::int64_t before = slot(name);
    EXPECT_LE(before, kNowNs);
    EXPECT_GT(before + kMinuteNs, kNowNs);
    EXPECT_EQ(slot(name, before), before);
    EXPECT_EQ(slot(name, before - 1), before - kMinuteNs);
    EXPECT_EQ(slot(name, before + kMinuteNs), before + kMinuteNs);
  }
}

TEST(SlotBefore, SpreadsGroupsOverTheInterval) {
  constexpr int kGroups = 60;
  std::set<std::int64_t> seconds;
  for (int i = 0; i < kGroups; ++i)
    seconds.insert(slot("group " + std::to_string(i)) % kMinuteNs /
                   1'000'000'000);
  EXPECT_GT(seconds.size(), kGroups / 2);
}

TEST(SlotBefore, DependsOnFileAndName) {
  EXPECT_NE(slot_before_ns("a", "bc", kMinuteMs, kNowNs),
            slot_before_ns("ab", "c", kMinuteMs, kNowNs));
}

TEST(SlotBefore, TakesNamesOfAnyLength) {
  const std::string before(254, 'n');
  const std::string at(255, 'n');
  EXPECT_LE(slot(before), kNowNs);
  EXPECT_LE(slot(at), kNowNs);
  EXPECT_NE(slot(before), slot(at));
}

}  // namespace
}  // namespace prom::rules
