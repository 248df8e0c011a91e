// Durations and points in time as text, as Prometheus writes and reads them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libprom/base/result.h"

namespace prom {

constexpr std::int64_t kSecondMs = 1000;
constexpr std::int64_t kMinuteMs = 60 * kSecondMs;
constexpr std::int64_t kHourMs = 60 * kMinuteMs;
constexpr std::int64_t kDayMs = 24 * kHourMs;
constexpr std::int64_t kWeekMs = 7 * kDayMs;
constexpr std::int64_t kYearMs = 365 * kDayMs;

// Reads "1y2w3d4h5m6s7ms": units descending, each at most once, "0" alone.
// Used by configuration files and PromQL.  Fails with kBadData on anything
// else and on what does not fit into 63 bits of nanoseconds, as upstream.
Result<std::int64_t> parse_duration_ms(std::string_view text);

// Writes what parse_duration_ms reads: "1h30m", "0s".  Years and weeks are
// written only when they divide the value exactly, as upstream prints them.
std::string format_duration(std::int64_t duration_ms);

// Reads a point in time: RFC 3339, Unix seconds with fraction, "now",
// "now-1h", "now+5m", "-1h" (before now), "today" (midnight, UTC).
Result<std::int64_t> parse_time_ms(std::string_view text, std::int64_t now_ms);

// RFC 3339 in UTC with milliseconds only when they are not zero:
// "2024-05-01T12:00:00Z", "2024-05-01T12:00:00.250Z".
std::string format_rfc3339(std::int64_t time_ms);

// Reads RFC 3339 with any offset and up to nanosecond fraction.
std::optional<std::int64_t> parse_rfc3339_ms(std::string_view text);

// A proleptic Gregorian date and time in UTC.
struct CivilTime {
  std::int64_t year = 1970;
  int month = 1;  // 1..12
  int day = 1;    // 1..31
  int hour = 0;
  int minute = 0;
  int second = 0;
  int weekday = 4;   // 0 Sunday .. 6 Saturday
  int year_day = 1;  // 1..366
};
CivilTime civil_from_seconds(std::int64_t unix_seconds);
std::int64_t seconds_from_civil(const CivilTime& time);
int days_in_month(std::int64_t year, int month);

}  // namespace prom
