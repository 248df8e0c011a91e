#include "libprom/template/time.h"

#include <array>
#include <cstdlib>

#include "libprom/base/duration.h"

namespace prom::templates {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

// "1.5" of 1'500 in units of 10^digits, without trailing zeros.
std::string with_fraction(std::uint64_t value, int digits) {
  std::uint64_t unit = 1;
  for (int i = 0; i < digits; ++i) unit *= 10;
  std::string text = std::to_string(value / unit);
  std::string fraction = std::to_string(unit + value % unit).substr(1);
  fraction.resize(fraction.find_last_not_of('0') + 1);
  return fraction.empty() ? text : text + "." + fraction;
}

}  // namespace

std::string to_string(const Time& time) {
  return format_time(time, "2006-01-02 15:04:05.999999999 -0700 MST");
}

std::string to_string(Duration duration) {
  const std::int64_t ns = duration.nanoseconds;
  if (ns == 0) return "0s";
  std::uint64_t magnitude = static_cast<std::uint64_t>(ns);
  std::string text;
  if (ns < 0) {
    magnitude = ~magnitude + 1;
    text = "-";
  }
  if (magnitude < 1'000) return text + std::to_string(magnitude) + "ns";
  if (magnitude < 1'000'000) return text + with_fraction(magnitude, 3) + "µs";
  if (magnitude < kNsPerSecond)
    return text + with_fraction(magnitude, 6) + "ms";
  const std::uint64_t seconds = magnitude / kNsPerSecond;
  if (seconds >= 3600) text += std::to_string(seconds / 3600) + "h";
  if (seconds >= 60) text += std::to_string(seconds / 60 % 60) + "m";
  const std::uint64_t minute_ns = 60ULL * kNsPerSecond;
  return text + with_fraction(magnitude % minute_ns, 9) + "s";
}

std::string_view month_name(int month) {
  static constexpr std::array<std::string_view, 12> kNames = {
      "January", "February", "March",     "April",   "May",      "June",
      "July",    "August",   "September", "October", "November", "December"};
  if (month < 1 || month > 12) return "%!Month";
  return kNames[static_cast<std::size_t>(month - 1)];
}

std::string_view weekday_name(int weekday) {
  static constexpr std::array<std::string_view, 7> kNames = {
      "Sunday",   "Monday", "Tuesday", "Wednesday",
      "Thursday", "Friday", "Saturday"};
  if (weekday < 0 || weekday > 6) return "%!Weekday";
  return kNames[static_cast<std::size_t>(weekday)];
}

Time add(const Time& time, std::int64_t nanoseconds) {
  Time result = time;
  std::int64_t seconds = nanoseconds / kNsPerSecond;
  std::int64_t rest = time.nanoseconds + nanoseconds % kNsPerSecond;
  if (rest < 0) {
    rest += kNsPerSecond;
    --seconds;
  } else if (rest >= kNsPerSecond) {
    rest -= kNsPerSecond;
    ++seconds;
  }
  if (__builtin_add_overflow(time.seconds, seconds, &result.seconds))
    result.seconds = seconds < 0 ? INT64_MIN : INT64_MAX;
  result.nanoseconds = static_cast<std::int32_t>(rest);
  return result;
}

Duration difference(const Time& a, const Time& b) {
  std::int64_t ns = 0;
  if (__builtin_sub_overflow(a.seconds, b.seconds, &ns) ||
      __builtin_mul_overflow(ns, kNsPerSecond, &ns) ||
      __builtin_add_overflow(ns, a.nanoseconds - b.nanoseconds, &ns))
    return {a.seconds < b.seconds ? INT64_MIN : INT64_MAX};
  return {ns};
}

}  // namespace prom::templates
