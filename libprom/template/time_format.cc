#include <cstdlib>

#include "libprom/base/duration.h"
#include "libprom/template/time.h"
#include "libprom/template/time_layout.h"

namespace prom::templates {
namespace {

void append_padded(std::string& out, std::int64_t value, std::size_t width,
                   char fill = '0') {
  if (value < 0) {
    out += '-';
    value = -value;
  }
  const std::string digits = std::to_string(value);
  if (digits.size() < width) out.append(width - digits.size(), fill);
  out += digits;
}

struct ZoneStyle {
  bool iso;  // "Z" for UTC
  bool colon;
  bool minutes;
  bool seconds;
};

ZoneStyle zone_style(LayoutElement element) {
  switch (element) {
    case LayoutElement::kIsoZone:
      return {true, false, true, false};
    case LayoutElement::kIsoZoneSeconds:
      return {true, false, true, true};
    case LayoutElement::kIsoZoneShort:
      return {true, false, false, false};
    case LayoutElement::kIsoZoneColon:
      return {true, true, true, false};
    case LayoutElement::kIsoZoneColonSeconds:
      return {true, true, true, true};
    case LayoutElement::kZoneSeconds:
      return {false, false, true, true};
    case LayoutElement::kZoneShort:
      return {false, false, false, false};
    case LayoutElement::kZoneColon:
      return {false, true, true, false};
    case LayoutElement::kZoneColonSeconds:
      return {false, true, true, true};
    default:
      return {false, false, true, false};
  }
}

void append_offset(std::string& out, std::int32_t offset,
                   LayoutElement element) {
  const ZoneStyle style = zone_style(element);
  if (style.iso && offset == 0) {
    out += 'Z';
    return;
  }
  out += offset < 0 ? '-' : '+';
  const std::int32_t magnitude = std::abs(offset);
  append_padded(out, magnitude / 3600, 2);
  if (style.minutes) {
    if (style.colon) out += ':';
    append_padded(out, magnitude / 60 % 60, 2);
  }
  if (style.seconds) {
    if (style.colon) out += ':';
    append_padded(out, magnitude % 60, 2);
  }
}

void append_fraction(std::string& out, std::int32_t nanoseconds,
                     const LayoutPiece& piece) {
  std::string digits = std::to_string(1'000'000'000 + nanoseconds).substr(1);
  digits.resize(std::min<std::size_t>(piece.text.size() - 1, 9));
  if (piece.element == LayoutElement::kFraction9)
    digits.resize(digits.find_last_not_of('0') + 1);
  if (digits.empty()) return;
  out += piece.text[0];
  out += digits;
}

// REQUIRES: the element is no fraction.
void append_element(std::string& out, LayoutElement element,
                    const CivilTime& civil, const ZoneOffset& zone) {
  const int hour12 = civil.hour % 12 == 0 ? 12 : civil.hour % 12;
  switch (element) {
    case LayoutElement::kLongMonth:
      out += month_name(civil.month);
      break;
    case LayoutElement::kMonth:
      out += month_name(civil.month).substr(0, 3);
      break;
    case LayoutElement::kNumMonth:
      append_padded(out, civil.month, 1);
      break;
    case LayoutElement::kZeroMonth:
      append_padded(out, civil.month, 2);
      break;
    case LayoutElement::kLongWeekday:
      out += weekday_name(civil.weekday);
      break;
    case LayoutElement::kWeekday:
      out += weekday_name(civil.weekday).substr(0, 3);
      break;
    case LayoutElement::kDay:
      append_padded(out, civil.day, 1);
      break;
    case LayoutElement::kUnderDay:
      append_padded(out, civil.day, 2, ' ');
      break;
    case LayoutElement::kZeroDay:
      append_padded(out, civil.day, 2);
      break;
    case LayoutElement::kUnderYearDay:
      append_padded(out, civil.year_day, 3, ' ');
      break;
    case LayoutElement::kZeroYearDay:
      append_padded(out, civil.year_day, 3);
      break;
    case LayoutElement::kHour24:
      append_padded(out, civil.hour, 2);
      break;
    case LayoutElement::kHour12:
      append_padded(out, hour12, 1);
      break;
    case LayoutElement::kZeroHour12:
      append_padded(out, hour12, 2);
      break;
    case LayoutElement::kMinute:
      append_padded(out, civil.minute, 1);
      break;
    case LayoutElement::kZeroMinute:
      append_padded(out, civil.minute, 2);
      break;
    case LayoutElement::kSecond:
      append_padded(out, civil.second, 1);
      break;
    case LayoutElement::kZeroSecond:
      append_padded(out, civil.second, 2);
      break;
    case LayoutElement::kLongYear:
      append_padded(out, civil.year, 4);
      break;
    case LayoutElement::kYear:
      append_padded(out, std::abs(civil.year % 100), 2);
      break;
    case LayoutElement::kUpperPm:
      out += civil.hour >= 12 ? "PM" : "AM";
      break;
    case LayoutElement::kLowerPm:
      out += civil.hour >= 12 ? "pm" : "am";
      break;
    case LayoutElement::kZoneName:
      out += zone.name;
      break;
    default:
      append_offset(out, zone.seconds, element);
      break;
  }
}

}  // namespace

std::string format_time(const Time& time, std::string_view layout) {
  const ZoneOffset zone = zone_offset(time);
  const CivilTime civil = civil_from_seconds(time.seconds + zone.seconds);
  std::string out;
  while (true) {
    const LayoutPiece piece = next_layout_piece(layout);
    out += piece.before;
    if (piece.element == LayoutElement::kNone) return out;
    if (piece.element == LayoutElement::kFraction0 ||
        piece.element == LayoutElement::kFraction9) {
      append_fraction(out, time.nanoseconds, piece);
    } else {
      append_element(out, piece.element, civil, zone);
    }
    layout = piece.rest;
  }
}

}  // namespace prom::templates
