// An expression laid out for people, as upstream's formatter does
// (`promtool promql format`, /api/v1/format_query): what fits into
// kFormatColumnsMax bytes stays on one line, anything longer is split and
// indented by two spaces.  Comments are not kept: they are not in the tree.
#pragma once

#include <string>

#include "libprom/promql/ast.h"

namespace prom::promql {

constexpr std::size_t kFormatColumnsMax = 100;

std::string pretty(const Expr& expr);

}  // namespace prom::promql
