// Cuts the text of an expression into tokens.  Used by the parser and by the
// line editor of prom-query, one thread at a time.
//
// The same letters are different tokens in different places: inside of braces
// every word is a label name; inside of brackets words are parts of a duration
// expression.  The lexer therefore keeps track of what is open, and reports
// brackets that do not match, as upstream's does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libprom/base/diagnostic.h"

namespace prom::promql {

enum class TokenKind : std::uint8_t {
  kEof,
  kError,  // Lexer::error() says what is wrong; only kEof follows
  kIdentifier,
  kMetricIdentifier,  // a word with a colon
  kNumber,
  kDuration,
  kString,

  kLeftParen,
  kRightParen,
  kLeftBrace,
  kRightBrace,
  kLeftBracket,
  kRightBracket,
  kComma,
  kColon,
  kAssign,  // =

  // Operators.
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kPower,
  kAtan2,
  kEqual,  // ==
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kTrimUpper,
  kTrimLower,
  kAnd,
  kOr,
  kUnless,
  kRegexMatch,     // =~
  kRegexNotMatch,  // !~
  kAt,

  // Aggregations.
  kSum,
  kAvg,
  kCount,
  kMin,
  kMax,
  kGroup,
  kStddev,
  kStdvar,
  kTopk,
  kBottomk,
  kCountValues,
  kQuantile,
  kLimitk,
  kLimitRatio,

  // Keywords.
  kBool,
  kBy,
  kGroupLeft,
  kGroupRight,
  kFill,  // the fill words are keywords only before a parenthesis
  kFillLeft,
  kFillRight,
  kIgnoring,
  kOffset,
  kSmoothed,
  kAnchored,
  kOn,
  kWithout,

  // Words that are functions, or parts of @ and of durations.
  kStart,
  kEnd,
  kStep,
  kRange,
  kMaxOf,
  kMinOf,
};

bool is_operator(TokenKind kind);
bool is_aggregation(TokenKind kind);
bool is_keyword(TokenKind kind);

struct Token {
  TokenKind kind = TokenKind::kEof;
  TextRange range;
};

class Lexer {
 public:
  // `text` must outlive the lexer.
  explicit Lexer(std::string_view text) : text_(text) {}

  // The next token; comments and space are skipped.  At the end, and after an
  // error, it is kEof for ever.
  Token next();

  // Of the kError token.
  [[nodiscard]] const std::string& error() const { return error_; }

  [[nodiscard]] std::string_view text_of(const Token& token) const {
    return text_.substr(token.range.begin, token.range.end - token.range.begin);
  }

 private:
  Token next_in_braces();
  Token next_in_duration();
  Token next_in_expression();
  Token letter_in_brackets();
  Token number_or_duration();
  Token word();
  Token quoted_string(char delimiter);
  Token raw_string();
  bool escape(char delimiter);
  bool escaped_digits(std::size_t count, std::uint32_t base, std::uint32_t max);
  bool scan_number();
  bool scan_duration_rest();
  bool scan_duration_keyword(TokenKind& kind);

  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
  [[nodiscard]] char peek(std::size_t ahead = 0) const;
  bool accept(char c);
  bool accept_any(std::string_view set);
  void skip_blanks();
  void skip_comment();
  [[nodiscard]] bool paren_follows() const;
  // The character at `at` as Go's %q shows it: 'x', '\n', '�'.
  [[nodiscard]] std::string quoted_character(std::size_t at) const;
  // As Go's %#U: U+0071 'q'.
  [[nodiscard]] std::string unicode_name(std::size_t at) const;

  Token emit(TokenKind kind);
  Token fail(std::string message);

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t begin_ = 0;  // of the token being read
  std::string error_;
  int paren_depth_ = 0;
  bool done_ = false;
  bool brace_open_ = false;
  bool bracket_open_ = false;
  // After "[" and before the first number: only durations are allowed.
  bool duration_begins_ = false;
  bool got_colon_ = false;
  bool got_duration_ = false;
};

// Looks up a word, in any case; kIdentifier when it is not reserved.
TokenKind keyword(std::string_view word);

}  // namespace prom::promql
