// What goes into and comes out of a rule's evaluation.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/model/histogram.h"
#include "libprom/model/labels.h"
#include "libprom/promql/ast.h"

namespace prom::rules {

// A point in time that has not come.
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();

// One element of an expression's value.
struct Element {
  Labels labels;
  double value = 0;
  std::shared_ptr<const FloatHistogram> histogram = {};  // null: a float
};

// What a rule produces: a recorded sample, ALERTS, a stale marker.
struct Sample {
  Labels labels;
  std::int64_t t_ms = 0;
  double value = 0;
  std::shared_ptr<const FloatHistogram> histogram = {};
};

// An expression as it was written and as it was parsed.
struct Expression {
  std::string text;     // as in the file
  std::string printed;  // in upstream's normal form
  std::shared_ptr<const promql::Expr> tree;
};

// The value of an expression at a time: a vector, or a scalar as one element
// without labels.  Anything else is an error.  The query engine stands behind
// it; tests put tables there.
using Evaluate = std::function<Result<std::vector<Element>>(
    const Expression& expression, std::int64_t t_ms)>;

}  // namespace prom::rules
