#include "libprom/base/duration.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace prom {
namespace {

struct Case {
  std::string text;
  std::int64_t ms;
};

TEST(Duration, IsReadInDescendingUnits) {
  const std::vector<Case> cases = {{"0", 0},
                                   {"5m", 5 * kMinuteMs},
                                   {"1h30m", 90 * kMinuteMs},
                                   {"15ms", 15},
                                   {"1m1ms", kMinuteMs + 1},
                                   {"1y2w3d4h5m6s7ms", 33019506007},
                                   {"292y", 292 * kYearMs}};
  for (const Case& c : cases) {
    const auto ms = parse_duration_ms(c.text);
    ASSERT_TRUE(ms) << c.text;
    EXPECT_EQ(*ms, c.ms) << c.text;
  }
}

TEST(Duration, RefusesEverythingElseWithUpstreamsWords) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "empty duration string"},
      {"1", "not a valid duration string: \"1\""},
      {"m", "not a valid duration string: \"m\""},
      {"-1m", "not a valid duration string: \"-1m\""},
      {"1m1h", "not a valid duration string: \"1m1h\""},
      {"1s1s", "not a valid duration string: \"1s1s\""},
      {"5y1hs", "unknown unit \"hs\" in duration \"5y1hs\""},
      {"1.5h", "unknown unit \".\" in duration \"1.5h\""},
      {"293y", "duration out of range"},
      {"9223372036854775807y", "duration out of range"}};
  for (const auto& [text, message] : cases) {
    const auto ms = parse_duration_ms(text);
    ASSERT_FALSE(ms) << text;
    EXPECT_EQ(ms.error().message, message);
  }
}

TEST(Duration, IsWrittenWithYearsAndWeeksOnlyWhenExact) {
  const std::vector<Case> cases = {{"0s", 0},
                                   {"1ms", 1},
                                   {"1d1h", 25 * kHourMs},
                                   {"13d", 13 * kDayMs},
                                   {"2w", 14 * kDayMs},
                                   {"1y", kYearMs},
                                   {"366d", 366 * kDayMs},
                                   {"-1h30m", -90 * kMinuteMs}};
  for (const Case& c : cases) EXPECT_EQ(format_duration(c.ms), c.text);
}

}  // namespace
}  // namespace prom
