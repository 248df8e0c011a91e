#include "libprom/alert/time_interval.h"

#include <algorithm>
#include <exception>

#include <date/tz.h>

#include "libprom/base/duration.h"

namespace prom::alert {
namespace {

// Seconds to add to UTC; the library throws for unknown zones and for a
// machine without zone files.
Result<std::int64_t> utc_offset(const std::string& location,
                                std::int64_t unix_seconds) {
  if (location.empty() || location == "UTC") return 0;
  try {
    const date::time_zone* zone = location == "Local"
                                      ? date::current_zone()
                                      : date::locate_zone(location);
    const date::sys_seconds time{std::chrono::seconds(unix_seconds)};
    return zone->get_info(time).offset.count();
  } catch (const std::exception& error) {
    return fail(Code::kBadData, "unknown time zone " + location);
  }
}

bool any(const std::vector<config::IntervalRange>& ranges, std::int64_t value) {
  return ranges.empty() ||
         std::any_of(ranges.begin(), ranges.end(),
                     [&](const config::IntervalRange& range) {
                       return value >= range.begin && value <= range.end;
                     });
}

// Negative days count from the end of the month, whose length varies.
bool any_day(const std::vector<config::IntervalRange>& ranges, int day,
             int month_days) {
  return ranges.empty() ||
         std::any_of(ranges.begin(), ranges.end(),
                     [&](const config::IntervalRange& range) {
                       const auto resolve = [&](int n) {
                         return n < 0 ? month_days + n + 1 : n;
                       };
                       const int begin = resolve(range.begin);
                       if (begin > month_days) return false;
                       return day >= std::max(begin, -month_days) &&
                              day <= std::min(resolve(range.end), month_days);
                     });
}

}  // namespace

Status check_location(const std::string& location) {
  auto offset = utc_offset(location, 0);
  if (!offset) return fail(std::move(offset).error());
  return {};
}

bool contains(const config::TimeIntervalSpec& spec, std::int64_t time_ms) {
  std::int64_t seconds = time_ms / kSecondMs;
  if (time_ms % kSecondMs < 0) --seconds;
  seconds += utc_offset(spec.location, seconds).value_or(0);
  const CivilTime local = civil_from_seconds(seconds);
  const int minute = local.hour * 60 + local.minute;
  const bool in_times =
      spec.times.empty() ||
      std::any_of(spec.times.begin(), spec.times.end(),
                  [&](const config::IntervalRange& range) {
                    return minute >= range.begin && minute < range.end;
                  });
  return in_times &&
         any_day(spec.days_of_month, local.day,
                 days_in_month(local.year, local.month)) &&
         any(spec.months, local.month) && any(spec.weekdays, local.weekday) &&
         any(spec.years, local.year);
}

bool contains(const std::vector<config::TimeIntervalSpec>& specs,
              std::int64_t time_ms) {
  return std::any_of(specs.begin(), specs.end(),
                     [&](const config::TimeIntervalSpec& spec) {
                       return contains(spec, time_ms);
                     });
}

TimeIntervals::TimeIntervals(
    const std::vector<config::TimeInterval>& intervals) {
  for (const config::TimeInterval& interval : intervals)
    by_name_[interval.name] = interval.specs;
}

std::vector<std::string> TimeIntervals::containing(
    const std::vector<std::string>& names, std::int64_t time_ms) const {
  std::vector<std::string> found;
  for (const std::string& name : names) {
    const auto interval = by_name_.find(name);
    if (interval != by_name_.end() && contains(interval->second, time_ms))
      found.push_back(name);
  }
  return found;
}

}  // namespace prom::alert
