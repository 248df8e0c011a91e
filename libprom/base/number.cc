#include "libprom/base/number.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace prom {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equals_folded(std::string_view text, std::string_view lower_word) {
  if (text.size() != lower_word.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (lower(text[i]) != lower_word[i]) return false;
  }
  return true;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::optional<double> parse_special(std::string_view unsigned_text,
                                    bool negative) {
  if (equals_folded(unsigned_text, "inf") ||
      equals_folded(unsigned_text, "infinity")) {
    const double infinity = std::numeric_limits<double>::infinity();
    return negative ? -infinity : infinity;
  }
  return std::nullopt;
}

// Go accepts hexadecimal floats only with a binary exponent: 0x1p-2.
std::optional<double> parse_hex(std::string_view digits) {
  const std::size_t p = digits.find_first_of("pP");
  // from_chars would take a second sign, and "inf" and "nan".
  if (p == std::string_view::npos ||
      digits.substr(0, p).find_first_not_of("0123456789abcdefABCDEF.") !=
          std::string_view::npos)
    return std::nullopt;
  double value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value,
                      std::chars_format::hex);
  if (end != digits.data() + digits.size()) return std::nullopt;
  if (error == std::errc()) return value;
  // Out of range: only a negative exponent can have made it too small.
  const bool too_small = error == std::errc::result_out_of_range &&
                         digits.substr(p + 1).starts_with('-');
  return too_small ? std::optional(0.0) : std::nullopt;
}

// Go's rule: an underscore stands between two digits, or between the base
// prefix and a digit.
bool underscores_are_good(std::string_view text) {
  bool is_hex = false;
  bool after_digit = false;
  bool after_underscore = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-'))
    text.remove_prefix(1);
  if (text.size() > 1 && text[0] == '0' && lower(text[1]) == 'x') {
    is_hex = true;
    after_digit = true;
    text.remove_prefix(2);
  }
  for (const char c : text) {
    const bool digit =
        is_digit(c) || (is_hex && lower(c) >= 'a' && lower(c) <= 'f');
    if (c == '_' ? !after_digit : after_underscore && !digit) return false;
    after_underscore = c == '_';
    after_digit = digit;
  }
  return !after_underscore;
}

// from_chars reports both overflow and underflow as out of range.  Only a
// number with a negative decimal magnitude can underflow.
bool underflows(std::string_view text) {
  long magnitude = 0;
  bool seen_point = false;
  bool seen_nonzero = false;
  std::size_t i = 0;
  for (; i < text.size() && lower(text[i]) != 'e'; ++i) {
    if (text[i] == '.') {
      seen_point = true;
    } else if (text[i] != '0' || seen_nonzero) {
      if (!seen_point) ++magnitude;
      seen_nonzero = true;
    } else if (seen_point) {
      --magnitude;
    }
  }
  if (i == text.size()) return magnitude < 0;
  std::string_view exponent = text.substr(i + 1);
  if (!exponent.empty() && exponent[0] == '+') exponent.remove_prefix(1);
  long exponent_value = 0;
  const auto parsed = std::from_chars(
      exponent.data(), exponent.data() + exponent.size(), exponent_value);
  if (parsed.ec != std::errc()) return !exponent.empty() && exponent[0] == '-';
  return magnitude + exponent_value < 0;
}

// Writes the shortest digits in scientific form and re-lays them out.
struct Shortest {
  std::array<char, 32> digits{};  // without the point
  int count = 0;
  int exponent = 0;  // of the first digit
  bool negative = false;
};

Shortest shortest(double value) {
  Shortest s;
  std::array<char, 64> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(),
                                 value, std::chars_format::scientific);
  const char* p = buffer.data();
  if (*p == '-') {
    s.negative = true;
    ++p;
  }
  for (; p != end.ptr && *p != 'e'; ++p) {
    if (*p != '.') s.digits[static_cast<std::size_t>(s.count++)] = *p;
  }
  ++p;                 // 'e'
  if (*p == '+') ++p;  // from_chars takes no plus sign
  std::from_chars(p, end.ptr, s.exponent);
  return s;
}

void append_fixed(std::string& out, const Shortest& s) {
  const auto* digits = s.digits.data();
  if (s.exponent < 0) {
    out += "0.";
    out.append(static_cast<std::size_t>(-s.exponent - 1), '0');
    out.append(digits, static_cast<std::size_t>(s.count));
    return;
  }
  const int whole = s.exponent + 1;
  if (s.count <= whole) {
    out.append(digits, static_cast<std::size_t>(s.count));
    out.append(static_cast<std::size_t>(whole - s.count), '0');
    return;
  }
  out.append(digits, static_cast<std::size_t>(whole));
  out += '.';
  out.append(digits + whole, static_cast<std::size_t>(s.count - whole));
}

void append_scientific(std::string& out, const Shortest& s) {
  out += s.digits[0];
  if (s.count > 1) {
    out += '.';
    out.append(s.digits.data() + 1, static_cast<std::size_t>(s.count - 1));
  }
  out += 'e';
  const int magnitude = s.exponent < 0 ? -s.exponent : s.exponent;
  out += s.exponent < 0 ? '-' : '+';
  if (magnitude < 10) out += '0';
  append_int(out, magnitude);
}

bool append_special(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value < 0 ? "-Inf" : "+Inf";
  } else if (value == 0) {
    out += std::signbit(value) ? "-0" : "0";
  } else {
    return false;
  }
  return true;
}

void append_between(std::string& out, double value, int exponent_min,
                    int exponent_end) {
  if (append_special(out, value)) return;
  const Shortest s = shortest(value);
  if (s.negative) out += '-';
  if (s.exponent < exponent_min || s.exponent >= exponent_end) {
    append_scientific(out, s);
  } else {
    append_fixed(out, s);
  }
}

}  // namespace

std::optional<double> parse_float(std::string_view text) {
  if (text.find('_') != std::string_view::npos) {
    if (!underscores_are_good(text)) return std::nullopt;
    std::string plain(text);
    std::erase(plain, '_');
    return parse_float(plain);
  }
  std::string_view rest = text;
  bool negative = false;
  if (!rest.empty() && (rest[0] == '+' || rest[0] == '-')) {
    negative = rest[0] == '-';
    rest.remove_prefix(1);
  }
  if (rest.empty()) return std::nullopt;
  if (rest.size() == text.size() && equals_folded(rest, "nan"))
    return std::numeric_limits<double>::quiet_NaN();
  if (!is_digit(rest[0]) && rest[0] != '.')
    return parse_special(rest, negative);
  if (rest.size() > 2 && rest[0] == '0' && lower(rest[1]) == 'x') {
    const std::optional<double> value = parse_hex(rest.substr(2));
    return value && negative ? std::optional(-*value) : value;
  }
  double value = 0;
  const auto [end, error] =
      std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (end != rest.data() + rest.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    if (!underflows(rest)) return std::nullopt;
    value = 0;
  } else if (error != std::errc()) {
    return std::nullopt;
  }
  return negative ? -value : value;
}

std::optional<std::int64_t> parse_int(std::string_view text) {
  if (!text.empty() && text[0] == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text[0] == '-') return std::nullopt;
  }
  std::int64_t value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty())
    return std::nullopt;
  return value;
}

std::optional<std::uint64_t> parse_uint(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty())
    return std::nullopt;
  return value;
}

void append_float(std::string& out, double value) {
  append_between(out, value, -6, 21);
}

void append_float_go_g(std::string& out, double value) {
  append_between(out, value, -4, 6);
}

std::string format_float(double value) {
  std::string out;
  append_float(out, value);
  return out;
}

std::string format_float_fixed(double value) {
  std::string out;
  append_between(out, value, -400, 400);
  return out;
}

void append_int(std::string& out, std::int64_t value) {
  std::array<char, 24> buffer{};
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  out.append(buffer.data(), end.ptr);
}

}  // namespace prom
