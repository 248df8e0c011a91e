// A second evaluator of PromQL: slow, plain, and written from the definitions
// of the language without looking at the first.  One step at a time, over
// ordered maps; it shares the syntax tree and the model with libprom and
// nothing of query/.  Tests hold the engine to it on generated queries, and
// `promqltest --oracle` holds it to upstream's own test files.
//
// Ties are decided by the rules that promql(7) states: of equal elements
// topk takes the first in the order of series, limitk the first k of them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "libprom/model/labels.h"
#include "libprom/promql/ast.h"

#include "tests/support/oracle_histogram.h"

namespace prom::test {

// A float, or a histogram.
struct OracleValue {
  double number = 0;
  std::optional<OracleHistogram> histogram;
};

struct OracleSample {
  OracleValue value;
  std::int64_t start_ms = 0;  // when the counter started; 0: unknown
};

// By series and time.
using OracleData = std::map<Labels, std::map<std::int64_t, OracleSample>>;
using OracleSeries = std::map<Labels, std::map<std::int64_t, OracleValue>>;

using OracleNotes = std::set<std::pair<std::string, std::size_t>>;

struct OracleAnswer {
  // Why there is no answer.
  std::string error;
  // Set when the language leaves the answer open: why nothing can be compared.
  std::string open;
  OracleSeries series;        // of a scalar: one without labels
  std::vector<Labels> order;  // of an instant query
  std::string text;           // of a string
  // Texts and places in the expression.  What is said about repaired histograms
  // is left out: buckets, counts and times.
  OracleNotes warnings;
  OracleNotes infos;
};

struct OracleOptions {
  bool delayed_name_removal = false;
  bool use_start_timestamps = false;
  bool type_and_unit_labels = false;
  std::int64_t lookback_ms = 300'000;
  std::int64_t subquery_step_ms = 60'000;
  // Not 0: every inexact operation errs by about this part of its result, in
  // a way that depends on the place of the operation in the query.  When that
  // changes more than last digits, the query has no answer to compare: it
  // hangs on how numbers are rounded.
  double noise = 0;
};

struct OracleTimes {
  std::int64_t start_ms = 0;
  std::int64_t end_ms = 0;
  std::int64_t step_ms = 0;  // 0: an instant query
};

// The expression is copied, not changed.
OracleAnswer oracle_evaluate(const promql::Expr& expr, const OracleData& data,
                             const OracleTimes& times,
                             const OracleOptions& options = {});

}  // namespace prom::test
