#include "libprom/store/json_cursor.h"

#include "libprom/base/utf8.h"

namespace prom::store {
namespace {

constexpr std::uint32_t kReplacement = 0xFFFD;

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool ends_word(char c) {
  return c == ',' || c == ']' || c == '}' || c == ':' || c == '"' ||
         is_blank(c);
}

}  // namespace

void JsonCursor::skip_blanks() {
  while (at_ != end_ && is_blank(*at_)) ++at_;
}

bool JsonCursor::take(char c) {
  if (!looking_at(c)) return false;
  ++at_;
  return true;
}

bool JsonCursor::looking_at(char c) {
  skip_blanks();
  return at_ != end_ && *at_ == c;
}

bool JsonCursor::done() {
  skip_blanks();
  return at_ == end_;
}

bool JsonCursor::hex4(unsigned& into) {
  if (end_ - at_ < 4) return false;
  into = 0;
  for (int i = 0; i < 4; ++i, ++at_) {
    const char c = *at_;
    unsigned digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<unsigned>(c - '0');
    } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
      digit = static_cast<unsigned>((c | 0x20) - 'a') + 10;
    } else {
      return false;
    }
    into = into << 4U | digit;
  }
  return true;
}

// Behind the backslash.
bool JsonCursor::escape(std::string& into) {
  if (at_ == end_) return false;
  const char c = *at_++;
  constexpr std::string_view kFrom = "\"\\/bfnrt";
  constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
  if (const auto known = kFrom.find(c); known != std::string_view::npos) {
    into += kTo[known];
    return true;
  }
  unsigned code = 0;
  if (c != 'u' || !hex4(code)) return false;
  if (code >= 0xD800 && code < 0xDC00 && end_ - at_ >= 6 && at_[0] == '\\' &&
      at_[1] == 'u') {
    const char* const before = at_;
    at_ += 2;
    unsigned low = 0;
    if (!hex4(low)) return false;
    if (low >= 0xDC00 && low < 0xE000) {
      code = 0x10000 + ((code - 0xD800) << 10U) + (low - 0xDC00);
    } else {
      at_ = before;
    }
  }
  if (code >= 0xD800 && code < 0xE000) code = kReplacement;
  append_utf8(into, code);
  return true;
}

bool JsonCursor::string(std::string& into) {
  if (!looking_at('"')) return false;
  ++at_;
  into.clear();
  while (true) {
    const char* const from = at_;
    while (at_ != end_ && *at_ != '"' && *at_ != '\\') ++at_;
    into.append(from, at_);
    if (at_ == end_) return false;
    if (*at_++ == '"') return true;
    if (!escape(into)) return false;
  }
}

bool JsonCursor::word(std::string_view& into) {
  skip_blanks();
  const char* const from = at_;
  while (at_ != end_ && !ends_word(*at_)) ++at_;
  into = {from, static_cast<std::size_t>(at_ - from)};
  return !into.empty();
}

// A loop, not a recursion: the text decides how deep it is.
bool JsonCursor::skip_value() {
  int depth = 0;
  std::string ignored;
  std::string_view word_ignored;
  do {
    if (take('{') || take('[')) {
      if (++depth > kJsonDepthMax) return false;
    } else if (take('}') || take(']')) {
      if (--depth < 0) return false;
    } else if (take(',') || take(':')) {
      if (depth == 0) return false;
    } else if (looking_at('"')) {
      if (!string(ignored)) return false;
    } else if (!word(word_ignored)) {
      return false;
    }
  } while (depth > 0);
  return true;
}

}  // namespace prom::store
