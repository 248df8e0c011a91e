#include "libprom/base/letters.h"

#include <algorithm>
#include <array>
#include <clocale>
#include <cwctype>

#include "libprom/base/utf8.h"

namespace prom {
namespace {

// The system's table of letters; the program's own locale stays "C".  Never
// freed: it lives for the whole process.
locale_t unicode_locale() {
  static const locale_t kLocale =
      newlocale(LC_CTYPE_MASK, "C.UTF-8", static_cast<locale_t>(nullptr));
  return kLocale;
}

struct CodePointRange {
  std::uint32_t first;
  std::uint32_t last;
};
// Separators, format characters and private use: what the system's table
// calls graphic although it cannot be seen.  Ascending.
constexpr std::array<CodePointRange, 36> kInvisible = {
    {{0x0080, 0x00A0},   {0x00AD, 0x00AD},   {0x0600, 0x0605},
     {0x061C, 0x061C},   {0x06DD, 0x06DD},   {0x070F, 0x070F},
     {0x0890, 0x0891},   {0x08E2, 0x08E2},   {0x1680, 0x1680},
     {0x180E, 0x180E},   {0x2000, 0x200F},   {0x2028, 0x202F},
     {0x205F, 0x206F},   {0x3000, 0x3000},   {0xD800, 0xF8FF},
     {0xFEFF, 0xFEFF},   {0xFFF9, 0xFFFB},   {0xFFFE, 0xFFFF},
     {0x110BD, 0x110BD}, {0x110CD, 0x110CD}, {0x13430, 0x1343F},
     {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0x1FFFE, 0x1FFFF},
     {0x2FFFE, 0x2FFFF}, {0x3FFFE, 0x3FFFF}, {0x4FFFE, 0x4FFFF},
     {0x5FFFE, 0x5FFFF}, {0x6FFFE, 0x6FFFF}, {0x7FFFE, 0x7FFFF},
     {0x8FFFE, 0x8FFFF}, {0x9FFFE, 0x9FFFF}, {0xAFFFE, 0xAFFFF},
     {0xBFFFE, 0xBFFFF}, {0xCFFFE, 0xDFFFF}, {0xE0000, 0x10FFFF}}};

bool is_class(bool ascii, std::uint32_t point,
              int (*member)(wint_t, locale_t)) {
  if (point < 0x80) return ascii;
  const locale_t locale = unicode_locale();
  return locale != nullptr && member(point, locale) != 0;
}

bool is_ascii_letter(std::uint32_t point) {
  return (point >= 'a' && point <= 'z') || (point >= 'A' && point <= 'Z');
}

std::uint32_t upper(std::uint32_t point) {
  if (point < 0x80)
    return point >= 'a' && point <= 'z' ? point - ('a' - 'A') : point;
  const locale_t locale = unicode_locale();
  return locale == nullptr ? point : towupper_l(point, locale);
}

std::uint32_t lower(std::uint32_t point) {
  if (point < 0x80)
    return point >= 'A' && point <= 'Z' ? point + ('a' - 'A') : point;
  const locale_t locale = unicode_locale();
  return locale == nullptr ? point : towlower_l(point, locale);
}

// Calls `visit(bytes, code point, rest after it)` for each character.
template <typename Visit>
void each_character(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const CodePoint point = decode_utf8(text);
    const std::string_view bytes = text.substr(0, point.size);
    text.remove_prefix(point.size);
    visit(bytes, point.value, text);
  }
}

// Characters that join letters into one word when they stand between two.
bool joins_letters(std::uint32_t point) {
  return point == '\'' || point == '.' || point == ':' || point == 0x2019 ||
         point == 0xB7;
}

template <typename Convert>
std::string convert(std::string_view text, Convert one) {
  std::string out;
  out.reserve(text.size());
  each_character(text, [&](std::string_view, std::uint32_t point,
                           std::string_view) { append_utf8(out, one(point)); });
  return out;
}

}  // namespace

bool is_letter(std::uint32_t point) {
  return is_class(is_ascii_letter(point), point, iswalpha_l) &&
         !is_digit(point);
}

bool is_digit(std::uint32_t point) {
  // glibc counts digits outside ASCII as letters; Arabic-Indic and
  // Devanagari are those that occur in identifiers.
  return (point >= '0' && point <= '9') || (point >= 0x660 && point <= 0x669) ||
         (point >= 0x966 && point <= 0x96F);
}

bool is_printable(std::uint32_t c) {
  if (c < 0x80) return c >= ' ' && c <= '~';
  // Variation selectors are marks, in the midst of what is invisible.
  if (c >= 0xE0100 && c <= 0xE01EF) return true;
  const auto range =
      std::ranges::lower_bound(kInvisible, c, {}, &CodePointRange::last);
  if (range != kInvisible.end() && range->first <= c) return false;
  return unicode_locale() == nullptr ||
         iswprint_l(static_cast<wint_t>(c), unicode_locale()) != 0;
}

bool is_word_character(std::uint32_t point) {
  return point == '_' || is_letter(point) || is_digit(point);
}

std::string to_upper(std::string_view text) {
  return convert(text, upper);
}

std::string to_lower(std::string_view text) {
  return convert(text, lower);
}

std::string to_title(std::string_view text, bool lower_rest) {
  std::string out;
  bool in_word = false;
  each_character(text, [&](std::string_view bytes, std::uint32_t point,
                           std::string_view after) {
    if (is_letter(point)) {
      if (!in_word) {
        append_utf8(out, upper(point));
      } else if (lower_rest) {
        append_utf8(out, lower(point));
      } else {
        out += bytes;
      }
      in_word = true;
      return;
    }
    out += bytes;
    const bool letter_follows =
        !after.empty() && is_letter(decode_utf8(after).value);
    in_word = in_word && (point == '_' || is_digit(point) ||
                          (joins_letters(point) && letter_follows));
  });
  return out;
}

}  // namespace prom
