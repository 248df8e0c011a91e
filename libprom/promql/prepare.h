// Makes a parsed expression ready to be evaluated for one query: puts numbers
// in the place of everything that depends on the query's start, end and step
// only, marks what does not change from step to step, and says which span of
// time each selector reads.  Used by the engine and by `prom-query explain`.
#pragma once

#include <cstdint>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/promql/ast.h"

namespace prom::promql {

struct QueryTimes {
  std::int64_t start_ms = 0;
  std::int64_t end_ms = 0;   // equal to start_ms in an instant query
  std::int64_t step_ms = 0;  // 0 in an instant query
};

// Does, in this order:
//  1. start(), end(), range() and step() as functions become numbers;
//  2. every DurationValue with an expression gets its `ms` (kBadData when it
//     is not finite, out of range, or not above zero where it has to be);
//  3. @ start() and @ end() become times;
//  4. parentheses around arguments of calls and aggregations are dropped;
//  5. the largest parts that have the same value at every step are wrapped in
//     a StepInvariant node.  Literals, and range vectors themselves, never
//     are; the inside of a subquery is, when it can be.
// After a failure the tree is still a tree, but no longer of use.
Status prepare(ExprPtr& expr, const QueryTimes& times);

// Value of a duration expression in milliseconds.  `must_be_positive` for
// ranges and steps.
Result<std::int64_t> evaluate_duration(const DurationExpr& expr,
                                       const QueryTimes& times,
                                       bool must_be_positive);

// What one selector needs to read, both ends inclusive, for all steps.
struct SelectorSpan {
  const VectorSelector* selector = nullptr;  // in the tree
  std::int64_t range_ms = 0;                 // 0: an instant vector
  std::int64_t min_ms = 0;
  std::int64_t max_ms = 0;
};

// All selectors in the order in which they are written, those inside of
// subqueries and matrix selectors too.  REQUIRES: `expr` is prepared.
std::vector<SelectorSpan> selector_spans(const Expr& expr,
                                         const QueryTimes& times,
                                         std::int64_t lookback_ms);

}  // namespace prom::promql
