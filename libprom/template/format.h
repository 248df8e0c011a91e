// Values as text, by the rules of Go's fmt package: what an action prints, and
// print, printf and println.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "libprom/template/value.h"

namespace prom::templates {

// Text that grows beyond this is cut; the executor notices that it is longer
// than any output may be.
constexpr std::size_t kFormattedBytesMax = (1ULL << 20U) + 1;

// Appends `value` as Go's %v prints it: "[a b]", "map[k:v]", "1.5e+09".
void append_value(std::string& out, const Value& value);
std::string to_text(const Value& value);

// Go's Sprint: a space between operands when neither is a string.
std::string sprint(std::span<const Value> operands);
// Go's Sprintln: a space between all operands, a newline at the end.
std::string sprintln(std::span<const Value> operands);
// Go's Sprintf: flags "+-# 0", width, precision, "*", "[n]", and its marks for
// mistakes: "%!d(string=x)", "%!d(BADINDEX)", "%!(EXTRA int=1)".
std::string sprintf(std::string_view format, std::span<const Value> operands);

// Go's "%.4g", which the humanize functions use: "1.235e+08", "+Inf", "NaN".
std::string format_4g(double value);

}  // namespace prom::templates
