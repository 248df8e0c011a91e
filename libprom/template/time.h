// Go's time package as templates see it: layouts, zones, String methods.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "libprom/base/result.h"
#include "libprom/template/value.h"

namespace prom::templates {

// A zone's difference to UTC at an instant, and its name then ("CET").
struct ZoneOffset {
  std::int32_t seconds = 0;
  std::string name = "UTC";
};

// The same instant shown in another zone: an IANA name, "UTC" or "".  Fails as
// Go's time.LoadLocation: "unknown time zone X".
Result<Time> in_zone(const Time& time, std::string_view zone);
// "UTC" for a zone that is not known (any more).
ZoneOffset zone_offset(const Time& time);

// Formats by a Go layout: "2006-01-02 15:04:05.000 MST".
std::string format_time(const Time& time, std::string_view layout);
// Reads what a layout describes, in UTC unless the text names an offset.  The
// error is Go's: `parsing time "x" as "2006": cannot parse "x" as "2006"`.
Result<Time> parse_time(std::string_view layout, std::string_view text);

// "2006-01-02 15:04:05.999999999 -0700 MST", as printing a time gives.
std::string to_string(const Time& time);
// "1h30m0s", "1.5µs", "0s", as printing a duration gives.
std::string to_string(Duration duration);
std::string_view month_name(int month);      // 1 .. 12
std::string_view weekday_name(int weekday);  // 0 .. 6, 0 is Sunday

// Later by `nanoseconds`, which may be negative.  Saturates.
Time add(const Time& time, std::int64_t nanoseconds);
// a - b, saturating at the ends of a duration.
Duration difference(const Time& a, const Time& b);

// The methods of Go's time.Time and time.Duration that templates can call.
// The receiver is passed as the first argument.
struct TimeMethod {
  std::string_view name;
  std::string_view signature;  // without the receiver
  Result<Value> (*call)(std::span<const Value> receiver_and_arguments);
};
const TimeMethod* find_time_method(std::string_view name);
const TimeMethod* find_duration_method(std::string_view name);

}  // namespace prom::templates
