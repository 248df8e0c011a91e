// The two grammars behind parse_matchers().
#pragma once

#include <cstdint>
#include <string_view>

#include "libprom/alert/matcher.h"

namespace prom::alert {

// Longest text that is read as matchers.
constexpr std::size_t kMatcherTextBytesMax = 1U << 20U;

Result<LabelMatchers> parse_classic_matchers(std::string_view text);
Result<LabelMatcher> parse_classic_matcher(std::string_view text);
Result<LabelMatchers> parse_utf8_matchers(std::string_view text);

// Unicode's white space, as in Go.
bool is_space(std::uint32_t code_point);
// What cannot stand in a bare word of the UTF-8 grammar.
bool is_reserved(std::uint32_t code_point);

}  // namespace prom::alert
