// An expression as text on one line, exactly as upstream's Expr.String()
// prints it: matchers sorted, durations in their shortest form, modifiers in
// one order.  Parsing the text gives the same tree.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>

#include "libprom/promql/ast.h"

namespace prom::promql {

std::string to_string(const Expr& expr);
void append_expr(std::string& out, const Expr& expr);

// The length of each node's text, root and all below it, from one printing.
using PrintedSizes = std::unordered_map<const Expr*, std::size_t>;
PrintedSizes printed_sizes(const Expr& root);

// Pieces of it, for the formatter and explainer.
void append_duration_expr(std::string& out, const DurationExpr& expr);
// "sum by (job) "; the space only after a clause.
void append_aggregate_head(std::string& out, const Aggregate& node);
// " bool on (job) group_left (x) fill (0)", or nothing.
void append_binary_modifiers(std::string& out, const Binary& node);
// The left operand has to be printed as "Inf": infinity is "+Inf" elsewhere,
// but "+Inf ^ x" reads as +(Inf ^ x).
bool is_unsigned_infinity(const Binary& node);
// "[5m:1m] @ 3.000 offset 1h".
void append_subquery_suffix(std::string& out, const Subquery& node);

}  // namespace prom::promql
