// Go's reference-time layouts, cut into their elements.  Shared by formatting
// and parsing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace prom::templates {

enum class LayoutElement : std::uint8_t {
  kNone,  // the end: only literal text is left
  kLongMonth,
  kMonth,
  kNumMonth,
  kZeroMonth,
  kLongWeekday,
  kWeekday,
  kDay,
  kUnderDay,
  kZeroDay,
  kUnderYearDay,
  kZeroYearDay,
  kHour24,
  kHour12,
  kZeroHour12,
  kMinute,
  kZeroMinute,
  kSecond,
  kZeroSecond,
  kLongYear,
  kYear,
  kUpperPm,
  kLowerPm,
  kZoneName,  // MST
  kIsoZone,   // Z0700: "Z" for UTC
  kIsoZoneSeconds,
  kIsoZoneShort,  // Z07
  kIsoZoneColon,  // Z07:00
  kIsoZoneColonSeconds,
  kZone,
  kZoneSeconds,
  kZoneShort,
  kZoneColon,
  kZoneColonSeconds,
  kFraction0,  // .000: always that many digits
  kFraction9,  // .999: without trailing zeros
};

struct LayoutPiece {
  std::string_view before;  // literal text
  LayoutElement element = LayoutElement::kNone;
  std::string_view text = {};  // the element as the layout has it
  std::string_view rest = {};  // of the layout
};

LayoutPiece next_layout_piece(std::string_view layout);

}  // namespace prom::templates
