#include "libprom/template/lexer.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>

#include "libprom/base/letters.h"
#include "libprom/base/utf8.h"

namespace prom::templates {
namespace {

constexpr std::string_view kLeftDelim = "{{";
constexpr std::string_view kRightDelim = "}}";
constexpr std::string_view kLeftComment = "/*";
constexpr std::string_view kRightComment = "*/";
constexpr std::string_view kSpaces = " \t\r\n";

bool is_space(char c) {
  return kSpaces.find(c) != std::string_view::npos;
}

// Go's %#U: "U+0040 '@'".
std::string describe_character(std::string_view at) {
  const CodePoint point = decode_utf8(at);
  std::array<char, 16> code{};
  std::snprintf(code.data(), code.size(), "U+%04X", point.value);
  std::string text = code.data();
  if (is_printable(point.value)) {
    text += " '";
    append_utf8(text, point.value);
    text += '\'';
  }
  return text;
}

class Lexer {
 public:
  explicit Lexer(std::string_view input) : input_(input) {}

  std::vector<Token> run() {
    while (!done_) inside_action_ ? lex_action() : lex_text();
    return std::move(tokens_);
  }

 private:
  [[nodiscard]] std::string_view rest() const { return input_.substr(at_); }
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < input_.size() ? input_[at_ + ahead] : '\0';
  }

  void emit(TokenType type) {
    tokens_.push_back(
        {type, start_, std::string(input_.substr(start_, at_ - start_))});
    start_ = at_;
  }
  void error(std::string message) {
    tokens_.push_back({TokenType::kError, start_, std::move(message)});
    done_ = true;
  }

  // Whether the right delimiter follows, perhaps after a trim marker.
  [[nodiscard]] bool at_right_delim(bool& trims) const {
    trims = is_space(peek()) && peek(1) == '-' &&
            rest().substr(2).starts_with(kRightDelim);
    return trims || rest().starts_with(kRightDelim);
  }

  void lex_text();
  void lex_left_delim();
  void lex_comment();
  void lex_right_delim(bool trims);
  void lex_action();
  bool lex_punctuation(char c);
  void lex_space();
  void lex_quote(char quote, TokenType type, std::string_view name);
  void lex_raw_quote();
  void lex_number();
  void lex_word(TokenType type);
  [[nodiscard]] bool at_terminator() const;

  std::string_view input_;
  std::size_t at_ = 0;
  std::size_t start_ = 0;  // of the token
  std::size_t parens_ = 0;
  bool inside_action_ = false;
  bool done_ = false;
  std::vector<Token> tokens_;
};

void Lexer::lex_text() {
  const std::size_t delim = rest().find(kLeftDelim);
  const bool last = delim == std::string_view::npos;
  std::string_view text = last ? rest() : rest().substr(0, delim);
  const std::size_t text_start = at_;
  at_ += text.size();
  if (!last && peek(2) == '-' && is_space(peek(3))) {
    const std::size_t kept = text.find_last_not_of(kSpaces);
    text = text.substr(0, kept == std::string_view::npos ? 0 : kept + 1);
  }
  if (!text.empty())
    tokens_.push_back({TokenType::kText, text_start, std::string(text)});
  start_ = at_;
  if (last) {
    emit(TokenType::kEnd);
    done_ = true;
    return;
  }
  lex_left_delim();
}

void Lexer::lex_left_delim() {
  const bool trims = peek(2) == '-' && is_space(peek(3));
  const std::size_t marker = trims ? 2 : 0;
  if (input_.substr(at_ + 2 + marker).starts_with(kLeftComment)) {
    at_ += 2 + marker;
    start_ = at_;
    lex_comment();
    return;
  }
  at_ += 2;
  emit(TokenType::kLeftDelim);
  at_ += marker;
  start_ = at_;
  parens_ = 0;
  inside_action_ = true;
}

void Lexer::lex_comment() {
  const std::size_t end = rest().find(kRightComment);
  if (end == std::string_view::npos) return error("unclosed comment");
  at_ += end + kRightComment.size();
  bool trims = false;
  if (!at_right_delim(trims))
    return error("comment ends before closing delimiter");
  at_ += (trims ? 2 : 0) + kRightDelim.size();
  if (trims)
    while (at_ < input_.size() && is_space(peek())) ++at_;
  start_ = at_;
}

void Lexer::lex_right_delim(bool trims) {
  if (trims) at_ += 2;
  start_ = at_;
  at_ += kRightDelim.size();
  emit(TokenType::kRightDelim);
  if (trims)
    while (at_ < input_.size() && is_space(peek())) ++at_;
  start_ = at_;
  inside_action_ = false;
}

void Lexer::lex_action() {
  bool trims = false;
  if (at_right_delim(trims)) {
    if (parens_ > 0) return error("unclosed left paren");
    return lex_right_delim(trims);
  }
  if (at_ >= input_.size()) return error("unclosed action");
  const char c = peek();
  if (is_space(c)) return lex_space();
  if (c == '"') return lex_quote('"', TokenType::kString, "quoted string");
  if (c == '\'')
    return lex_quote('\'', TokenType::kCharConstant, "character constant");
  if (c == '`') return lex_raw_quote();
  if (c == '$') return lex_word(TokenType::kVariable);
  const bool digit_next = peek(1) >= '0' && peek(1) <= '9';
  if (c == '.' && !digit_next) return lex_word(TokenType::kField);
  if (c == '.' || c == '+' || c == '-' || (c >= '0' && c <= '9'))
    return lex_number();
  if (is_word_character(decode_utf8(rest()).value))
    return lex_word(TokenType::kIdentifier);
  if (!lex_punctuation(c))
    error("unrecognized character in action: " + describe_character(rest()));
}

bool Lexer::lex_punctuation(char c) {
  if (c < ' ' || c > '~') return false;
  ++at_;
  if (c == '=') {
    emit(TokenType::kAssign);
  } else if (c == ':') {
    if (peek() != '=') {
      error("expected :=");
      return true;
    }
    ++at_;
    emit(TokenType::kDeclare);
  } else if (c == '|') {
    emit(TokenType::kPipe);
  } else if (c == '(') {
    ++parens_;
    emit(TokenType::kLeftParen);
  } else if (c == ')') {
    if (parens_ == 0) {
      error("unexpected right paren");
      return true;
    }
    --parens_;
    emit(TokenType::kRightParen);
  } else {
    emit(TokenType::kChar);
  }
  return true;
}

void Lexer::lex_space() {
  while (at_ < input_.size() && is_space(peek())) {
    // The last space may belong to a trim marker.
    bool trims = false;
    if (at_right_delim(trims) && trims) break;
    ++at_;
  }
  if (at_ > start_) emit(TokenType::kSpace);
}

void Lexer::lex_quote(char quote, TokenType type, std::string_view name) {
  for (++at_; at_ < input_.size() && peek() != '\n'; ++at_) {
    if (peek() == quote) {
      ++at_;
      return emit(type);
    }
    if (peek() == '\\') {
      if (at_ + 1 >= input_.size() || peek(1) == '\n') break;
      ++at_;
    }
  }
  error("unterminated " + std::string(name));
}

void Lexer::lex_raw_quote() {
  const std::size_t end = input_.find('`', at_ + 1);
  if (end == std::string_view::npos)
    return error("unterminated raw quoted string");
  at_ = end + 1;
  emit(TokenType::kRawString);
}

// Takes what looks like a number; the parser finds out whether it is one.
void Lexer::lex_number() {
  const auto accept = [&](std::string_view valid) {
    const bool found =
        at_ < input_.size() && valid.find(peek()) != std::string_view::npos;
    if (found) ++at_;
    return found;
  };
  const auto accept_run = [&](std::string_view valid) {
    while (accept(valid)) continue;
  };
  accept("+-");
  std::string_view digits = "0123456789_";
  bool hex = false;
  if (accept("0")) {
    if (accept("xX")) {
      digits = "0123456789abcdefABCDEF_";
      hex = true;
    } else if (accept("oO")) {
      digits = "01234567_";
    } else if (accept("bB")) {
      digits = "01_";
    }
  }
  accept_run(digits);
  if (accept(".")) accept_run(digits);
  if (accept(hex ? "pP" : "eE")) {
    accept("+-");
    accept_run("0123456789_");
  }
  if (at_ < input_.size() && is_word_character(decode_utf8(rest()).value)) {
    at_ += decode_utf8(rest()).size;
    return error("bad number syntax: " +
                 quote(input_.substr(start_, at_ - start_)));
  }
  emit(TokenType::kNumber);
}

// An identifier, ".field" or "$variable"; also the lone "." and "$".
void Lexer::lex_word(TokenType type) {
  if (type != TokenType::kIdentifier) ++at_;
  while (at_ < input_.size()) {
    const CodePoint point = decode_utf8(rest());
    if (!is_word_character(point.value)) break;
    at_ += point.size;
  }
  if (!at_terminator())
    return error("bad character " + describe_character(rest()));
  const std::string_view word = input_.substr(start_, at_ - start_);
  if (word == ".") return emit(TokenType::kDot);
  if (type != TokenType::kIdentifier) return emit(type);
  if (word == "true" || word == "false") return emit(TokenType::kBool);
  emit(is_keyword(word) ? TokenType::kKeyword : type);
}

bool Lexer::at_terminator() const {
  if (at_ >= input_.size()) return true;
  const char c = peek();
  return is_space(c) ||
         std::string_view(".,|:()=}").find(c) != std::string_view::npos;
}

}  // namespace

std::vector<Token> tokenize(std::string_view input) {
  return Lexer(input).run();
}

bool is_keyword(std::string_view word) {
  constexpr std::array<std::string_view, 11> kKeywords = {
      "block", "break", "continue", "define",   "else", "end",
      "if",    "nil",   "range",    "template", "with"};
  return std::ranges::find(kKeywords, word) != kKeywords.end();
}

}  // namespace prom::templates
