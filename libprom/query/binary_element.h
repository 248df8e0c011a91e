// A binary operator on two single values.  Internal to query/.
#pragma once

#include <cmath>

#include "libprom/promql/ast.h"
#include "libprom/query/cells.h"
#include "libprom/query/context.h"

namespace prom::query {

// A float, or a histogram when the pointer is set.
struct Element {
  double value = 0;
  HistogramPtr histogram;
};

struct ElementResult {
  // Comparisons: whether it holds.  Else true.
  bool keep = false;
  // The operator does not know operands of these kinds, or they do not fit
  // together: there is no result, and a note says why.
  bool incompatible = false;
  double value = 0;
  HistogramPtr histogram;
};

// `where`: of the whole binary expression.
ElementResult apply(promql::BinaryOp op, const Element& lhs, const Element& rhs,
                    Annotations& annotations, TextRange where);

// + - * / % ^ atan2: the result is another quantity, without its name.
bool changes_meaning(promql::BinaryOp op);

// Of two floats, for operators that give a float: comparisons give 0 or 1.
double apply_scalars(promql::BinaryOp op, double lhs, double rhs);

}  // namespace prom::query
