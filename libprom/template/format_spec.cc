#include "libprom/template/format_spec.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "libprom/base/letters.h"
#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/template/format.h"
#include "libprom/template/time.h"

namespace prom::templates {
namespace {

bool full(const std::string& out) {
  return out.size() >= kFormattedBytesMax;
}

std::size_t character_count(std::string_view text) {
  std::size_t count = 0;
  while (!text.empty()) {
    text.remove_prefix(decode_utf8(text).size);
    ++count;
  }
  return count;
}

void append_padded(std::string& out, std::string_view text,
                   const FormatSpec& spec) {
  const std::size_t length = spec.width ? character_count(text) : 0;
  const std::size_t padding =
      spec.width && *spec.width > length ? *spec.width - length : 0;
  if (!spec.minus) out.append(padding, ' ');
  out += text;
  if (spec.minus) out.append(padding, ' ');
}

// Sign, prefix and digits with zeros between the sign and the digits.
void append_signed(std::string& out, std::string_view sign, std::string digits,
                   const FormatSpec& spec) {
  const bool zeros = spec.zero && !spec.minus && spec.width;
  if (zeros && *spec.width > sign.size() + digits.size())
    digits.insert(0, *spec.width - sign.size() - digits.size(), '0');
  append_padded(out, std::string(sign) + digits, spec);
}

std::string_view plus_sign(const FormatSpec& spec) {
  return spec.plus ? "+" : spec.space ? " " : "";
}

void append_bad_verb(std::string& out, const Value& value,
                     const FormatSpec& spec) {
  out += "%!";
  out += spec.verb;
  out += '(';
  if (value.is_nil()) {
    out += "<nil>";
  } else {
    out += value.type_name() + "=";
    append_value(out, value);
  }
  out += ')';
}

// ---- integers

std::string in_base(std::uint64_t magnitude, int base, bool upper) {
  std::array<char, 66> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(),
                                 magnitude, base);
  std::string text(digits.data(), end.ptr);
  return upper ? to_upper(text) : text;
}

std::string_view base_prefix(const FormatSpec& spec) {
  if (spec.verb == 'O') return "0o";
  if (!spec.sharp) return "";
  switch (spec.verb) {
    case 'b':
      return "0b";
    case 'o':
      return "0";
    case 'x':
      return "0x";
    case 'X':
      return "0X";
    default:
      return "";
  }
}

void append_integer(std::string& out, std::int64_t value,
                    const FormatSpec& spec) {
  const auto bits = static_cast<std::uint64_t>(value);
  const std::uint64_t magnitude = value < 0 ? ~bits + 1 : bits;
  const bool hex = spec.verb == 'x' || spec.verb == 'X';
  const int base = hex                                    ? 16
                   : spec.verb == 'o' || spec.verb == 'O' ? 8
                   : spec.verb == 'b'                     ? 2
                                                          : 10;
  std::string digits = in_base(magnitude, base, spec.verb == 'X');
  if (spec.precision && digits.size() < *spec.precision)
    digits.insert(0, *spec.precision - digits.size(), '0');
  const std::string sign = std::string(value < 0 ? "-" : plus_sign(spec)) +
                           std::string(base_prefix(spec));
  append_signed(out, sign, std::move(digits), spec);
}

void append_unicode(std::string& out, std::int64_t value,
                    const FormatSpec& spec) {
  std::string digits = in_base(static_cast<std::uint64_t>(value), 16, true);
  if (digits.size() < 4) digits.insert(0, 4 - digits.size(), '0');
  append_padded(out, "U+" + digits, spec);
}

void append_character(std::string& out, std::int64_t value,
                      const FormatSpec& spec, bool in_quotes) {
  const bool valid = value >= 0 && value <= 0x10FFFF;
  std::string text;
  append_utf8(text, valid ? static_cast<std::uint32_t>(value) : 0xFFFD);
  if (in_quotes && text == "'") text = "\\'";
  append_padded(out, in_quotes ? "'" + text + "'" : text, spec);
}

bool append_int_value(std::string& out, const Value& value,
                      const FormatSpec& spec) {
  const Integer& integer = value.as_integer();
  if (integer.style != IntStyle::kNumber &&
      (spec.verb == 'v' || spec.verb == 's')) {
    const int index = static_cast<int>(integer.value);
    append_padded(out,
                  integer.style == IntStyle::kMonth ? month_name(index)
                                                    : weekday_name(index),
                  spec);
    return true;
  }
  switch (spec.verb) {
    case 'v':
    case 'd':
    case 'b':
    case 'o':
    case 'O':
    case 'x':
    case 'X':
      append_integer(out, integer.value, spec);
      return true;
    case 'c':
      append_character(out, integer.value, spec, false);
      return true;
    case 'q':
      append_character(out, integer.value, spec, true);
      return true;
    case 'U':
      append_unicode(out, integer.value, spec);
      return true;
    default:
      return false;
  }
}

// ---- floats

std::string float_digits(double magnitude, const FormatSpec& spec) {
  const char verb = spec.verb == 'v' ? 'g' : spec.verb == 'F' ? 'f' : spec.verb;
  if (!spec.precision && (verb == 'g' || verb == 'G')) {
    std::string text;
    append_float_go_g(text, magnitude);
    return verb == 'G' ? to_upper(text) : text;
  }
  // %f of a large number has 309 digits before the point.
  std::array<char, 512 + static_cast<std::size_t>(kFormatWidthMax)> digits{};
  const int precision = static_cast<int>(spec.precision.value_or(6));
  const char format[] = {'%', '.', '*', verb, '\0'};
  std::snprintf(digits.data(), digits.size(), format, precision, magnitude);
  return digits.data();
}

bool append_float_value(std::string& out, double value,
                        const FormatSpec& spec) {
  if (std::string_view("veEfFgG").find(spec.verb) == std::string_view::npos)
    return false;
  FormatSpec used = spec;
  if (std::isnan(value) || std::isinf(value)) used.zero = false;
  if (std::isnan(value)) {
    append_signed(out, plus_sign(spec), "NaN", used);
    return true;
  }
  if (std::isinf(value)) {
    // Go shows the sign of +Inf even without the flag, except for %v.
    const bool positive_sign = spec.plus || !spec.space;
    append_signed(out,
                  value < 0       ? "-"
                  : positive_sign ? "+"
                                  : " ",
                  "Inf", used);
    return true;
  }
  append_signed(out, std::signbit(value) ? "-" : plus_sign(spec),
                float_digits(std::fabs(value), spec), used);
  return true;
}

// ---- strings

std::string hex_bytes(std::string_view text, const FormatSpec& spec) {
  constexpr std::string_view kLower = "0123456789abcdef";
  constexpr std::string_view kUpper = "0123456789ABCDEF";
  const std::string_view digits = spec.verb == 'X' ? kUpper : kLower;
  const std::string prefix = spec.sharp ? (spec.verb == 'X' ? "0X" : "0x") : "";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (spec.space && !out.empty()) out += ' ';
    if (out.empty() || spec.space) out += prefix;
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
  }
  return out;
}

std::string_view first_characters(std::string_view text, std::size_t count) {
  std::size_t end = 0;
  while (count-- > 0 && end < text.size())
    end += decode_utf8(text.substr(end)).size;
  return text.substr(0, end);
}

bool append_string_value(std::string& out, std::string_view text,
                         const FormatSpec& spec) {
  if (spec.precision) text = first_characters(text, *spec.precision);
  switch (spec.verb) {
    case 'v':
      if (spec.sharp) {
        append_padded(out, quote(text), spec);
        return true;
      }
      [[fallthrough]];
    case 's':
      append_padded(out, text, spec);
      return true;
    case 'q':
      append_padded(out,
                    spec.sharp && text.find('`') == std::string_view::npos
                        ? "`" + std::string(text) + "`"
                        : quote(text),
                    spec);
      return true;
    case 'x':
    case 'X':
      append_padded(out, hex_bytes(text, spec), spec);
      return true;
    default:
      return false;
  }
}

// ---- lists, maps, structs: the verb applies to each element

void append_list(std::string& out, const List& list, const FormatSpec& spec) {
  out += '[';
  bool first = true;
  for (const Value& item : list.items) {
    if (full(out)) return;
    if (!first) out += ' ';
    first = false;
    append_formatted(out, item, spec);
  }
  out += ']';
}

void append_map(std::string& out, const Map& map, const FormatSpec& spec) {
  out += "map[";
  bool first = true;
  for (const auto& [key, value] : map.entries) {
    if (full(out)) return;
    if (!first) out += ' ';
    first = false;
    append_formatted(out, Value::string(key), spec);
    out += ':';
    append_formatted(out, value, spec);
  }
  out += ']';
}

void append_object(std::string& out, const Object& object,
                   const FormatSpec& spec) {
  const bool textual =
      std::string_view("vsqxX").find(spec.verb) != std::string_view::npos;
  if (textual && !spec.sharp) {
    if (const auto text = object.text()) {
      append_string_value(out, *text, spec);
      return;
    }
  }
  if (!object.data().is_nil())
    return append_formatted(out, object.data(), spec);
  out += '{';
  bool first = true;
  for (const Object::Field& field : object.fields()) {
    if (full(out)) return;
    if (!first) out += ' ';
    first = false;
    if (spec.plus) out += std::string(field.name) + ":";
    append_formatted(out, field.value, spec);
  }
  out += '}';
}

bool append_duration(std::string& out, Duration duration,
                     const FormatSpec& spec) {
  const bool textual =
      std::string_view("vsqxX").find(spec.verb) != std::string_view::npos;
  if (textual) return append_string_value(out, to_string(duration), spec);
  if (spec.verb != 'd') return false;
  append_integer(out, duration.nanoseconds, spec);
  return true;
}

}  // namespace

void append_formatted(std::string& out, const Value& value,
                      const FormatSpec& spec) {
  if (full(out)) return;
  if (spec.verb == 'T') {
    append_padded(out, value.type_name(), spec);
    return;
  }
  bool known = true;
  switch (value.kind()) {
    case Value::Kind::kNil:
      known = spec.verb == 'v';
      if (known) append_padded(out, "<nil>", spec);
      break;
    case Value::Kind::kBool:
      known = spec.verb == 'v' || spec.verb == 't';
      if (known) append_padded(out, value.as_bool() ? "true" : "false", spec);
      break;
    case Value::Kind::kInt:
      known = append_int_value(out, value, spec);
      break;
    case Value::Kind::kFloat:
      known = append_float_value(out, value.as_float(), spec);
      break;
    case Value::Kind::kString:
      known = append_string_value(out, value.as_string(), spec);
      break;
    case Value::Kind::kTime:
      known = append_string_value(out, to_string(value.as_time()), spec);
      break;
    case Value::Kind::kDuration:
      known = append_duration(out, value.as_duration(), spec);
      break;
    case Value::Kind::kList:
      append_list(out, value.as_list(), spec);
      break;
    case Value::Kind::kMap:
      append_map(out, value.as_map(), spec);
      break;
    case Value::Kind::kObject:
      append_object(out, value.as_object(), spec);
      break;
  }
  if (!known) append_bad_verb(out, value, spec);
}

}  // namespace prom::templates
