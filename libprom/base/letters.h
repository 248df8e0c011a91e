// Letters of all scripts, by the C library's Unicode tables, independent of
// the locale of the process.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace prom {

bool is_letter(std::uint32_t code_point);
bool is_digit(std::uint32_t code_point);  // of any script
// A letter, a digit or the underscore.
bool is_word_character(std::uint32_t code_point);
// Letters, marks, numbers, punctuation, symbols and the ASCII space, as Go's
// unicode.IsPrint.
bool is_printable(std::uint32_t code_point);

// Every code point in lower or upper case, as Go's strings.ToLower and ToUpper;
// malformed bytes become U+FFFD.
std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);
// The first letter of each word in upper case; the others in lower case when
// `lower_rest`, else unchanged.  Words end where Unicode's UAX 29 ends them:
// an apostrophe, a full stop or a colon between letters does not.
std::string to_title(std::string_view text, bool lower_rest);

}  // namespace prom
