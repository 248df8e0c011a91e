#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/config/scalar_internal.h"

namespace prom::config {
namespace {

constexpr std::array<std::string_view, 11> kTrue = {
    "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"};
constexpr std::array<std::string_view, 11> kFalse = {
    "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

struct Magnitude {
  std::uint64_t value = 0;
  bool negative = false;
};

std::optional<Magnitude> scalar_magnitude(std::string_view text) {
  std::string digits;
  std::ranges::copy_if(text, std::back_inserter(digits),
                       [](char c) { return c != '_'; });
  std::string_view rest = digits;
  Magnitude magnitude;
  if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) {
    magnitude.negative = rest[0] == '-';
    rest.remove_prefix(1);
  }
  int base = 10;
  if (rest.starts_with("0x") || rest.starts_with("0X")) {
    base = 16;
  } else if (rest.starts_with("0b") || rest.starts_with("0B")) {
    base = 2;
  } else if (rest.starts_with("0o") || rest.starts_with("0O")) {
    base = 8;
  }
  if (base != 10) {
    rest.remove_prefix(2);
  } else if (rest.size() > 1 && rest[0] == '0') {
    base = 8;
    rest.remove_prefix(1);
  }
  const auto [end, error] = std::from_chars(
      rest.data(), rest.data() + rest.size(), magnitude.value, base);
  if (error != std::errc() || end != rest.data() + rest.size())
    return std::nullopt;
  return magnitude;
}

// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
bool looks_like_float(std::string_view text) {
  const auto digits = [&] {
    std::size_t n = 0;
    while (n < text.size() && is_digit(text[n])) ++n;
    text.remove_prefix(n);
    return n;
  };
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  const std::size_t whole = digits();
  std::size_t fraction = 0;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    fraction = digits();
  }
  if (whole + fraction == 0) return false;
  if (text.empty()) return true;
  if (text[0] != 'e' && text[0] != 'E') return false;
  text.remove_prefix(1);
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return digits() > 0 && text.empty();
}

struct SizeUnit {
  std::string_view name;
  int shift;
};
constexpr std::array<SizeUnit, 13> kSizeUnits = {{{"B", 0},
                                                  {"KiB", 10},
                                                  {"KB", 10},
                                                  {"MiB", 20},
                                                  {"MB", 20},
                                                  {"GiB", 30},
                                                  {"GB", 30},
                                                  {"TiB", 40},
                                                  {"TB", 40},
                                                  {"PiB", 50},
                                                  {"PB", 50},
                                                  {"EiB", 60},
                                                  {"EB", 60}}};

std::unexpected<Error> bad_size(std::string_view why, std::string_view text) {
  return fail(Code::kConfig,
              "units: " + std::string(why) + " " + printable(text));
}

}  // namespace

std::optional<bool> scalar_bool(std::string_view text) {
  if (std::ranges::find(kTrue, text) != kTrue.end()) return true;
  if (std::ranges::find(kFalse, text) != kFalse.end()) return false;
  return std::nullopt;
}

std::optional<std::int64_t> scalar_int(std::string_view text) {
  const auto found = scalar_magnitude(text);
  constexpr auto kMax =
      static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!found || found->value > kMax + (found->negative ? 1U : 0U))
    return std::nullopt;
  return static_cast<std::int64_t>(found->negative ? 0 - found->value
                                                   : found->value);
}

std::optional<std::uint64_t> scalar_uint(std::string_view text) {
  const auto found = scalar_magnitude(text);
  if (!found || (found->negative && found->value != 0)) return std::nullopt;
  return found->value;
}

std::optional<double> scalar_float(std::string_view text) {
  for (const std::string_view inf : {".inf", ".Inf", ".INF"}) {
    if (text == inf || (text.starts_with('+') && text.substr(1) == inf))
      return std::numeric_limits<double>::infinity();
    if (text.starts_with('-') && text.substr(1) == inf)
      return -std::numeric_limits<double>::infinity();
  }
  if (text == ".nan" || text == ".NaN" || text == ".NAN")
    return std::numeric_limits<double>::quiet_NaN();
  if (const auto whole = scalar_int(text)) return static_cast<double>(*whole);
  if (!looks_like_float(text)) return std::nullopt;
  return parse_float(text);
}

Result<std::int64_t> parse_size(std::string_view text) {
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest == "0") return 0;
  if (rest.empty()) return bad_size("invalid", text);
  double total = 0;
  while (!rest.empty()) {
    std::size_t digits = 0;
    while (digits < rest.size() &&
           (is_digit(rest[digits]) || rest[digits] == '.'))
      ++digits;
    const std::optional<double> number = parse_float(rest.substr(0, digits));
    if (!number) return bad_size("invalid", text);
    rest.remove_prefix(digits);
    std::size_t size = 0;
    while (size < rest.size() && !is_digit(rest[size]) && rest[size] != '.')
      ++size;
    const std::string_view name = rest.substr(0, size);
    const auto unit = std::ranges::find(kSizeUnits, name, &SizeUnit::name);
    if (unit == kSizeUnits.end())
      return bad_size("unknown unit " + printable(name) + " in", text);
    total += std::ldexp(*number, unit->shift);
    rest.remove_prefix(size);
  }
  constexpr double kSizeEnd = 9223372036854775808.0;
  if (total >= kSizeEnd) return bad_size("overflow parsing unit", text);
  const auto bytes = static_cast<std::int64_t>(total);
  return negative ? -bytes : bytes;
}

Result<std::int64_t> parse_go_duration_ms(std::string_view text) {
  struct Unit {
    std::string_view name;
    double ms;
  };
  constexpr std::array<Unit, 8> kUnits = {{{"ns", 1e-6},
                                           {"us", 1e-3},
                                           {"µs", 1e-3},
                                           {"μs", 1e-3},
                                           {"ms", 1},
                                           {"s", 1e3},
                                           {"m", 6e4},
                                           {"h", 3.6e6}}};
  const auto bad = [&](std::string_view why) {
    return fail(Code::kConfig, "time: " + std::string(why) + " " + quote(text));
  };
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest == "0") return 0;
  if (rest.empty()) return bad("invalid duration");
  double total_ms = 0;
  while (!rest.empty()) {
    const std::size_t digits =
        std::min(rest.find_first_not_of("0123456789."), rest.size());
    const auto number = parse_float(rest.substr(0, digits));
    if (!number) return bad("invalid duration");
    rest.remove_prefix(digits);
    const std::size_t size =
        std::min(rest.find_first_of("0123456789."), rest.size());
    if (size == 0) return bad("missing unit in duration");
    const auto unit =
        std::ranges::find(kUnits, rest.substr(0, size), &Unit::name);
    if (unit == kUnits.end())
      return bad("unknown unit " + quote(rest.substr(0, size)) +
                 " in duration");
    total_ms += *number * unit->ms;
    rest.remove_prefix(size);
  }
  constexpr double kDurationMsMax = 9223372036854.0;
  if (total_ms > kDurationMsMax) return bad("invalid duration");
  const auto rounded = static_cast<std::int64_t>(std::llround(total_ms));
  return negative ? -rounded : rounded;
}

std::optional<std::string> decode_base64(std::string_view text) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t bits = 0;
  int symbols = 0;
  int padding = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
    std::uint32_t value = 0;
    if (c == '=') {
      ++padding;
    } else {
      const std::size_t at = kAlphabet.find(c);
      if (at == std::string_view::npos || padding != 0) return std::nullopt;
      value = static_cast<std::uint32_t>(at);
    }
    bits = bits << 6U | value;
    if (++symbols % 4 != 0) continue;
    if (padding > 2) return std::nullopt;
    for (int i = 0; i < 3 - padding; ++i)
      out += static_cast<char>(bits >> static_cast<unsigned>(16 - 8 * i));
    bits = 0;
    if (padding != 0) symbols = 1 << 20;  // nothing may follow
  }
  const bool complete = symbols % 4 == 0;
  return complete ? std::optional(out) : std::nullopt;
}

}  // namespace prom::config
