// What must hold for any input to the exposition parser.
#pragma once

#include <string_view>

#include "libprom/exposition/format.h"

namespace prom::test {

// Parses `input`, writes what was found and parses that: labels, values and
// times must come out the same, in one piece and in pieces.  Aborts if not.
void check_exposition(std::string_view input, exposition::Format format);

}  // namespace prom::test
