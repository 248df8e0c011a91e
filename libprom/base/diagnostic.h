// A finding about a piece of text: a configuration, a rule file, an
// expression, an exposition.  cli/diagnostics.h shows it with the line and a
// caret; a parser only says where and what.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace prom {

// Bytes [begin, end) of a text.
struct TextRange {
  std::size_t begin = 0;
  std::size_t end = 0;

  bool operator==(const TextRange&) const = default;
};

enum class Severity { kError, kWarning, kInfo };

struct Diagnostic {
  Severity severity = Severity::kError;
  std::string file = {};      // "" for text that is no file
  std::uint32_t line = 0;     // 1-based; 0: unknown
  std::uint32_t column = 0;   // 1-based, in bytes; 0: unknown
  std::uint32_t width = 1;    // bytes to underline
  std::string message = {};   // one line, no full stop
  std::string hint = {};      // "did you mean `rate`?"; may be empty
  std::string check_id = {};  // stable name of a lint finding; may be empty

  // "file:line:column: message (hint)", leaving out what is unknown.
  [[nodiscard]] std::string to_string() const;
};

using Diagnostics = std::vector<Diagnostic>;

// Line and column, both 1-based, of byte `offset` of `text`.  An offset past
// the end means the end.
struct TextPosition {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
};
TextPosition position_of(std::string_view text, std::size_t offset);

}  // namespace prom
