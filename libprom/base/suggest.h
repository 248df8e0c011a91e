// The word that was probably meant: for flags, fields of configuration,
// functions and keywords.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace prom {

// Words that may be meant by `typed`: edit distance at most 2 (1 for up to
// three letters), or `typed` is the beginning.  Nearest first.
std::vector<std::string> suggestions(std::string_view typed,
                                     const std::vector<std::string>& known);

// " (did you mean `x`?)" or "".
std::string did_you_mean(std::string_view typed,
                         const std::vector<std::string>& known);

}  // namespace prom
