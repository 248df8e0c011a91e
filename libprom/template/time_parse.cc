#include <array>
#include <optional>

#include "libprom/base/duration.h"
#include "libprom/base/utf8.h"
#include "libprom/template/time.h"
#include "libprom/template/time_layout.h"

namespace prom::templates {
namespace {

struct Fields {
  std::int64_t year = 0;
  int month = 0;
  int day = 0;
  int year_day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  std::int32_t nanoseconds = 0;
  bool has_half = false;
  bool afternoon = false;
  std::optional<std::int32_t> offset;
};

char at(std::string_view text, std::size_t index) {
  return index < text.size() ? text[index] : '\0';
}
bool is_digit_char(char c) {
  return c >= '0' && c <= '9';
}
char lower_char(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

// Takes `width` digits, or one or two when `fixed` is false.
std::optional<int> take_number(std::string_view& text, std::size_t width,
                               bool fixed = true) {
  if (!is_digit_char(at(text, 0))) return std::nullopt;
  std::size_t end = 0;
  int value = 0;
  while (end < width && is_digit_char(at(text, end)))
    value = value * 10 + (text[end++] - '0');
  if (fixed && end < width) return std::nullopt;
  text.remove_prefix(end);
  return value;
}

bool take_word(std::string_view& text, std::string_view word) {
  if (text.size() < word.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i)
    if (lower_char(text[i]) != lower_char(word[i])) return false;
  text.remove_prefix(word.size());
  return true;
}

// 1-based; 0 when no name of `count` names fits.
template <typename Name>
int take_name(std::string_view& text, int count, std::size_t length_max,
              Name name) {
  for (int i = 1; i <= count; ++i)
    if (take_word(text, name(i).substr(0, length_max))) return i;
  return 0;
}

bool take_into(std::string_view& text, std::size_t width, bool fixed, int& into,
               int min, int max) {
  const auto value = take_number(text, width, fixed);
  if (!value || *value < min || *value > max) return false;
  into = *value;
  return true;
}

bool take_offset(std::string_view& text, LayoutElement element,
                 Fields& fields) {
  const bool iso = element >= LayoutElement::kIsoZone &&
                   element <= LayoutElement::kIsoZoneColonSeconds;
  if (iso && at(text, 0) == 'Z') {
    text.remove_prefix(1);
    fields.offset = 0;
    return true;
  }
  const bool colon = element == LayoutElement::kIsoZoneColon ||
                     element == LayoutElement::kZoneColon ||
                     element == LayoutElement::kIsoZoneColonSeconds ||
                     element == LayoutElement::kZoneColonSeconds;
  const bool seconds = element == LayoutElement::kIsoZoneSeconds ||
                       element == LayoutElement::kZoneSeconds ||
                       element == LayoutElement::kIsoZoneColonSeconds ||
                       element == LayoutElement::kZoneColonSeconds;
  const bool hours_only = element == LayoutElement::kIsoZoneShort ||
                          element == LayoutElement::kZoneShort;
  const char sign = at(text, 0);
  if (sign != '+' && sign != '-') return false;
  text.remove_prefix(1);
  std::array<int, 3> parts{};
  const std::size_t count = hours_only ? 1 : seconds ? 3 : 2;
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0 && colon && !take_word(text, ":")) return false;
    if (!take_into(text, 2, true, parts[i], 0, i == 0 ? 24 : 60)) return false;
  }
  const int total = parts[0] * 3600 + parts[1] * 60 + parts[2];
  fields.offset = sign == '-' ? -total : total;
  return true;
}

// Digits after a point; at least `digits_min` of them.
bool take_fraction(std::string_view& text, std::size_t digits_min,
                   std::size_t digits_max, Fields& fields) {
  if (at(text, 0) != '.' && at(text, 0) != ',') return digits_min == 0;
  std::size_t end = 1;
  std::int32_t value = 0;
  std::int32_t unit = 100'000'000;
  while (is_digit_char(at(text, end)) && end <= digits_max) {
    value += (text[end++] - '0') * unit;
    unit /= 10;
  }
  if (end - 1 < digits_min) return false;
  fields.nanoseconds = value;
  text.remove_prefix(end);
  return true;
}

bool take_zone_name(std::string_view& text, Fields& fields) {
  if (take_word(text, "UTC")) {
    fields.offset = 0;
    return true;
  }
  std::size_t length = 0;
  while (at(text, length) >= 'A' && at(text, length) <= 'Z') ++length;
  if (length < 3 || length > 5) return false;
  text.remove_prefix(length);
  return true;
}

bool take_year(std::string_view& text, bool full, Fields& fields) {
  const auto year = take_number(text, full ? 4 : 2);
  if (!year) return false;
  fields.year = full ? *year : *year + (*year >= 69 ? 1900 : 2000);
  return true;
}

bool take_month(std::string_view& text, std::size_t length_max,
                Fields& fields) {
  fields.month = take_name(text, 12, length_max, month_name);
  return fields.month != 0;
}

bool take_seconds(std::string_view& text, bool fixed, std::string_view rest,
                  Fields& fields) {
  if (!take_into(text, 2, fixed, fields.second, 0, 59)) return false;
  // A fraction that the layout does not mention is read all the same.
  const LayoutElement next = next_layout_piece(rest).element;
  const bool mentioned =
      next_layout_piece(rest).before.empty() &&
      (next == LayoutElement::kFraction0 || next == LayoutElement::kFraction9);
  if (mentioned || at(text, 0) != '.' || !is_digit_char(at(text, 1)))
    return true;
  return take_fraction(text, 1, 9, fields);
}

bool take_half(std::string_view& text, bool upper, Fields& fields) {
  fields.has_half = true;
  fields.afternoon = at(text, 0) == (upper ? 'P' : 'p');
  return text.starts_with(upper ? (fields.afternoon ? "PM" : "AM")
                                : (fields.afternoon ? "pm" : "am")) &&
         (text.remove_prefix(2), true);
}

bool take_element(std::string_view& text, const LayoutPiece& piece,
                  Fields& fields) {
  const auto weekday = [](int i) { return weekday_name(i - 1); };
  switch (piece.element) {
    case LayoutElement::kLongYear:
      return take_year(text, true, fields);
    case LayoutElement::kYear:
      return take_year(text, false, fields);
    case LayoutElement::kLongMonth:
      return take_month(text, 9, fields);
    case LayoutElement::kMonth:
      return take_month(text, 3, fields);
    case LayoutElement::kNumMonth:
    case LayoutElement::kZeroMonth:
      return take_into(text, 2, piece.element == LayoutElement::kZeroMonth,
                       fields.month, 1, 12);
    case LayoutElement::kLongWeekday:
      return take_name(text, 7, 9, weekday) != 0;
    case LayoutElement::kWeekday:
      return take_name(text, 7, 3, weekday) != 0;
    case LayoutElement::kUnderDay:
      if (at(text, 0) == ' ') text.remove_prefix(1);
      return take_into(text, 2, false, fields.day, 0, 31);
    case LayoutElement::kDay:
    case LayoutElement::kZeroDay:
      return take_into(text, 2, piece.element == LayoutElement::kZeroDay,
                       fields.day, 0, 31);
    case LayoutElement::kUnderYearDay:
      while (at(text, 0) == ' ') text.remove_prefix(1);
      return take_into(text, 3, false, fields.year_day, 1, 366);
    case LayoutElement::kZeroYearDay:
      return take_into(text, 3, true, fields.year_day, 1, 366);
    case LayoutElement::kHour24:
      return take_into(text, 2, false, fields.hour, 0, 23);
    case LayoutElement::kHour12:
    case LayoutElement::kZeroHour12:
      return take_into(text, 2, piece.element == LayoutElement::kZeroHour12,
                       fields.hour, 0, 12);
    case LayoutElement::kMinute:
    case LayoutElement::kZeroMinute:
      return take_into(text, 2, piece.element == LayoutElement::kZeroMinute,
                       fields.minute, 0, 59);
    case LayoutElement::kSecond:
    case LayoutElement::kZeroSecond:
      return take_seconds(text, piece.element == LayoutElement::kZeroSecond,
                          piece.rest, fields);
    case LayoutElement::kUpperPm:
      return take_half(text, true, fields);
    case LayoutElement::kLowerPm:
      return take_half(text, false, fields);
    case LayoutElement::kZoneName:
      return take_zone_name(text, fields);
    case LayoutElement::kFraction0:
      return take_fraction(text, piece.text.size() - 1, piece.text.size() - 1,
                           fields);
    case LayoutElement::kFraction9:
      return take_fraction(text, 0, 9, fields);
    default:
      return take_offset(text, piece.element, fields);
  }
}

Result<Time> assemble(const Fields& fields, std::string_view text) {
  CivilTime civil;
  civil.year = fields.year;
  civil.month = fields.month == 0 ? 1 : fields.month;
  civil.day = fields.day == 0 ? 1 : fields.day;
  civil.hour = fields.hour;
  civil.minute = fields.minute;
  civil.second = fields.second;
  if (fields.has_half && fields.afternoon && civil.hour < 12) civil.hour += 12;
  if (fields.has_half && !fields.afternoon && civil.hour == 12) civil.hour = 0;
  if (civil.day > days_in_month(civil.year, civil.month))
    return fail(Code::kBadData,
                "parsing time " + quote(text) + ": day out of range");
  Time time;
  time.seconds = seconds_from_civil(civil) - fields.offset.value_or(0);
  if (fields.year_day > 0 && fields.month == 0)
    time.seconds += (fields.year_day - 1) * std::int64_t{86400};
  time.nanoseconds = fields.nanoseconds;
  return time;
}

}  // namespace

Result<Time> parse_time(std::string_view layout, std::string_view text) {
  const std::string what =
      "parsing time " + quote(text) + " as " + quote(layout) + ": ";
  Fields fields;
  std::string_view rest = text;
  std::string_view left = layout;
  while (true) {
    const LayoutPiece piece = next_layout_piece(left);
    if (!rest.starts_with(piece.before))
      return fail(Code::kBadData, what + "cannot parse " + quote(rest) +
                                      " as " + quote(piece.before));
    rest.remove_prefix(piece.before.size());
    if (piece.element == LayoutElement::kNone) break;
    const std::string_view before = rest;
    if (!take_element(rest, piece, fields))
      return fail(Code::kBadData, what + "cannot parse " + quote(before) +
                                      " as " + quote(piece.text));
    left = piece.rest;
  }
  if (!rest.empty())
    return fail(Code::kBadData,
                "parsing time " + quote(text) + ": extra text: " + quote(rest));
  return assemble(fields, text);
}

}  // namespace prom::templates
