#include "libprom/alert/time_interval.h"

#include <ctime>

#include "libprom/base/duration.h"

#include "tests/unit/alert/conformance.h"

namespace prom::alert {
namespace {

using nlohmann::json;

// "02 Jan 06 15:04 -0700"
std::int64_t parse_rfc822(const std::string& text) {
  std::tm utc{};
  EXPECT_NE(strptime(text.substr(0, 15).c_str(), "%d %b %y %H:%M", &utc),
            nullptr)
      << text;
  const int offset = std::stoi(text.substr(16));
  const std::int64_t seconds = (offset / 100) * 3600 + (offset % 100) * 60;
  return (timegm(&utc) - seconds) * 1000;
}

std::vector<config::IntervalRange> ranges(const json& c, const char* name) {
  std::vector<config::IntervalRange> list;
  if (!c.contains(name)) return list;
  for (const json& pair : c[name])
    list.push_back({pair[0].get<int>(), pair[1].get<int>()});
  return list;
}

TEST(TimeInterval, ContainsWhatUpstreamContains) {
  const auto data = conformance("time_intervals.json");
  SKIP_WITHOUT(data);
  for (const json& c : (*data)["contains"]) {
    const json& interval = c["interval"];
    config::TimeIntervalSpec spec;
    spec.times = ranges(interval, "times_minutes");
    spec.weekdays = ranges(interval, "weekdays");
    spec.days_of_month = ranges(interval, "days_of_month");
    spec.months = ranges(interval, "months");
    spec.years = ranges(interval, "years");
    if (interval.contains("location"))
      spec.location = interval["location"].get<std::string>();
    for (const json& time : c["contains"])
      EXPECT_TRUE(contains(spec, parse_rfc822(time.get<std::string>())))
          << interval << time;
    for (const json& time : c["excludes"])
      EXPECT_FALSE(contains(spec, parse_rfc822(time.get<std::string>())))
          << interval << time;
  }
}

TEST(TimeInterval, KnowsTheZonesOfThisMachine) {
  EXPECT_TRUE(check_location(""));
  EXPECT_TRUE(check_location("UTC"));
  EXPECT_TRUE(check_location("Europe/Berlin"));
  EXPECT_FALSE(check_location("Europe/Nowhere"));
  EXPECT_FALSE(check_location("../../etc/passwd"));
}

TEST(TimeInterval, FollowsDaylightSaving) {
  config::TimeIntervalSpec nine;
  nine.times = {{540, 600}};
  nine.location = "America/New_York";
  EXPECT_TRUE(contains(nine, *parse_rfc3339_ms("2024-01-15T14:30:00Z")));
  EXPECT_FALSE(contains(nine, *parse_rfc3339_ms("2024-01-15T13:30:00Z")));
  EXPECT_TRUE(contains(nine, *parse_rfc3339_ms("2024-07-15T13:30:00Z")));
  EXPECT_FALSE(contains(nine, *parse_rfc3339_ms("2024-07-15T14:30:00Z")));
}

}  // namespace
}  // namespace prom::alert
