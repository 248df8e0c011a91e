#include <string>

#include <gtest/gtest.h>

#include "libprom/base/duration.h"

namespace prom {
namespace {

constexpr std::int64_t kNowMs = 1714564800000;  // 2024-05-01T12:00:00Z

TEST(Time, IsReadInEveryForm) {
  const struct {
    std::string text;
    std::int64_t ms;
  } kCases[] = {
      {"now", kNowMs},
      {"now-1h", kNowMs - kHourMs},
      {"now+5m", kNowMs + 5 * kMinuteMs},
      {"-1h30m", kNowMs - 90 * kMinuteMs},
      {"today", kNowMs - 12 * kHourMs},
      {"0", 0},
      {"1714564800", kNowMs},
      {"1714564800.5", kNowMs + 500},
      {"-5", -5000},
      {"1e3", 1'000'000},
      {"2024-05-01T12:00:00Z", kNowMs},
      {"2024-05-01T14:00:00+02:00", kNowMs},
      {"2024-05-01T12:00:00.25Z", kNowMs + 250},
      {"1969-12-31T23:59:59.999Z", -1},
      {"2024-02-29T00:00:00Z", 1709164800000},
  };
  for (const auto& c : kCases) {
    const auto time = parse_time_ms(c.text, kNowMs);
    ASSERT_TRUE(time) << c.text;
    EXPECT_EQ(*time, c.ms) << c.text;
  }
}

TEST(Time, IsRefusedInOtherForms) {
  for (const char* text :
       {"", "yesterday", "now-", "now-x", "now1h", "nan", "inf", "1e300",
        "2024-02-30T00:00:00Z", "2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z",
        "2024-05-01T24:00:00Z", "2024-05-01T12:60:00Z", "2024-05-01T12:00:00",
        "2024-05-01", "2024-05-01T12:00:00.Z", "2024-05-01T12:00:00+2:00"})
    EXPECT_FALSE(parse_time_ms(text, kNowMs)) << text;
}

TEST(Time, IsWrittenInUtc) {
  EXPECT_EQ(format_rfc3339(kNowMs), "2024-05-01T12:00:00Z");
  EXPECT_EQ(format_rfc3339(kNowMs + 250), "2024-05-01T12:00:00.250Z");
  EXPECT_EQ(format_rfc3339(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(format_rfc3339(-62135596800000), "0001-01-01T00:00:00Z");
  EXPECT_EQ(format_rfc3339(253402300799000), "9999-12-31T23:59:59Z");
}

TEST(CivilTime, GoesBothWays) {
  for (std::int64_t day = -200'000; day <= 200'000; day += 31) {
    const std::int64_t seconds = day * 86'400 + 3661;
    const CivilTime time = civil_from_seconds(seconds);
    ASSERT_EQ(seconds_from_civil(time), seconds);
    ASSERT_EQ(time.hour, 1);
    ASSERT_GE(time.day, 1);
    ASSERT_LE(time.day, days_in_month(time.year, time.month));
  }
  const CivilTime leap = civil_from_seconds(1709251199);  // 2024-02-29
  EXPECT_EQ(leap.month, 2);
  EXPECT_EQ(leap.day, 29);
  EXPECT_EQ(leap.weekday, 4);
  EXPECT_EQ(leap.year_day, 60);
  EXPECT_EQ(days_in_month(2000, 2), 29);
  EXPECT_EQ(days_in_month(1900, 2), 28);
}

}  // namespace
}  // namespace prom
