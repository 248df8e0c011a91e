#include "libprom/template/time_layout.h"

#include <array>

namespace prom::templates {
namespace {

struct Spelling {
  std::string_view text;
  LayoutElement element;
};

// Longer spellings come before their prefixes.
constexpr std::array kSpellings = {
    Spelling{"January", LayoutElement::kLongMonth},
    Spelling{"Jan", LayoutElement::kMonth},
    Spelling{"Monday", LayoutElement::kLongWeekday},
    Spelling{"Mon", LayoutElement::kWeekday},
    Spelling{"MST", LayoutElement::kZoneName},
    Spelling{"002", LayoutElement::kZeroYearDay},
    Spelling{"01", LayoutElement::kZeroMonth},
    Spelling{"02", LayoutElement::kZeroDay},
    Spelling{"03", LayoutElement::kZeroHour12},
    Spelling{"04", LayoutElement::kZeroMinute},
    Spelling{"05", LayoutElement::kZeroSecond},
    Spelling{"06", LayoutElement::kYear},
    Spelling{"15", LayoutElement::kHour24},
    Spelling{"1", LayoutElement::kNumMonth},
    Spelling{"2006", LayoutElement::kLongYear},
    Spelling{"2", LayoutElement::kDay},
    Spelling{"__2", LayoutElement::kUnderYearDay},
    Spelling{"_2006", LayoutElement::kLongYear},
    Spelling{"_2", LayoutElement::kUnderDay},
    Spelling{"3", LayoutElement::kHour12},
    Spelling{"4", LayoutElement::kMinute},
    Spelling{"5", LayoutElement::kSecond},
    Spelling{"PM", LayoutElement::kUpperPm},
    Spelling{"pm", LayoutElement::kLowerPm},
    Spelling{"-070000", LayoutElement::kZoneSeconds},
    Spelling{"-07:00:00", LayoutElement::kZoneColonSeconds},
    Spelling{"-0700", LayoutElement::kZone},
    Spelling{"-07:00", LayoutElement::kZoneColon},
    Spelling{"-07", LayoutElement::kZoneShort},
    Spelling{"Z070000", LayoutElement::kIsoZoneSeconds},
    Spelling{"Z07:00:00", LayoutElement::kIsoZoneColonSeconds},
    Spelling{"Z0700", LayoutElement::kIsoZone},
    Spelling{"Z07:00", LayoutElement::kIsoZoneColon},
    Spelling{"Z07", LayoutElement::kIsoZoneShort},
};

bool is_digit_at(std::string_view text, std::size_t at) {
  return at < text.size() && text[at] >= '0' && text[at] <= '9';
}
bool is_lower_at(std::string_view text, std::size_t at) {
  return at < text.size() && text[at] >= 'a' && text[at] <= 'z';
}

// ".000" or ",999": a fraction only when no digit follows.
std::size_t fraction_length(std::string_view at) {
  if (at.size() < 2 || (at[0] != '.' && at[0] != ',')) return 0;
  if (at[1] != '0' && at[1] != '9') return 0;
  std::size_t end = 1;
  while (end < at.size() && at[end] == at[1]) ++end;
  return is_digit_at(at, end) ? 0 : end;
}

}  // namespace

LayoutPiece next_layout_piece(std::string_view layout) {
  for (std::size_t i = 0; i < layout.size(); ++i) {
    const std::string_view at = layout.substr(i);
    if (const std::size_t length = fraction_length(at); length > 0) {
      const LayoutElement element =
          at[1] == '0' ? LayoutElement::kFraction0 : LayoutElement::kFraction9;
      return {layout.substr(0, i), element, at.substr(0, length),
              at.substr(length)};
    }
    for (const Spelling& spelling : kSpellings) {
      if (!at.starts_with(spelling.text)) continue;
      // "Jan" and "Mon" only when no lower-case letter follows: "Monk".
      const bool short_name = spelling.element == LayoutElement::kMonth ||
                              spelling.element == LayoutElement::kWeekday;
      if (short_name && is_lower_at(at, 3)) continue;
      // "_2006" is an underscore and a year.
      if (spelling.text == "_2006")
        return {layout.substr(0, i + 1), spelling.element, at.substr(1, 4),
                at.substr(5)};
      return {layout.substr(0, i), spelling.element,
              at.substr(0, spelling.text.size()),
              at.substr(spelling.text.size())};
    }
  }
  return {.before = layout};
}

}  // namespace prom::templates
