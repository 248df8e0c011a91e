#include "libprom/promql/literals.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "libprom/base/number.h"
#include "libprom/base/utf8.h"

namespace prom::promql {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_hex_number(std::string_view token) {
  return token.size() > 1 && token[0] == '0' &&
         (token[1] == 'x' || token[1] == 'X');
}

// Underscores stand between digits, or between the prefix and a digit.
bool underscores_are_placed_well(std::string_view token) {
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '_') continue;
    const bool after_prefix = i == 2 && is_hex_number(token);
    if (i == 0 || i + 1 == token.size() || !is_hex_digit(token[i + 1]) ||
        (!is_hex_digit(token[i - 1]) && !after_prefix)) {
      return false;
    }
  }
  return true;
}

std::optional<std::int64_t> integer(std::string_view digits, int base) {
  std::int64_t value = 0;
  const char* const begin = digits.data();
  const char* const end = begin + digits.size();
  const auto parsed = std::from_chars(begin, end, value, base);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return value;
}

// Reads an integer in the base that its prefix names.
std::optional<std::int64_t> prefixed_integer(std::string_view token) {
  if (is_hex_number(token)) return integer(token.substr(2), 16);
  if (token.size() > 1 && token[0] == '0') return integer(token.substr(1), 8);
  return integer(token, 10);
}

std::string number_error(std::string_view token, std::string_view reason) {
  return "error parsing number: strconv.ParseFloat: parsing " + quote(token) +
         ": " + std::string(reason);
}

std::size_t skip_digits(std::string_view text, std::size_t at) {
  while (at < text.size() && is_digit(text[at])) ++at;
  return at;
}

// Well-formed, so that only its size can be wrong: 12.5e+3.
bool is_decimal_float(std::string_view text) {
  std::size_t at = skip_digits(text, 0);
  if (at < text.size() && text[at] == '.') at = skip_digits(text, at + 1);
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (at == text.size()) return false;
    at = skip_digits(text, at);
  }
  return at == text.size();
}

std::uint32_t digits_value(std::string_view digits, int base) {
  std::uint32_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  return value;
}

// Decodes the escape sequence at the front of `rest`, which begins after the
// backslash, and removes it.
void append_escape(std::string& out, std::string_view& rest) {
  constexpr std::string_view kLetters = "abfnrtv";
  constexpr std::string_view kValues = "\a\b\f\n\r\t\v";
  const char c = rest[0];
  const std::size_t letter = kLetters.find(c);
  std::size_t size = 1;
  if (c == 'x') {
    out += static_cast<char>(digits_value(rest.substr(1, 2), 16));
    size = 3;
  } else if (c >= '0' && c <= '7') {
    out += static_cast<char>(digits_value(rest.substr(0, 3), 8));
    size = 3;
  } else if (c == 'u') {
    append_utf8(out, digits_value(rest.substr(1, 4), 16));
    size = 5;
  } else if (c == 'U') {
    append_utf8(out, digits_value(rest.substr(1, 8), 16));
    size = 9;
  } else {
    out += letter == std::string_view::npos ? c : kValues[letter];
  }
  rest.remove_prefix(std::min(size, rest.size()));
}

}  // namespace

std::expected<double, std::string> number_value(std::string_view token) {
  if (!underscores_are_placed_well(token))
    return std::unexpected(number_error(token, "invalid syntax"));
  std::string plain(token);
  std::erase(plain, '_');
  if (const auto value = prefixed_integer(plain))
    return static_cast<double>(*value);
  // A hexadecimal float would need an exponent, which the lexer refuses.
  if (!is_hex_number(plain)) {
    if (const auto value = parse_float(plain)) return *value;
    if (is_decimal_float(plain))
      return std::unexpected(number_error(token, "value out of range"));
  }
  return std::unexpected(number_error(token, "invalid syntax"));
}

std::string string_value(std::string_view token) {
  assert(token.size() >= 2);
  const std::string_view inside = token.substr(1, token.size() - 2);
  if (token[0] == '`') return std::string(inside);
  std::string value;
  std::string_view rest = inside;
  while (true) {
    const std::size_t slash = rest.find('\\');
    value += rest.substr(0, slash);
    if (slash == std::string_view::npos) return value;
    rest.remove_prefix(slash + 1);
    if (rest.empty()) return value;
    append_escape(value, rest);
  }
}

std::int64_t seconds_to_ms(double seconds) {
  assert(!std::isnan(seconds));
  constexpr std::int64_t kNsPerMs = 1'000'000;
  constexpr double kEnd = 9223372036854775808.0;  // 2^63
  const double ns = std::round(seconds * 1e9);
  if (ns >= kEnd) return std::numeric_limits<std::int64_t>::max() / kNsPerMs;
  if (ns <= -kEnd) return std::numeric_limits<std::int64_t>::min() / kNsPerMs;
  return static_cast<std::int64_t>(ns) / kNsPerMs;
}

}  // namespace prom::promql
