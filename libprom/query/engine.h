// Evaluates PromQL expressions over a Source.  prom-query, prom-rules and
// prom-web call it; so do the conformance tests.
//
// An expression becomes a tree of streams (stream.h): operators that produce
// series in batches, for all steps of the query at once.  Aggregations pull
// batches on several threads, each into its own partial sums, which are merged
// in an order that depends on the data only, so that a result never depends on
// the number of threads.  Operators that must see all series of their operands
// (matching, sorting, label functions) materialise them as tables.
//
// Functions here may be called from any thread at the same time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/duration.h"
#include "libprom/base/result.h"
#include "libprom/model/histogram.h"
#include "libprom/model/labels.h"
#include "libprom/promql/ast.h"
#include "libprom/promql/parser.h"
#include "libprom/query/source.h"

namespace prom::query {

class Profile;

struct EngineOptions {
  std::int64_t lookback_ms = 5 * kMinuteMs;
  // Of subqueries that state none: the global evaluation interval.
  std::int64_t subquery_step_ms = kMinuteMs;

  // Limits; the error names the one that was reached.  0: none.
  std::int64_t timeout_ms = 2 * kMinuteMs;
  std::size_t samples_max = 50'000'000;  // in memory at one time
  std::size_t series_max = 10'000'000;   // of one selector
  std::size_t steps_max = 11'000;        // points of one series of the result
  std::size_t memory_bytes_max = std::size_t{4} << 30;

  unsigned threads = 0;  // 0: as many as there are cores
  std::stop_token stop;  // asks to give up; noticed within milliseconds

  // Filled with what each node took, when set; for one query.
  Profile* profile = nullptr;

  // What may stand for samples, where a source keeps statistics of them.
  Resolution resolution = Resolution::kAuto;

  promql::ParseOptions parse;
  bool delayed_name_removal = false;  // promql-delayed-name-removal
  bool use_start_timestamps = false;  // use-start-timestamps
  bool type_and_unit_labels = false;  // type-and-unit-labels

  // Turns on what --enable-feature names.  False for a name that does not
  // concern queries, which is no error.
  bool enable(std::string_view feature);
};

using HistogramPtr = std::shared_ptr<const FloatHistogram>;

struct FloatPoint {
  std::int64_t t_ms = 0;
  double value = 0;
};
struct HistogramPoint {
  std::int64_t t_ms = 0;
  HistogramPtr histogram;
};

// Both ascending in time; a time is in one of the two.
struct Series {
  Labels labels;
  std::vector<FloatPoint> floats;
  std::vector<HistogramPoint> histograms;
};

struct QueryResult {
  promql::ValueType type = promql::ValueType::kNone;
  // kVector: one point each, in the engine's order (sort() and topk() mean
  // it); kMatrix: ascending by labels.
  std::vector<Series> series;
  FloatPoint scalar;      // kScalar
  std::string text;       // kString
  std::int64_t t_ms = 0;  // the evaluation time of an instant query

  // With places, at most kAnnotationsMax and a line for the rest.
  std::vector<std::string> warnings;
  std::vector<std::string> infos;

  std::size_t samples_read = 0;  // bins count as one each
  std::size_t samples_peak = 0;
};

// Errors: kBadData for an expression or times that are wrong in themselves,
// kExecution for what the data makes impossible (two series that match the
// same labels), kLimit, kTimeout, kCancelled, and what the source reports.
Result<QueryResult> instant(const Source& source, std::string_view query,
                            std::int64_t time_ms,
                            const EngineOptions& options = {});
struct RangeTimes {
  std::int64_t start_ms = 0;
  std::int64_t end_ms = 0;  // inclusive
  std::int64_t step_ms = 0;
};
Result<QueryResult> range(const Source& source, std::string_view query,
                          const RangeTimes& times,
                          const EngineOptions& options = {});

// The same with a tree that was parsed before, for rules that are evaluated
// again and again.  `query` is the text that the tree was parsed from.
Result<QueryResult> instant(const Source& source, const promql::Expr& expr,
                            std::string_view query, std::int64_t time_ms,
                            const EngineOptions& options = {});
Result<QueryResult> range(const Source& source, const promql::Expr& expr,
                          std::string_view query, const RangeTimes& times,
                          const EngineOptions& options = {});

}  // namespace prom::query
