// Comments of an expression: from a # outside of strings to the end of its
// line.  They are not in the tree; the formatter of rule files and the lint's
// suppressions look for them.
#pragma once

#include <string_view>
#include <vector>

namespace prom::promql {

// Without the #, in the order of the text.
std::vector<std::string_view> comments_of(std::string_view text);

}  // namespace prom::promql
