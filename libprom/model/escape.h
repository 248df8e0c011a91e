// Names of metrics and labels for readers that know only legacy ones: the
// `escaping=` parameter of an Accept header, and the way back.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace prom {

enum class Escaping {
  kAllowUtf8,    // as they are
  kUnderscores,  // every other character becomes _
  kDots,         // _ becomes __, a dot _dot_, every other character __
  // Names that need it become U__name: _ becomes __, every other character
  // its code point in hexadecimal between underscores.  Can be undone.
  kValues,
};
// "allow-utf-8", "underscores", "dots", "values".
std::string_view to_string(Escaping escaping);
std::optional<Escaping> parse_escaping(std::string_view text);

// Malformed UTF-8 counts as U+FFFD.  kDots changes legacy names, too.
std::string escape_name(std::string_view name, Escaping escaping);

// Undoes kValues; the name itself if it is not such a name.
std::string unescape_name(std::string_view name);

}  // namespace prom
