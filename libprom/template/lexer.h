// Cuts a template into tokens, as Go's text/template/parse does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace prom::templates {

enum class TokenType : std::uint8_t {
  kText,
  kLeftDelim,
  kRightDelim,
  kSpace,
  kAssign,   // =
  kDeclare,  // :=
  kPipe,
  kLeftParen,
  kRightParen,
  kChar,  // any other ASCII character: ','
  kBool,
  kNumber,
  kCharConstant,
  kString,
  kRawString,
  kDot,
  kField,       // ".name"
  kVariable,    // "$name"
  kIdentifier,  // a function
  kKeyword,     // if, range, nil, …
  kError,       // text is the message
  kEnd,
};

struct Token {
  TokenType type = TokenType::kEnd;
  std::size_t offset = 0;
  std::string text;
};

// The tokens of `input`; the last is kEnd or kError.  Text next to a trim
// marker is trimmed already, comments are left out.
std::vector<Token> tokenize(std::string_view input);

bool is_keyword(std::string_view word);

}  // namespace prom::templates
