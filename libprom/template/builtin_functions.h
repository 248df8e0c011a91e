// The functions that Go's text/template brings along: and, or, not, eq, ne,
// lt, le, gt, ge, len, index, slice, print, printf, println, html, js,
// urlquery, call.
#pragma once

#include <span>

#include "libprom/template/functions.h"

namespace prom::templates {

std::span<const Function> builtin_functions();

// Comparison as Go's templates do it; the errors are Go's.  In compare.cc.
Result<Value> compare_equal(std::span<const Value> arguments,
                            const Environment& environment);
Result<Value> compare_unequal(std::span<const Value> arguments,
                              const Environment& environment);
Result<Value> compare_less(std::span<const Value> arguments,
                           const Environment& environment);
Result<Value> compare_less_equal(std::span<const Value> arguments,
                                 const Environment& environment);
Result<Value> compare_greater(std::span<const Value> arguments,
                              const Environment& environment);
Result<Value> compare_greater_equal(std::span<const Value> arguments,
                                    const Environment& environment);

// The operands of html, js and urlquery as one text.
std::string arguments_text(std::span<const Value> arguments);

}  // namespace prom::templates
