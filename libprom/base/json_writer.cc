#include "libprom/base/json_writer.h"

#include <cassert>
#include <cmath>

#include "libprom/base/number.h"
#include "libprom/base/utf8.h"

namespace prom {

void JsonWriter::separate() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (has_items_.empty()) return;
  if (has_items_.back()) out_ += ',';
  has_items_.back() = true;
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  out_ += bracket;
  has_items_.push_back(false);
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  assert(!has_items_.empty() && !after_key_);
  has_items_.pop_back();
  out_ += bracket;
  return *this;
}

JsonWriter& JsonWriter::begin_object() {
  return open('{');
}
JsonWriter& JsonWriter::end_object() {
  return close('}');
}
JsonWriter& JsonWriter::begin_array() {
  return open('[');
}
JsonWriter& JsonWriter::end_array() {
  return close(']');
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  append_json_string(out_, name);
  out_ += ':';
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view value) {
  separate();
  append_json_string(out_, value);
  return *this;
}

JsonWriter& JsonWriter::number(double value) {
  assert(std::isfinite(value));
  separate();
  append_float(out_, value);
  return *this;
}

JsonWriter& JsonWriter::integer(std::int64_t value) {
  separate();
  append_int(out_, value);
  return *this;
}

JsonWriter& JsonWriter::boolean(bool value) {
  separate();
  out_ += value ? "true" : "false";
  return *this;
}

JsonWriter& JsonWriter::null() {
  separate();
  out_ += "null";
  return *this;
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

JsonWriter& JsonWriter::sample_value(double value) {
  separate();
  out_ += '"';
  append_float(out_, value);
  out_ += '"';
  return *this;
}

JsonWriter& JsonWriter::time_ms(std::int64_t time_ms) {
  separate();
  std::uint64_t magnitude = static_cast<std::uint64_t>(time_ms);
  if (time_ms < 0) {
    out_ += '-';
    magnitude = 0 - magnitude;
  }
  append_int(out_, static_cast<std::int64_t>(magnitude / 1000));
  const auto millis = static_cast<unsigned>(magnitude % 1000);
  if (millis == 0) return *this;
  // All three digits, also when the last are zero: that is what upstream does.
  out_ += '.';
  out_ += static_cast<char>('0' + millis / 100);
  out_ += static_cast<char>('0' + millis / 10 % 10);
  out_ += static_cast<char>('0' + millis % 10);
  return *this;
}

void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  std::size_t plain_begin = 0;
  const auto flush = [&](std::size_t end) {
    out += text.substr(plain_begin, end - plain_begin);
  };
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
      ++i;
      continue;
    }
    if (c >= 0x80) {
      const CodePoint point = decode_utf8(text.substr(i));
      if (point.value == 0xFFFD && point.size == 1) {
        flush(i);
        out += "\\ufffd";
        plain_begin = i + 1;
      }
      i += point.size;
      continue;
    }
    flush(i);
    out += '\\';
    switch (c) {
      case '"':
        out += '"';
        break;
      case '\\':
        out += '\\';
        break;
      case '\n':
        out += 'n';
        break;
      case '\r':
        out += 'r';
        break;
      case '\t':
        out += 't';
        break;
      default:
        out += "u00";
        out += kHex[c >> 4U];
        out += kHex[c & 0xFU];
    }
    plain_begin = ++i;
  }
  flush(text.size());
  out += '"';
}

}  // namespace prom
