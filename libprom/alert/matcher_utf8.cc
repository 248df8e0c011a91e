// The UTF-8 grammar of matchers:
//
//   input   := [ '{' ] [ matcher { ',' matcher } [ ',' ] ] [ '}' ]
//   matcher := word operator word
//   word    := '"' Go string '"' | runes that are not reserved
//
// Positions in messages count runes, "from:to".
#include <optional>
#include <utility>

#include "libprom/alert/matcher_internal.h"
#include "libprom/base/utf8.h"

namespace prom::alert {
namespace {

constexpr std::string_view kReservedAscii = "{}!=~,\\\"'`";

enum class Kind { kEnd, kOpen, kClose, kComma, kOperator, kQuoted, kBare };

struct Token {
  Kind kind = Kind::kEnd;
  std::string_view text;
  std::size_t from = 0;  // in runes
  std::size_t to = 0;

  [[nodiscard]] std::string where() const {
    return std::to_string(from) + ":" + std::to_string(to) + ": ";
  }
};

class Lexer {
 public:
  explicit Lexer(std::string_view input) : input_(input) {}

  Result<Token> next() {
    while (at_ < input_.size() && is_space(peek().value)) advance();
    begin_ = at_;
    from_ = column_;
    if (at_ == input_.size()) return make(Kind::kEnd);
    const std::uint32_t rune = peek().value;
    if (rune == '{') return single(Kind::kOpen);
    if (rune == '}') return single(Kind::kClose);
    if (rune == ',') return single(Kind::kComma);
    if (rune == '=' || rune == '!') return scan_operator();
    if (rune == '"') return scan_quoted();
    if (!is_reserved(rune)) {
      while (at_ < input_.size() && !is_reserved(peek().value)) advance();
      return make(Kind::kBare);
    }
    advance();
    return bad("invalid input");
  }
  [[nodiscard]] std::size_t column() const { return column_; }

 private:
  [[nodiscard]] CodePoint peek() const {
    return decode_utf8(input_.substr(at_));
  }
  void advance() {
    at_ += peek().size;
    ++column_;
  }
  [[nodiscard]] Token make(Kind kind) const {
    return {.kind = kind,
            .text = input_.substr(begin_, at_ - begin_),
            .from = from_,
            .to = column_};
  }
  Token single(Kind kind) {
    advance();
    return make(kind);
  }
  [[nodiscard]] std::unexpected<Error> bad(std::string_view why) const {
    const Token token = make(Kind::kEnd);
    return fail(Code::kBadData, token.where() + std::string(token.text) + ": " +
                                    std::string(why));
  }
  bool accept(char wanted) {
    if (at_ == input_.size() || input_[at_] != wanted) return false;
    advance();
    return true;
  }

  Result<Token> scan_operator() {
    if (accept('=')) {
      accept('~');
      return make(Kind::kOperator);
    }
    accept('!');
    if (accept('=') || accept('~')) return make(Kind::kOperator);
    if (at_ < input_.size()) return bad("expected one of '=~'");
    return fail(Code::kBadData,
                make(Kind::kEnd).where() +
                    "unexpected end of input, expected one of '=~'");
  }

  Result<Token> scan_quoted() {
    advance();
    bool escaped = false;
    while (at_ < input_.size()) {
      const std::uint32_t rune = peek().value;
      if (rune == '"' && !escaped) return single(Kind::kQuoted);
      escaped = rune == '\\' && !escaped;
      advance();
    }
    return bad("missing end \"");
  }

  std::string_view input_;
  std::size_t at_ = 0;
  std::size_t column_ = 0;
  std::size_t begin_ = 0;
  std::size_t from_ = 0;
};

// Digits of \x41, \u00e9, \101; false when they are not there.
bool take_digits(std::string_view& text, std::size_t count, unsigned base,
                 std::uint32_t& value) {
  if (text.size() < count) return false;
  for (std::size_t i = 0; i < count; ++i) {
    const char c = text[i];
    std::uint32_t digit = 16;
    if (c >= '0' && c <= '9') digit = static_cast<std::uint32_t>(c - '0');
    if (c >= 'a' && c <= 'f') digit = static_cast<std::uint32_t>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') digit = static_cast<std::uint32_t>(c - 'A' + 10);
    if (digit >= base) return false;
    value = value * base + digit;
  }
  text.remove_prefix(count);
  return true;
}

// One escape, behind its backslash.
bool take_escape(std::string_view& text, std::string& out) {
  static constexpr std::string_view kLetters = "abfnrtv\\\"";
  static constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\\"";
  if (text.empty()) return false;
  const char letter = text.front();
  if (const auto i = kLetters.find(letter); i != std::string_view::npos) {
    out += kMeanings[i];
    text.remove_prefix(1);
    return true;
  }
  std::uint32_t value = 0;
  if (letter >= '0' && letter <= '7') {
    if (!take_digits(text, 3, 8, value) || value > 255) return false;
    out += static_cast<char>(value);
    return true;
  }
  text.remove_prefix(1);
  if (letter == 'x') {
    if (!take_digits(text, 2, 16, value)) return false;
    out += static_cast<char>(value);
    return true;
  }
  if (letter != 'u' && letter != 'U') return false;
  if (!take_digits(text, letter == 'u' ? 4 : 8, 16, value)) return false;
  if (value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return false;
  append_utf8(out, value);
  return true;
}

// A string as Go's strconv.Unquote reads it, which is also valid UTF-8.
std::optional<std::string> unquote(std::string_view quoted) {
  std::string_view text = quoted.substr(1, quoted.size() - 2);
  std::string out;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '\n') return std::nullopt;
    if (c != '\\') {
      out += c;
    } else if (!take_escape(text, out)) {
      return std::nullopt;
    }
  }
  if (!is_valid_utf8(out)) return std::nullopt;
  return out;
}

MatchOp operator_of(std::string_view text) {
  if (text == "=") return MatchOp::kEqual;
  if (text == "!=") return MatchOp::kNotEqual;
  return text == "=~" ? MatchOp::kRegex : MatchOp::kNotRegex;
}

class Parser {
 public:
  explicit Parser(std::string_view input)
      : lexer_(input), token_(lexer_.next()) {}

  Result<LabelMatchers> run() {
    const bool open = take(Kind::kOpen);
    if (!open && is(Kind::kEnd)) return matchers_;
    bool wants_matcher = !is(Kind::kClose) && !(open && is(Kind::kEnd));
    if (!token_) return fail(std::move(token_).error());
    while (wants_matcher) {
      if (Status read = matcher(); !read) return fail(std::move(read).error());
      if (is(Kind::kEnd) || is(Kind::kClose)) break;
      if (!take(Kind::kComma))
        return unexpected("expected a comma or close brace");
      if (is(Kind::kEnd) || is(Kind::kClose)) break;
      wants_matcher = is(Kind::kBare) || is(Kind::kQuoted);
      if (!wants_matcher)
        return unexpected("expected a matcher or close brace after comma");
    }
    return close(open);
  }

 private:
  bool is(Kind kind) { return token_ && token_->kind == kind; }
  bool take(Kind kind) {
    if (!is(kind)) return false;
    step();
    return true;
  }
  void step() {
    column_ = lexer_.column();
    token_ = lexer_.next();
  }
  std::unexpected<Error> unexpected(const std::string& expected) {
    if (!token_)
      return fail(Code::kBadData, token_.error().message + ": " + expected);
    if (token_->kind == Kind::kEnd)
      return fail(Code::kBadData, "end of input: " + expected);
    return fail(Code::kBadData, token_->where() + "unexpected " +
                                    std::string(token_->text) + ": " +
                                    expected);
  }

  Result<std::string> word(const std::string& expected) {
    if (!is(Kind::kBare) && !is(Kind::kQuoted)) return unexpected(expected);
    const Token token = *token_;
    step();
    if (token.kind == Kind::kBare) return std::string(token.text);
    auto text = unquote(token.text);
    if (!text)
      return fail(Code::kBadData,
                  token.where() + std::string(token.text) + ": invalid input");
    return std::move(*text);
  }

  Status matcher() {
    auto name = word("expected label name");
    if (!name) return fail(std::move(name).error());
    if (!is(Kind::kOperator))
      return unexpected("expected an operator such as '=', '!=', '=~' or '!~'");
    const MatchOp op = operator_of(token_->text);
    step();
    auto value = word("expected label value");
    if (!value) return fail(std::move(value).error());
    auto made = LabelMatcher::create(op, std::move(*name), std::move(*value));
    if (!made)
      return fail(std::move(made).error().in("failed to create matcher"));
    matchers_.push_back(std::move(*made));
    return {};
  }

  Result<LabelMatchers> close(bool open) {
    if (open && !is(Kind::kClose)) {
      const std::string column = std::to_string(column_);
      return fail(Code::kBadData,
                  "0:" + column + ": " +
                      unexpected("expected close brace").error().message);
    }
    if (!open && is(Kind::kClose))
      return fail(Code::kBadData, "0:" + std::to_string(lexer_.column()) +
                                      ": }: expected opening brace");
    if (open) step();
    if (is(Kind::kEnd)) return std::move(matchers_);
    if (!token_)
      return fail(Code::kBadData,
                  token_.error().message + ": expected end of input");
    return fail(Code::kBadData, token_->where() + std::string(token_->text) +
                                    ": expected end of input");
  }

  Lexer lexer_;
  std::size_t column_ = 0;  // behind the last token that was taken
  Result<Token> token_;     // the next one
  LabelMatchers matchers_;
};

}  // namespace

bool is_space(std::uint32_t code_point) {
  return (code_point >= 0x09 && code_point <= 0x0d) || code_point == ' ' ||
         code_point == 0x85 || code_point == 0xa0 || code_point == 0x1680 ||
         (code_point >= 0x2000 && code_point <= 0x200a) ||
         code_point == 0x2028 || code_point == 0x2029 || code_point == 0x202f ||
         code_point == 0x205f || code_point == 0x3000;
}

bool is_reserved(std::uint32_t code_point) {
  return is_space(code_point) ||
         (code_point < 0x80 && kReservedAscii.find(static_cast<char>(
                                   code_point)) != std::string_view::npos);
}

Result<LabelMatchers> parse_utf8_matchers(std::string_view text) {
  return Parser(text).run();
}

}  // namespace prom::alert
