#include "libprom/base/utf8.h"

#include <algorithm>
#include <cstring>

#include "libprom/base/letters.h"

namespace prom {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

// Length of the well-formed sequence at the front of `text`, or 0.
std::size_t sequence_size(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if (!is_continuation(text[i])) return 0;
  }
  const auto second = static_cast<unsigned char>(text[1]);
  const bool overlong =
      (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool surrogate = first == 0xED && second > 0x9F;
  const bool too_large = first == 0xF4 && second > 0x8F;
  return overlong || surrogate || too_large ? 0 : size;
}

bool is_bidi_control(std::uint32_t c) {
  return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) ||
         c == 0x200E || c == 0x200F || c == 0x061C;
}

void append_hex(std::string& out, std::uint32_t value, int digits) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4)
    out += kHex[(value >> static_cast<unsigned>(shift)) & 0xFU];
}

void append_escape(std::string& out, std::uint32_t c) {
  if (c > 0xFFFF) {
    out += "\\U";
    append_hex(out, c, 8);
  } else {
    out += "\\u";
    append_hex(out, c, 4);
  }
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    // Eight bytes at a time while they are ASCII.
    while (text.size() >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data(), 8);
      if ((word & 0x8080808080808080ULL) != 0) break;
      text.remove_prefix(8);
    }
    if (text.empty()) return true;
    const std::size_t size = sequence_size(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

CodePoint decode_utf8(std::string_view text) {
  const std::size_t size = sequence_size(text);
  if (size == 0) return {0xFFFD, 1};
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  if (size == 1) return {byte(0), 1};
  std::uint32_t value = byte(0) & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i)
    value = value << 6U | (byte(i) & 0x3FU);
  return {value, size};
}

void append_utf8(std::string& out, std::uint32_t c) {
  const auto push = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    push(c);
  } else if (c < 0x800) {
    push(0xC0U | c >> 6U);
    push(0x80U | (c & 0x3FU));
  } else if (c < 0x10000) {
    push(0xE0U | c >> 12U);
    push(0x80U | (c >> 6U & 0x3FU));
    push(0x80U | (c & 0x3FU));
  } else {
    push(0xF0U | c >> 18U);
    push(0x80U | (c >> 12U & 0x3FU));
    push(0x80U | (c >> 6U & 0x3FU));
    push(0x80U | (c & 0x3FU));
  }
}

std::string printable(std::string_view untrusted) {
  std::string out;
  out.reserve(untrusted.size());
  while (!untrusted.empty()) {
    const std::size_t size = sequence_size(untrusted);
    const CodePoint c = decode_utf8(untrusted);
    if (size == 0 || c.value < 0x20 || (c.value >= 0x7F && c.value < 0xA0)) {
      out += "\\x";
      append_hex(out, static_cast<unsigned char>(untrusted[0]), 2);
      if (size == 2) {
        out += "\\x";
        append_hex(out, static_cast<unsigned char>(untrusted[1]), 2);
      }
    } else if (is_bidi_control(c.value)) {
      append_escape(out, c.value);
    } else {
      out += untrusted.substr(0, c.size);
    }
    untrusted.remove_prefix(c.size);
  }
  return out;
}

void append_quoted(std::string& out, std::string_view text) {
  constexpr std::string_view kNamed = "\a\b\f\n\r\t\v\\\"";
  constexpr std::string_view kLetters = "abfnrtv\\\"";
  out += '"';
  while (!text.empty()) {
    const std::size_t size = sequence_size(text);
    const CodePoint c = decode_utf8(text);
    const std::size_t named = kNamed.find(text[0]);
    if (named != std::string_view::npos) {
      out += '\\';
      out += kLetters[named];
    } else if (size == 0 || c.value < 0x20 || c.value == 0x7F) {
      out += "\\x";
      append_hex(out, static_cast<unsigned char>(text[0]), 2);
    } else if (c.value >= 0x80 && !is_printable(c.value)) {
      append_escape(out, c.value);
    } else {
      out += text.substr(0, c.size);
    }
    text.remove_prefix(c.size);
  }
  out += '"';
}

std::string quote(std::string_view text) {
  std::string out;
  append_quoted(out, text);
  return out;
}

}  // namespace prom
