#include "libprom/promql/lexer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "libprom/base/utf8.h"

namespace prom::promql {
namespace {

constexpr std::uint32_t kReplacement = 0xFFFD;  // what malformed UTF-8 reads as
constexpr std::uint32_t kCodePointMax = 0x10FFFF;

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_alpha(char c) {
  return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_alphanumeric(char c) {
  return is_alpha(c) || is_digit(c);
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

using Reserved = std::pair<std::string_view, TokenKind>;
// By name ascending.
constexpr auto kReserved = std::to_array<Reserved>({
    {"anchored", TokenKind::kAnchored},
    {"and", TokenKind::kAnd},
    {"atan2", TokenKind::kAtan2},
    {"avg", TokenKind::kAvg},
    {"bool", TokenKind::kBool},
    {"bottomk", TokenKind::kBottomk},
    {"by", TokenKind::kBy},
    {"count", TokenKind::kCount},
    {"count_values", TokenKind::kCountValues},
    {"end", TokenKind::kEnd},
    {"fill", TokenKind::kFill},
    {"fill_left", TokenKind::kFillLeft},
    {"fill_right", TokenKind::kFillRight},
    {"group", TokenKind::kGroup},
    {"group_left", TokenKind::kGroupLeft},
    {"group_right", TokenKind::kGroupRight},
    {"ignoring", TokenKind::kIgnoring},
    {"inf", TokenKind::kNumber},
    {"limit_ratio", TokenKind::kLimitRatio},
    {"limitk", TokenKind::kLimitk},
    {"max", TokenKind::kMax},
    {"max_of", TokenKind::kMaxOf},
    {"min", TokenKind::kMin},
    {"min_of", TokenKind::kMinOf},
    {"nan", TokenKind::kNumber},
    {"offset", TokenKind::kOffset},
    {"on", TokenKind::kOn},
    {"or", TokenKind::kOr},
    {"quantile", TokenKind::kQuantile},
    {"range", TokenKind::kRange},
    {"smoothed", TokenKind::kSmoothed},
    {"start", TokenKind::kStart},
    {"stddev", TokenKind::kStddev},
    {"stdvar", TokenKind::kStdvar},
    {"step", TokenKind::kStep},
    {"sum", TokenKind::kSum},
    {"topk", TokenKind::kTopk},
    {"unless", TokenKind::kUnless},
    {"without", TokenKind::kWithout},
});
static_assert(std::ranges::is_sorted(kReserved, {}, &Reserved::first));
constexpr std::size_t kReservedBytesMax = 12;

}  // namespace

bool is_operator(TokenKind kind) {
  return kind >= TokenKind::kAdd && kind <= TokenKind::kAt;
}
bool is_aggregation(TokenKind kind) {
  return kind >= TokenKind::kSum && kind <= TokenKind::kLimitRatio;
}
bool is_keyword(TokenKind kind) {
  return kind >= TokenKind::kBool && kind <= TokenKind::kWithout;
}

TokenKind keyword(std::string_view word) {
  if (word.size() > kReservedBytesMax) return TokenKind::kIdentifier;
  std::array<char, kReservedBytesMax> folded{};
  std::ranges::transform(word, folded.begin(), lower);
  const std::string_view name(folded.data(), word.size());
  const auto* found =
      std::ranges::lower_bound(kReserved, name, {}, &Reserved::first);
  return found != kReserved.end() && found->first == name
             ? found->second
             : TokenKind::kIdentifier;
}

// NUL stands for the end; a NUL in the text is in no set either.
char Lexer::peek(std::size_t ahead) const {
  return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
}

bool Lexer::accept(char c) {
  if (at_end() || text_[at_] != c) return false;
  ++at_;
  return true;
}

bool Lexer::accept_any(std::string_view set) {
  if (at_end() || set.find(text_[at_]) == std::string_view::npos) return false;
  ++at_;
  return true;
}

void Lexer::skip_blanks() {
  while (!at_end() && is_space(text_[at_])) ++at_;
}

void Lexer::skip_comment() {
  while (!at_end() && text_[at_] != '\n' && text_[at_] != '\r') ++at_;
}

std::string Lexer::quoted_character(std::size_t at) const {
  if (at >= text_.size()) return "'\xEF\xBF\xBD'";
  const CodePoint c = decode_utf8(text_.substr(at));
  if (c.value == '\'') return "'\\''";
  if (c.value == '"') return "'\"'";
  std::string utf8;
  append_utf8(utf8, c.value);
  std::string text = quote(utf8);
  text.front() = '\'';
  text.back() = '\'';
  return text;
}

std::string Lexer::unicode_name(std::size_t at) const {
  const CodePoint c = decode_utf8(text_.substr(at));
  std::array<char, 8> hex{};
  const auto end =
      std::to_chars(hex.data(), hex.data() + hex.size(), c.value, 16);
  std::string digits(hex.data(), end.ptr);
  std::ranges::transform(digits, digits.begin(), upper);
  digits.insert(0, digits.size() < 4 ? 4 - digits.size() : 0, '0');
  std::string name = "U+" + digits;
  if (c.value < 0x20 || c.value == 0x7F) return name;
  name += " '";
  append_utf8(name, c.value);
  return name + "'";
}

Token Lexer::emit(TokenKind kind) {
  const Token token = {kind, {begin_, at_}};
  begin_ = at_;
  return token;
}

Token Lexer::fail(std::string message) {
  error_ = std::move(message);
  done_ = true;
  return {TokenKind::kError, {begin_, text_.size()}};
}

Token Lexer::next() {
  while (true) {
    if (done_) return {TokenKind::kEof, {text_.size(), text_.size()}};
    skip_blanks();
    begin_ = at_;
    // A "#" right after "[" is no comment.
    if (duration_begins_ || peek() != '#') break;
    skip_comment();
  }
  if (duration_begins_) return next_in_duration();
  if (brace_open_) return next_in_braces();
  return next_in_expression();
}

Token Lexer::next_in_braces() {
  if (at_end()) return fail("unexpected end of input inside braces");
  const char c = text_[at_];
  if (is_alpha(c)) {
    while (is_alphanumeric(peek())) ++at_;
    return emit(TokenKind::kIdentifier);
  }
  ++at_;
  switch (c) {
    case ',':
      return emit(TokenKind::kComma);
    case '"':
    case '\'':
      return quoted_string(c);
    case '`':
      return raw_string();
    case '=':
      return emit(accept('~') ? TokenKind::kRegexMatch : TokenKind::kAssign);
    case '!':
      if (accept('~')) return emit(TokenKind::kRegexNotMatch);
      if (accept('=')) return emit(TokenKind::kNotEqual);
      return fail("unexpected character after '!' inside braces: " +
                  quoted_character(at_));
    case '{':
      return fail("unexpected left brace '{'");
    case '}':
      brace_open_ = false;
      return emit(TokenKind::kRightBrace);
    default:
      return fail("unexpected character inside braces: " +
                  quoted_character(begin_));
  }
}

Token Lexer::next_in_duration() {
  if (at_end()) return fail("unexpected end of input in duration expression");
  const char c = text_[at_];
  if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
    got_duration_ = true;
    duration_begins_ = false;
    return number_or_duration();
  }
  TokenKind kind{};
  if (is_alpha(c) && scan_duration_keyword(kind)) return emit(kind);
  at_ = begin_ + 1;
  switch (c) {
    case ']':
      bracket_open_ = false;
      duration_begins_ = false;
      got_colon_ = false;
      return emit(TokenKind::kRightBracket);
    case ':': {
      const Token colon = emit(TokenKind::kColon);
      if (!got_duration_)
        return fail("unexpected colon before duration in duration expression");
      if (got_colon_)
        return fail("unexpected repeated colon in duration expression");
      got_colon_ = true;
      return colon;
    }
    case '(':
      ++paren_depth_;
      return emit(TokenKind::kLeftParen);
    case ')': {
      const Token paren = emit(TokenKind::kRightParen);
      return --paren_depth_ < 0 ? fail("unexpected right parenthesis ')'")
                                : paren;
    }
    case '+':
      return emit(TokenKind::kAdd);
    case '-':
      return emit(TokenKind::kSubtract);
    case '*':
      return emit(TokenKind::kMultiply);
    case '/':
      return emit(TokenKind::kDivide);
    case '%':
      return emit(TokenKind::kModulo);
    case '^':
      return emit(TokenKind::kPower);
    case ',':
      return emit(TokenKind::kComma);
    default:
      return fail("unexpected character in duration expression: " +
                  quoted_character(begin_));
  }
}

// A switch over what a token can begin with.
// NOLINTNEXTLINE(readability-function-size)
Token Lexer::next_in_expression() {
  if (at_end()) {
    if (paren_depth_ != 0) return fail("unclosed left parenthesis");
    if (bracket_open_) return fail("unclosed left bracket");
    done_ = true;
    return emit(TokenKind::kEof);
  }
  const char c = text_[at_];
  if (is_digit(c) || (c == '.' && is_digit(peek(1))))
    return number_or_duration();
  if (is_alpha(c) || c == ':')
    return bracket_open_ ? letter_in_brackets() : word();
  ++at_;
  switch (c) {
    case ',':
      return emit(TokenKind::kComma);
    case '*':
      return emit(TokenKind::kMultiply);
    case '/':
      return emit(TokenKind::kDivide);
    case '%':
      return emit(TokenKind::kModulo);
    case '+':
      return emit(TokenKind::kAdd);
    case '-':
      return emit(TokenKind::kSubtract);
    case '^':
      return emit(TokenKind::kPower);
    case '@':
      return emit(TokenKind::kAt);
    case '=':
      if (accept('=')) return emit(TokenKind::kEqual);
      if (peek() == '~') return fail("unexpected character after '=': '~'");
      return emit(TokenKind::kAssign);
    case '!':
      if (accept('=')) return emit(TokenKind::kNotEqual);
      return fail("unexpected character after '!': " + quoted_character(at_));
    case '<':
      if (accept('=')) return emit(TokenKind::kLessEqual);
      return emit(accept('/') ? TokenKind::kTrimUpper : TokenKind::kLess);
    case '>':
      if (accept('=')) return emit(TokenKind::kGreaterEqual);
      return emit(accept('/') ? TokenKind::kTrimLower : TokenKind::kGreater);
    case '"':
    case '\'':
      return quoted_string(c);
    case '`':
      return raw_string();
    case '(':
      ++paren_depth_;
      return emit(TokenKind::kLeftParen);
    case ')': {
      const Token paren = emit(TokenKind::kRightParen);
      return --paren_depth_ < 0 ? fail("unexpected right parenthesis ')'")
                                : paren;
    }
    case '{':
      brace_open_ = true;
      return emit(TokenKind::kLeftBrace);
    case '[':
      if (bracket_open_) return fail("unexpected left bracket '['");
      bracket_open_ = true;
      duration_begins_ = true;
      got_colon_ = false;
      return emit(TokenKind::kLeftBracket);
    case ']':
      if (!bracket_open_) return fail("unexpected right bracket ']'");
      bracket_open_ = false;
      return emit(TokenKind::kRightBracket);
    default:
      return fail("unexpected character: " + quoted_character(begin_));
  }
}

Token Lexer::letter_in_brackets() {
  const char c = text_[at_];
  TokenKind kind{};
  if (c != ':' && scan_duration_keyword(kind)) return emit(kind);
  at_ = begin_ + 1;
  if (c != ':') {
    return fail("unexpected character: " + quoted_character(begin_) +
                ", expected ':'");
  }
  if (got_colon_) return fail("unexpected colon ':'");
  got_colon_ = true;
  return emit(TokenKind::kColon);
}

bool Lexer::scan_duration_keyword(TokenKind& kind) {
  while (is_alpha(peek())) ++at_;
  kind = keyword(text_.substr(begin_, at_ - begin_));
  return kind == TokenKind::kStep || kind == TokenKind::kRange ||
         kind == TokenKind::kMaxOf || kind == TokenKind::kMinOf;
}

Token Lexer::word() {
  bool has_colon = false;
  while (is_alphanumeric(peek()) || peek() == ':') {
    has_colon = has_colon || peek() == ':';
    ++at_;
  }
  if (has_colon) return emit(TokenKind::kMetricIdentifier);
  const TokenKind kind = keyword(text_.substr(begin_, at_ - begin_));
  const bool is_fill = kind == TokenKind::kFill ||
                       kind == TokenKind::kFillLeft ||
                       kind == TokenKind::kFillRight;
  return emit(is_fill && !paren_follows() ? TokenKind::kIdentifier : kind);
}

bool Lexer::paren_follows() const {
  std::size_t at = at_;
  while (at < text_.size() && is_space(text_[at])) ++at;
  return at < text_.size() && text_[at] == '(';
}

Token Lexer::number_or_duration() {
  if (scan_number()) return emit(TokenKind::kNumber);
  if (scan_duration_rest()) return emit(TokenKind::kDuration);
  return fail("bad number or duration syntax: " +
              quote(text_.substr(begin_, at_ - begin_)));
}

// Consumes what looks like a number, also one that is none, such as "1e5.5":
// the parser refuses that.  False when it cannot be a number; at_ is then
// where that was noticed, and a duration may go on from there.
bool Lexer::scan_number() {
  std::string_view digits = "0123456789";
  if (accept('0') && accept_any("xX")) {
    accept('_');
    digits = "0123456789abcdefABCDEF";
  }
  const bool is_hex = digits.size() > 10;
  accept('.');
  accept_any(digits);
  bool point = false;
  bool exponent = false;
  while (!at_end()) {
    if (peek() == '.') {
      ++at_;
      if (std::exchange(point, true) || accept_any("_.") || is_hex)
        return false;
    } else if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (std::exchange(exponent, true)) return false;
      accept_any("+-");
      if (accept_any("._eE") || at_end()) return false;
    } else if (peek() == '_') {
      ++at_;
      if (accept_any("._eE") || at_end()) return false;
    } else if (!accept_any(digits)) {
      break;
    }
  }
  return !is_alphanumeric(peek());
}

// The rest of "1h30m" after the first digits.  A character that must not
// follow is consumed, since it belongs into the message.
bool Lexer::scan_duration_rest() {
  if (!accept_any("smhdwy")) return false;
  accept('s');
  while (is_digit(peek())) {
    while (is_digit(peek())) ++at_;
    if (!accept_any("smhdw")) return false;
    accept('s');
  }
  if (!is_alphanumeric(peek())) return true;
  ++at_;
  return false;
}

Token Lexer::raw_string() {
  while (!at_end()) {
    const CodePoint c = decode_utf8(text_.substr(at_));
    at_ += c.size;
    if (c.value == kReplacement) return fail("invalid UTF-8 rune");
    if (c.value == '`') return emit(TokenKind::kString);
  }
  return fail("unterminated raw string");
}

Token Lexer::quoted_string(char delimiter) {
  while (!at_end()) {
    const CodePoint c = decode_utf8(text_.substr(at_));
    at_ += c.size;
    if (c.value == '\\') {
      if (!escape(delimiter)) return fail(std::move(error_));
    } else if (c.value == kReplacement) {
      return fail("invalid UTF-8 rune");
    } else if (c.value == '\n') {
      break;
    } else if (c.value == static_cast<unsigned char>(delimiter)) {
      return emit(TokenKind::kString);
    }
  }
  return fail("unterminated quoted string");
}

// Checks the escape sequence after a backslash; leaves the message in error_.
bool Lexer::escape(char delimiter) {
  if (at_end()) {
    error_ = "escape sequence not terminated";
    return false;
  }
  const char c = text_[at_];
  if (std::string_view("abfnrtv\\").find(c) != std::string_view::npos ||
      c == delimiter) {
    ++at_;
    return true;
  }
  if (c >= '0' && c <= '7') return escaped_digits(3, 8, 255);
  ++at_;
  if (c == 'x') return escaped_digits(2, 16, 255);
  if (c == 'u') return escaped_digits(4, 16, kCodePointMax);
  if (c == 'U') return escaped_digits(8, 16, kCodePointMax);
  error_ = "unknown escape sequence " + unicode_name(at_ - 1);
  return false;
}

bool Lexer::escaped_digits(std::size_t count, std::uint32_t base,
                           std::uint32_t max) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < count; ++i, ++at_) {
    if (at_end()) {
      error_ = "escape sequence not terminated";
      return false;
    }
    const char c = lower(text_[at_]);
    std::uint32_t digit = 16;
    if (is_digit(c)) digit = static_cast<std::uint32_t>(c - '0');
    if (c >= 'a' && c <= 'f') digit = static_cast<std::uint32_t>(c - 'a' + 10);
    if (digit >= base) {
      error_ = "illegal character " + unicode_name(at_) + " in escape sequence";
      return false;
    }
    value = value * base + digit;
  }
  if (value > max || (value >= 0xD800 && value < 0xE000)) {
    error_ = "escape sequence is an invalid Unicode code point";
    return false;
  }
  return true;
}

}  // namespace prom::promql
