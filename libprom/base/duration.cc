#include "libprom/base/duration.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "libprom/base/number.h"
#include "libprom/base/utf8.h"

namespace prom {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t ms;
};
// Descending, as a duration must be written.
constexpr std::array<Unit, 7> kUnits = {{{"y", kYearMs},
                                         {"w", kWeekMs},
                                         {"d", kDayMs},
                                         {"h", kHourMs},
                                         {"m", kMinuteMs},
                                         {"s", kSecondMs},
                                         {"ms", 1}}};
// Upstream keeps durations in 63 bits of nanoseconds.
constexpr std::int64_t kDurationMsMax =
    std::numeric_limits<std::int64_t>::max() / 1'000'000;

std::unexpected<Error> bad_duration(std::string_view text) {
  return fail(Code::kBadData, "not a valid duration string: " + quote(text));
}

std::size_t digits_at(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && text[n] >= '0' && text[n] <= '9') ++n;
  return n;
}

// Up to the next digit.
std::size_t letters_at(std::string_view text) {
  const std::size_t end = text.find_first_of("0123456789");
  return end == std::string_view::npos ? text.size() : end;
}

void append_two(std::string& out, int value) {
  if (value < 10) out += '0';
  append_int(out, value);
}

// Reads exactly `width` digits at `text[at..]`; -1 when they are not there.
int fixed_digits(std::string_view text, std::size_t at, std::size_t width) {
  if (text.size() < at + width) return -1;
  int value = 0;
  for (std::size_t i = at; i < at + width; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

// The offset in seconds of "Z", "+02:00"; nullopt when malformed.
std::optional<std::int64_t> zone_offset_s(std::string_view zone) {
  if (zone == "Z" || zone == "z") return 0;
  if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':')
    return std::nullopt;
  const int hours = fixed_digits(zone, 1, 2);
  const int minutes = fixed_digits(zone, 4, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
    return std::nullopt;
  const std::int64_t seconds = hours * 3600L + minutes * 60L;
  return zone[0] == '-' ? -seconds : seconds;
}

}  // namespace

Result<std::int64_t> parse_duration_ms(std::string_view text) {
  if (text == "0") return 0;
  if (text.empty()) return fail(Code::kBadData, "empty duration string");
  std::string_view rest = text;
  std::int64_t total_ms = 0;
  std::size_t next_unit = 0;
  while (!rest.empty()) {
    const std::size_t digits = digits_at(rest);
    const std::optional<std::int64_t> count = parse_int(rest.substr(0, digits));
    if (digits == 0 || !count) return bad_duration(text);
    rest.remove_prefix(digits);
    const std::string_view name = rest.substr(0, letters_at(rest));
    if (name.empty()) return bad_duration(text);
    const auto* unit = std::ranges::find(kUnits, name, &Unit::name);
    if (unit == kUnits.end()) {
      return fail(Code::kBadData, "unknown unit " + quote(name) +
                                      " in duration " + quote(text));
    }
    const auto index = static_cast<std::size_t>(unit - kUnits.begin());
    if (index < next_unit) return bad_duration(text);
    std::int64_t part_ms = 0;
    if (__builtin_mul_overflow(*count, unit->ms, &part_ms) ||
        __builtin_add_overflow(total_ms, part_ms, &total_ms) ||
        total_ms > kDurationMsMax) {
      return fail(Code::kBadData, "duration out of range");
    }
    rest.remove_prefix(name.size());
    next_unit = index + 1;
  }
  return total_ms;
}

std::string format_duration(std::int64_t duration_ms) {
  if (duration_ms == 0) return "0s";
  std::string out;
  std::uint64_t rest = static_cast<std::uint64_t>(duration_ms);
  if (duration_ms < 0) {
    out += '-';
    rest = 0 - rest;
  }
  for (const Unit& unit : kUnits) {
    const auto unit_ms = static_cast<std::uint64_t>(unit.ms);
    const bool exact_only = unit.ms >= kWeekMs;
    if (exact_only && rest % unit_ms != 0) continue;
    const std::uint64_t count = rest / unit_ms;
    if (count == 0) continue;
    append_int(out, static_cast<std::int64_t>(count));
    out += unit.name;
    rest -= count * unit_ms;
  }
  return out;
}

Result<std::int64_t> parse_time_ms(std::string_view text, std::int64_t now_ms) {
  if (text == "now") return now_ms;
  if (text == "today") {
    const std::int64_t days = now_ms / kDayMs - (now_ms % kDayMs < 0 ? 1 : 0);
    return days * kDayMs;
  }
  const std::string_view relative =
      text.starts_with("now") ? text.substr(3) : text;
  if (relative.size() > 1 && (relative[0] == '-' || relative[0] == '+')) {
    if (const auto distance = parse_duration_ms(relative.substr(1)))
      return relative[0] == '-' ? now_ms - *distance : now_ms + *distance;
  }
  if (const std::optional<std::int64_t> time = parse_rfc3339_ms(text))
    return *time;
  const std::optional<double> seconds = parse_float(text);
  constexpr double kSecondsMax = 9.2e15;
  if (seconds && std::abs(*seconds) < kSecondsMax)
    return static_cast<std::int64_t>(std::llround(*seconds * 1000));
  return fail(Code::kBadData, "cannot parse \"" + std::string(text) +
                                  "\" to a valid timestamp");
}

std::string format_rfc3339(std::int64_t time_ms) {
  std::int64_t seconds = time_ms / 1000;
  std::int64_t millis = time_ms % 1000;
  if (millis < 0) {
    millis += 1000;
    --seconds;
  }
  const CivilTime t = civil_from_seconds(seconds);
  std::string out;
  if (t.year >= 0 && t.year < 1000)
    out.append(t.year < 10 ? 3 : t.year < 100 ? 2 : 1, '0');
  append_int(out, t.year);
  out += '-';
  append_two(out, t.month);
  out += '-';
  append_two(out, t.day);
  out += 'T';
  append_two(out, t.hour);
  out += ':';
  append_two(out, t.minute);
  out += ':';
  append_two(out, t.second);
  if (millis != 0) {
    out += '.';
    out += static_cast<char>('0' + millis / 100);
    out += static_cast<char>('0' + millis / 10 % 10);
    out += static_cast<char>('0' + millis % 10);
  }
  out += 'Z';
  return out;
}

std::optional<std::int64_t> parse_rfc3339_ms(std::string_view text) {
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' ||
      (text[10] != 'T' && text[10] != 't' && text[10] != ' ') ||
      text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  CivilTime t;
  t.year = fixed_digits(text, 0, 4);
  t.month = fixed_digits(text, 5, 2);
  t.day = fixed_digits(text, 8, 2);
  t.hour = fixed_digits(text, 11, 2);
  t.minute = fixed_digits(text, 14, 2);
  t.second = fixed_digits(text, 17, 2);
  if (t.year < 0 || t.month < 1 || t.month > 12 || t.day < 1 ||
      t.day > days_in_month(t.year, t.month) || t.hour < 0 || t.hour > 23 ||
      t.minute < 0 || t.minute > 59 || t.second < 0 || t.second > 59) {
    return std::nullopt;
  }
  std::string_view rest = text.substr(19);
  std::int64_t millis = 0;
  if (rest[0] == '.') {
    const std::size_t digits = digits_at(rest.substr(1));
    if (digits == 0 || digits > 9) return std::nullopt;
    for (std::size_t i = 0; i < 3; ++i)
      millis = millis * 10 + (i < digits ? rest[1 + i] - '0' : 0);
    rest.remove_prefix(1 + digits);
  }
  const std::optional<std::int64_t> offset_s = zone_offset_s(rest);
  if (!offset_s) return std::nullopt;
  return (seconds_from_civil(t) - *offset_s) * 1000 + millis;
}

// Days to and from the civil calendar: Howard Hinnant,
// "chrono-Compatible Low-Level Date Algorithms".
CivilTime civil_from_seconds(std::int64_t unix_seconds) {
  constexpr std::int64_t kDayS = 86400;
  std::int64_t days = unix_seconds / kDayS;
  std::int64_t second_of_day = unix_seconds % kDayS;
  if (second_of_day < 0) {
    second_of_day += kDayS;
    --days;
  }
  const std::int64_t z = days + 719468;
  const std::int64_t era = (z >= 0 ? z : z - 146096) / 146097;
  const std::int64_t doe = z - era * 146097;
  const std::int64_t yoe =
      (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const std::int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const std::int64_t mp = (5 * doy + 2) / 153;
  CivilTime t;
  t.day = static_cast<int>(doy - (153 * mp + 2) / 5 + 1);
  t.month = static_cast<int>(mp < 10 ? mp + 3 : mp - 9);
  t.year = yoe + era * 400 + (t.month <= 2 ? 1 : 0);
  t.hour = static_cast<int>(second_of_day / 3600);
  t.minute = static_cast<int>(second_of_day / 60 % 60);
  t.second = static_cast<int>(second_of_day % 60);
  t.weekday = static_cast<int>(((days % 7) + 11) % 7);
  t.year_day = t.day;
  for (int month = 1; month < t.month; ++month)
    t.year_day += days_in_month(t.year, month);
  return t;
}

std::int64_t seconds_from_civil(const CivilTime& t) {
  const std::int64_t y = t.year - (t.month <= 2 ? 1 : 0);
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const std::int64_t yoe = y - era * 400;
  const std::int64_t doy =
      (153 * (t.month + (t.month > 2 ? -3 : 9)) + 2) / 5 + t.day - 1;
  const std::int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  const std::int64_t days = era * 146097 + doe - 719468;
  return days * 86400 + t.hour * 3600L + t.minute * 60L + t.second;
}

int days_in_month(std::int64_t year, int month) {
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30,
                                         31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[static_cast<std::size_t>(month - 1)];
}

}  // namespace prom
