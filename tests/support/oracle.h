// A second evaluator of PromQL: slow, plain, and written without looking at
// the first.  One step at a time, over ordered maps, floats only.  Tests hold
// the engine to it on generated queries.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libprom/model/labels.h"
#include "libprom/promql/ast.h"

namespace prom::test {

using OracleSeries = std::map<Labels, std::map<std::int64_t, double>>;

struct OracleAnswer {
  // Why there is no answer; only that it failed is compared.
  std::string error;
  // The query has several right answers (ties of topk): nothing to compare.
  bool ambiguous = false;
  // By series and step.
  OracleSeries series;
};

struct OracleTimes {
  std::int64_t start_ms = 0;
  std::int64_t end_ms = 0;
  std::int64_t step_ms = 1;
};

// REQUIRES: the expression is a scalar or an instant vector.
OracleAnswer oracle_evaluate(const promql::Expr& expr, const OracleSeries& data,
                             const OracleTimes& times);

}  // namespace prom::test
