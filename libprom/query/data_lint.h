// Findings that need data: what an expression asks for is held against what
// the input has.  The other checks are promql/lint.h's.
#pragma once

#include <string_view>

#include "libprom/base/diagnostic.h"
#include "libprom/promql/ast.h"
#include "libprom/query/source.h"

namespace prom::query {

// unknown-metric, unknown-label, rate-of-gauge, delta-of-counter-type,
// empty-selector; promql(7) describes them.  A source that fails finds
// nothing.
Diagnostics lint_against(const Source& source, std::string_view text,
                         const promql::Expr& expr);

}  // namespace prom::query
