#include "libprom/template/escape.h"

#include <array>
#include <cstdint>
#include <cstdio>

#include "libprom/base/letters.h"
#include "libprom/base/utf8.h"

namespace prom::templates {
namespace {

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z');
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string_view js_replacement(char c) {
  switch (c) {
    case '\\':
      return "\\\\";
    case '\'':
      return "\\'";
    case '"':
      return "\\\"";
    case '<':
      return "\\u003C";
    case '>':
      return "\\u003E";
    case '&':
      return "\\u0026";
    case '=':
      return "\\u003D";
    default:
      return {};
  }
}

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

}  // namespace

std::string html_escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&#34;";
        break;
      case '\0':
        out += "\uFFFD";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string js_escape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const CodePoint point = decode_utf8(text);
    const std::string_view bytes = text.substr(0, point.size);
    text.remove_prefix(point.size);
    const std::string_view replacement =
        point.value < 0x80 ? js_replacement(bytes[0]) : std::string_view();
    if (!replacement.empty()) {
      out += replacement;
    } else if (is_printable(point.value)) {
      append_utf8(out, point.value);
    } else {
      std::array<char, 16> code{};
      std::snprintf(code.data(), code.size(), "\\u%04X", point.value);
      out += code.data();
    }
  }
  return out;
}

bool is_url_unreserved(char c) {
  return is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

void append_percent(std::string& out, char c, bool upper_case) {
  const std::string_view digits =
      upper_case ? "0123456789ABCDEF" : "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += digits[byte >> 4U];
  out += digits[byte & 15U];
}

std::string url_query_escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == ' ') {
      out += '+';
    } else if (is_url_unreserved(c)) {
      out += c;
    } else {
      append_percent(out, c);
    }
  }
  return out;
}

std::optional<std::string> url_query_unescape(std::string_view text,
                                              std::string& bad) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    const int high = i + 1 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      bad = text.substr(i, 3);
      return std::nullopt;
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::string base64_url_encode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    const std::string_view group = text.substr(i, 3);
    std::uint32_t bits = 0;
    for (std::size_t j = 0; j < 3; ++j)
      bits = bits << 8U |
             (j < group.size() ? static_cast<unsigned char>(group[j]) : 0U);
    for (std::size_t j = 0; j < 4; ++j)
      out += j <= group.size() ? kBase64[bits >> (18 - 6 * j) & 63U] : '=';
  }
  return out;
}

std::optional<std::string> base64_url_decode(std::string_view text,
                                             std::size_t& bad_offset) {
  std::string out;
  std::uint32_t bits = 0;
  std::size_t digits = 0;
  std::size_t padding = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    bad_offset = i;
    if (c == '\r' || c == '\n') continue;
    if (c == '=') {
      ++padding;
      if (digits % 4 < 2 || digits % 4 + padding > 4) return std::nullopt;
      continue;
    }
    const std::size_t value = kBase64.find(c);
    if (value == std::string_view::npos || padding > 0) return std::nullopt;
    bits = bits << 6U | static_cast<std::uint32_t>(value);
    if (++digits % 4 == 0)
      for (const unsigned shift : {16U, 8U, 0U})
        out += static_cast<char>(bits >> shift & 255U);
  }
  bad_offset = text.size();
  const std::size_t rest = digits % 4;
  if (rest != 0 && rest + padding != 4) return std::nullopt;
  if (rest >= 2) out += static_cast<char>(bits >> (6 * rest - 8) & 255U);
  if (rest == 3) out += static_cast<char>(bits >> 2U & 255U);
  return out;
}

}  // namespace prom::templates
