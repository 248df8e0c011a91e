// Parses the text of a template into trees.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/diagnostic.h"
#include "libprom/base/result.h"
#include "libprom/template/functions.h"
#include "libprom/template/node.h"

namespace prom::templates {

// The template `name` itself and the templates that the text defines.
// Two definitions of one name that are both not empty are an error.  The error
// is Go's: "template: name:line: reason".
Result<std::vector<std::shared_ptr<const Tree>>> parse_trees(
    std::string_view name, std::string_view text, const Functions& functions,
    Diagnostic* where);

}  // namespace prom::templates
