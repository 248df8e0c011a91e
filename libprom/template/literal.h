// Literals of the template language: Go's strings, characters and numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace prom::templates {

// The content of a Go string in double quotes or backquotes, or of a character
// constant in single quotes.  nullopt for what Go's strconv.Unquote refuses.
std::optional<std::string> unquote(std::string_view literal);

struct Number {
  bool is_int = false;
  bool is_uint_only = false;  // does not fit into 63 bits
  bool is_float = false;
  std::int64_t int_value = 0;
  double float_value = 0;
};
// A number as Go reads constants: decimal, 0x, 0o, 0b, floats and character
// constants.  An integral float is an integer, too.  Complex numbers are
// refused: nothing in a notification can use one.
std::optional<Number> parse_number(std::string_view literal);

}  // namespace prom::templates
