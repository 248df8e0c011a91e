#include "libprom/model/escape.h"

#include <array>
#include <charconv>
#include <memory>
#include <utility>

#include "libprom/base/utf8.h"
#include "libprom/model/labels.h"

namespace prom {
namespace {

constexpr std::array<std::pair<std::string_view, Escaping>, 4> kNames = {{
    {"allow-utf-8", Escaping::kAllowUtf8},
    {"underscores", Escaping::kUnderscores},
    {"dots", Escaping::kDots},
    {"values", Escaping::kValues},
}};
constexpr std::string_view kPrefix = "U__";

bool is_legacy_at(std::uint32_t c, std::size_t index) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == ':' || (c >= '0' && c <= '9' && index > 0);
}

void append_hex(std::string& out, std::uint32_t value) {
  std::array<char, 8> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), value, 16);
  out.append(digits.data(), end.ptr);
}

void append_escaped(std::string& out, std::uint32_t c, bool is_legacy,
                    Escaping escaping) {
  const bool doubled = c == '_' && escaping != Escaping::kUnderscores;
  if (is_legacy && !doubled) {
    out += static_cast<char>(c);
  } else if (c == '.' && escaping == Escaping::kDots) {
    out += "_dot_";
  } else if (doubled || escaping == Escaping::kDots) {
    out += "__";
  } else if (escaping == Escaping::kUnderscores) {
    out += '_';
  } else {
    out += '_';
    append_hex(out, c);
    out += '_';
  }
}

// The code point in front of the next underscore, which is taken, too.
std::optional<std::uint32_t> take_code_point(std::string_view& rest) {
  constexpr std::size_t kDigitsMax = 6;
  const std::size_t size = rest.find('_');
  if (size == 0 || size > kDigitsMax) return std::nullopt;
  std::uint32_t value = 0;
  const char* const begin = std::to_address(rest.begin());
  const char* const end = begin + size;
  const auto parsed = std::from_chars(begin, end, value, 16);
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (parsed.ec != std::errc() || parsed.ptr != end || value > 0x10FFFF ||
      surrogate)
    return std::nullopt;
  rest.remove_prefix(size + 1);
  return value;
}

}  // namespace

std::string_view to_string(Escaping escaping) {
  for (const auto& [name, value] : kNames) {
    if (value == escaping) return name;
  }
  return "";
}

std::optional<Escaping> parse_escaping(std::string_view text) {
  for (const auto& [name, value] : kNames) {
    if (name == text) return value;
  }
  return std::nullopt;
}

std::string escape_name(std::string_view name, Escaping escaping) {
  if (escaping == Escaping::kAllowUtf8 || name.empty() ||
      (escaping != Escaping::kDots && is_legacy_metric_name(name)))
    return std::string(name);
  std::string out;
  if (escaping == Escaping::kValues) out = kPrefix;
  for (std::size_t at = 0; at < name.size();) {
    const CodePoint c = decode_utf8(name.substr(at));
    append_escaped(out, c.value, is_legacy_at(c.value, at), escaping);
    at += c.size;
  }
  return out;
}

std::string unescape_name(std::string_view name) {
  if (!name.starts_with(kPrefix)) return std::string(name);
  std::string out;
  std::string_view rest = name.substr(kPrefix.size());
  while (!rest.empty()) {
    const char c = rest[0];
    rest.remove_prefix(1);
    if (c != '_') {
      out += c;
    } else if (rest.starts_with('_')) {
      out += '_';
      rest.remove_prefix(1);
    } else {
      const std::optional<std::uint32_t> value = take_code_point(rest);
      if (!value) return std::string(name);
      append_utf8(out, *value);
    }
  }
  return out;
}

}  // namespace prom
