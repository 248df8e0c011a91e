#include "libprom/template/literal.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "libprom/base/number.h"
#include "libprom/base/utf8.h"

namespace prom::templates {
namespace {

// Reads exactly `digits` digits; nullopt when they are not there.
std::optional<std::uint32_t> take_digits(std::string_view& text,
                                         std::size_t digits, int base) {
  if (text.size() < digits) return std::nullopt;
  std::uint32_t value = 0;
  const char* const end = text.data() + digits;
  const auto parsed = std::from_chars(text.data(), end, value, base);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

bool is_code_point(std::uint32_t value) {
  return value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF);
}

char simple_escape(char c, char quote) {
  switch (c) {
    case 'a':
      return '\a';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    case '\\':
      return '\\';
    default:
      return c == quote ? quote : '\0';
  }
}

// After the backslash.
bool append_escape(std::string& out, std::string_view& rest, char quote) {
  if (rest.empty()) return false;
  const char c = rest.front();
  if (const char plain = simple_escape(c, quote); plain != '\0') {
    rest.remove_prefix(1);
    out += plain;
    return true;
  }
  if (c >= '0' && c <= '7') {
    const auto value = take_digits(rest, 3, 8);
    if (!value || *value > 255) return false;
    out += static_cast<char>(*value);
    return true;
  }
  rest.remove_prefix(1);
  if (c == 'x') {
    const auto value = take_digits(rest, 2, 16);
    if (value) out += static_cast<char>(*value);
    return value.has_value();
  }
  if (c != 'u' && c != 'U') return false;
  const auto value = take_digits(rest, c == 'u' ? 4 : 8, 16);
  if (!value || !is_code_point(*value)) return false;
  append_utf8(out, *value);
  return true;
}

std::optional<std::uint64_t> parse_magnitude(std::string_view digits) {
  int base = 10;
  if (digits.size() > 1 && digits[0] == '0') {
    const char kind = static_cast<char>(digits[1] | 0x20);
    base = kind == 'x' ? 16 : kind == 'b' ? 2 : 8;
    digits.remove_prefix(kind == 'x' || kind == 'b' || kind == 'o' ? 2 : 1);
  }
  std::string plain(digits);
  std::erase(plain, '_');
  std::uint64_t value = 0;
  const char* const end = plain.data() + plain.size();
  const auto parsed = std::from_chars(plain.data(), end, value, base);
  if (plain.empty() || parsed.ec != std::errc() || parsed.ptr != end)
    return std::nullopt;
  return value;
}

Number from_int(std::int64_t value) {
  return {.is_int = true,
          .is_float = true,
          .int_value = value,
          .float_value = static_cast<double>(value)};
}

}  // namespace

std::optional<std::string> unquote(std::string_view literal) {
  if (literal.size() < 2 || literal.front() != literal.back())
    return std::nullopt;
  const char quote = literal.front();
  std::string_view rest = literal.substr(1, literal.size() - 2);
  std::string out;
  if (quote == '`') {
    std::ranges::copy_if(rest, std::back_inserter(out),
                         [](char c) { return c != '\r'; });
    return out;
  }
  while (!rest.empty()) {
    const char c = rest.front();
    if (c == quote || c == '\n') return std::nullopt;
    rest.remove_prefix(1);
    if (c != '\\') {
      out += c;
    } else if (!append_escape(out, rest, quote)) {
      return std::nullopt;
    }
  }
  return out;
}

std::optional<Number> parse_number(std::string_view literal) {
  if (literal.starts_with('\'')) {
    const auto text = unquote(literal);
    if (!text || text->empty()) return std::nullopt;
    const CodePoint point = decode_utf8(*text);
    if (point.size != text->size()) return std::nullopt;
    return from_int(point.value);
  }
  std::string_view digits = literal;
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  if (const auto magnitude = parse_magnitude(digits)) {
    constexpr std::uint64_t kMax = INT64_MAX;
    if (*magnitude <= kMax) {
      const auto value = static_cast<std::int64_t>(*magnitude);
      return from_int(negative ? -value : value);
    }
    if (negative && *magnitude == kMax + 1) return from_int(INT64_MIN);
    if (negative) return std::nullopt;
    return Number{.is_uint_only = true,
                  .is_float = true,
                  .float_value = static_cast<double>(*magnitude)};
  }
  const bool looks_float =
      digits.find_first_of(".eEpP") != std::string_view::npos;
  const auto value = parse_float(literal);
  if (!looks_float || !value) return std::nullopt;
  Number number{.is_float = true, .float_value = *value};
  if (std::trunc(*value) == *value && std::abs(*value) < 0x1p63) {
    number.is_int = true;
    number.int_value = static_cast<std::int64_t>(*value);
  }
  return number;
}

}  // namespace prom::templates
