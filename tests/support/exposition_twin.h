// TargetParser must find exactly what a fresh Parser finds.  Shared by the
// unit test and the fuzz target.
#pragma once

#include <string>

#include "libprom/exposition/parser.h"

namespace prom::test {

// Gives `body` to `target` and to a new Parser.  "" when both agree on
// everything: success or not, samples, labels, metadata, exemplars.
std::string difference_to_parser(exposition::TargetParser& target,
                                 const std::string& body,
                                 exposition::Format format);

}  // namespace prom::test
