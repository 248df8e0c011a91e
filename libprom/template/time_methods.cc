#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "libprom/base/duration.h"
#include "libprom/template/time.h"

namespace prom::templates {
namespace {

using Arguments = std::span<const Value>;

const Time& self_time(Arguments arguments) {
  return arguments[0].as_time();
}
std::int64_t self_ns(Arguments arguments) {
  return arguments[0].as_duration().nanoseconds;
}

CivilTime civil_of(const Time& time) {
  return civil_from_seconds(time.seconds + zone_offset(time).seconds);
}

// `scale` units per second.  Beyond 63 bits the result saturates.
Value unix_time(const Time& time, std::int64_t scale) {
  std::int64_t value = 0;
  if (__builtin_mul_overflow(time.seconds, scale, &value))
    return Value::integer(time.seconds < 0 ? INT64_MIN : INT64_MAX);
  return Value::integer(value + time.nanoseconds / (1'000'000'000 / scale));
}

// Rounds `ns` to a multiple of `unit`: down to zero, or to the nearest.
std::int64_t round_to(std::int64_t ns, std::int64_t unit, bool nearest) {
  if (unit <= 0) return ns;
  const std::int64_t rest = ns % unit;
  const std::int64_t down = ns - rest;
  if (!nearest) return down;
  const std::int64_t magnitude = rest < 0 ? -rest : rest;
  if (magnitude < unit - magnitude) return down;
  std::int64_t away = 0;
  const bool overflows = rest < 0 ? __builtin_sub_overflow(down, unit, &away)
                                  : __builtin_add_overflow(down, unit, &away);
  if (!overflows) return away;
  return rest < 0 ? INT64_MIN : INT64_MAX;
}

Value rounded_time(Arguments arguments, bool nearest) {
  const Time& time = self_time(arguments);
  const std::int64_t unit = arguments[1].as_duration().nanoseconds;
  if (unit <= 0) return arguments[0];
  // Units count from Go's zero time, in 128 bits.
  __extension__ using Int128 = __int128;
  const Int128 since_zero =
      static_cast<Int128>(time.seconds - Time::kZeroSeconds) * 1'000'000'000 +
      time.nanoseconds;
  auto rest = static_cast<std::int64_t>(since_zero % unit);
  if (rest < 0) rest += unit;
  const bool up = nearest && rest >= unit - rest;
  return Value::time(add(time, up ? unit - rest : -rest));
}

Value added_date(Arguments arguments) {
  const Time& time = self_time(arguments);
  const std::int32_t offset = zone_offset(time).seconds;
  CivilTime civil = civil_from_seconds(time.seconds + offset);
  constexpr std::int64_t kMax = 1'000'000;  // years, months, days
  const auto bounded = [&](std::size_t i) {
    return std::clamp(arguments[i].as_int(), -kMax, kMax);
  };
  const std::int64_t months = civil.month - 1 + bounded(2);
  const std::int64_t carried =
      months >= 0 ? months / 12 : -((11 - months) / 12);
  civil.year += bounded(1) + carried;
  civil.month = static_cast<int>(months - carried * 12) + 1;
  const std::int64_t day = civil.day - 1 + bounded(3);
  civil.day = 1;
  Time result = time;
  result.seconds = seconds_from_civil(civil) + day * 86400 - offset;
  return Value::time(std::move(result));
}

template <int CivilTime::* kMember>
Result<Value> civil_part(Arguments arguments) {
  return Value::integer(civil_of(self_time(arguments)).*kMember);
}

template <std::int64_t kUnit>
Result<Value> whole_units(Arguments arguments) {
  return Value::integer(self_ns(arguments) / kUnit);
}
template <std::int64_t kUnit>
Result<Value> real_units(Arguments arguments) {
  const std::int64_t ns = self_ns(arguments);
  return Value::number(static_cast<double>(ns / kUnit) +
                       static_cast<double>(ns % kUnit) / kUnit);
}

int compare(const Time& a, const Time& b) {
  if (a.seconds != b.seconds) return a.seconds < b.seconds ? -1 : 1;
  return a.nanoseconds == b.nanoseconds  ? 0
         : a.nanoseconds < b.nanoseconds ? -1
                                         : 1;
}

constexpr std::int64_t kUs = 1'000;
constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kS = 1'000'000'000;

const std::array kTimeMethods = {
    TimeMethod{"Add", "d",
               [](Arguments a) -> Result<Value> {
                 return Value::time(
                     add(self_time(a), a[1].as_duration().nanoseconds));
               }},
    TimeMethod{"AddDate", "iii",
               [](Arguments a) -> Result<Value> { return added_date(a); }},
    TimeMethod{"After", "t",
               [](Arguments a) -> Result<Value> {
                 return Value::boolean(compare(self_time(a), a[1].as_time()) >
                                       0);
               }},
    TimeMethod{"Before", "t",
               [](Arguments a) -> Result<Value> {
                 return Value::boolean(compare(self_time(a), a[1].as_time()) <
                                       0);
               }},
    TimeMethod{"Compare", "t",
               [](Arguments a) -> Result<Value> {
                 return Value::integer(compare(self_time(a), a[1].as_time()));
               }},
    TimeMethod{"Day", "", civil_part<&CivilTime::day>},
    TimeMethod{"Equal", "t",
               [](Arguments a) -> Result<Value> {
                 return Value::boolean(
                     self_time(a).same_instant(a[1].as_time()));
               }},
    TimeMethod{"Format", "s",
               [](Arguments a) -> Result<Value> {
                 return Value::string(
                     format_time(self_time(a), a[1].as_string()));
               }},
    TimeMethod{"Hour", "", civil_part<&CivilTime::hour>},
    TimeMethod{"IsZero", "",
               [](Arguments a) -> Result<Value> {
                 return Value::boolean(self_time(a).is_zero());
               }},
    TimeMethod{"Local", "",
               [](Arguments a) -> Result<Value> {
                 Time time = self_time(a);
                 time.zone.clear();
                 return Value::time(std::move(time));
               }},
    TimeMethod{"Minute", "", civil_part<&CivilTime::minute>},
    TimeMethod{"Month", "",
               [](Arguments a) -> Result<Value> {
                 return Value::integer(
                     Integer{civil_of(self_time(a)).month, IntStyle::kMonth});
               }},
    TimeMethod{"Nanosecond", "",
               [](Arguments a) -> Result<Value> {
                 return Value::integer(self_time(a).nanoseconds);
               }},
    TimeMethod{
        "Round", "d",
        [](Arguments a) -> Result<Value> { return rounded_time(a, true); }},
    TimeMethod{"Second", "", civil_part<&CivilTime::second>},
    TimeMethod{"String", "",
               [](Arguments a) -> Result<Value> {
                 return Value::string(to_string(self_time(a)));
               }},
    TimeMethod{"Sub", "t",
               [](Arguments a) -> Result<Value> {
                 return Value::duration(
                     difference(self_time(a), a[1].as_time()));
               }},
    TimeMethod{
        "Truncate", "d",
        [](Arguments a) -> Result<Value> { return rounded_time(a, false); }},
    TimeMethod{"UTC", "",
               [](Arguments a) -> Result<Value> {
                 Time time = self_time(a);
                 time.zone.clear();
                 return Value::time(std::move(time));
               }},
    TimeMethod{"Unix", "",
               [](Arguments a) -> Result<Value> {
                 return Value::integer(self_time(a).seconds);
               }},
    TimeMethod{"UnixMicro", "",
               [](Arguments a) -> Result<Value> {
                 return unix_time(self_time(a), 1'000'000);
               }},
    TimeMethod{"UnixMilli", "",
               [](Arguments a) -> Result<Value> {
                 return unix_time(self_time(a), 1'000);
               }},
    TimeMethod{"UnixNano", "",
               [](Arguments a) -> Result<Value> {
                 return unix_time(self_time(a), 1'000'000'000);
               }},
    TimeMethod{"Weekday", "",
               [](Arguments a) -> Result<Value> {
                 return Value::integer(Integer{civil_of(self_time(a)).weekday,
                                               IntStyle::kWeekday});
               }},
    TimeMethod{"Year", "",
               [](Arguments a) -> Result<Value> {
                 return Value::integer(civil_of(self_time(a)).year);
               }},
    TimeMethod{"YearDay", "", civil_part<&CivilTime::year_day>},
};

const std::array kDurationMethods = {
    TimeMethod{"Abs", "",
               [](Arguments a) -> Result<Value> {
                 const std::int64_t ns = self_ns(a);
                 if (ns == INT64_MIN) return Value::duration({INT64_MAX});
                 return Value::duration({ns < 0 ? -ns : ns});
               }},
    TimeMethod{"Hours", "", real_units<3600 * kS>},
    TimeMethod{"Microseconds", "", whole_units<kUs>},
    TimeMethod{"Milliseconds", "", whole_units<kMs>},
    TimeMethod{"Minutes", "", real_units<60 * kS>},
    TimeMethod{"Nanoseconds", "", whole_units<1>},
    TimeMethod{"Round", "d",
               [](Arguments a) -> Result<Value> {
                 return Value::duration({round_to(
                     self_ns(a), a[1].as_duration().nanoseconds, true)});
               }},
    TimeMethod{"Seconds", "", real_units<kS>},
    TimeMethod{"String", "",
               [](Arguments a) -> Result<Value> {
                 return Value::string(to_string(a[0].as_duration()));
               }},
    TimeMethod{"Truncate", "d",
               [](Arguments a) -> Result<Value> {
                 return Value::duration({round_to(
                     self_ns(a), a[1].as_duration().nanoseconds, false)});
               }},
};

template <std::size_t kCount>
const TimeMethod* find_in(const std::array<TimeMethod, kCount>& methods,
                          std::string_view name) {
  const auto found = std::ranges::find(methods, name, &TimeMethod::name);
  return found == methods.end() ? nullptr : &*found;
}

}  // namespace

const TimeMethod* find_time_method(std::string_view name) {
  return find_in(kTimeMethods, name);
}

const TimeMethod* find_duration_method(std::string_view name) {
  return find_in(kDurationMethods, name);
}

}  // namespace prom::templates
