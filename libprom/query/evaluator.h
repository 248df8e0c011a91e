// Turns an expression into streams, node by node.  Each family of operators
// has a file and a function here; the engine calls vector() or scalar() of the
// root.  One Evaluator per query, used by one thread; what it makes may be
// read by many.  Internal to query/.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "libprom/promql/ast.h"
#include "libprom/promql/functions.h"
#include "libprom/query/repeated.h"
#include "libprom/query/stream.h"

namespace prom::query {

// A range vector: samples, and the window of each step over them.
struct RangeVector {
  std::unique_ptr<Selection> selection;
  std::vector<std::uint8_t> drops;     // drops_name; empty: none
  const Matchers* matchers = nullptr;  // null: of a subquery
  std::int64_t range_ms = 0;
  std::int64_t offset_ms = 0;
  std::optional<std::int64_t> at_ms;
  bool anchored = false;
  bool smoothed = false;
  bool fills_hints = false;  // Evaluator::wants_stats
  TextRange where;

  // The end of the window at an evaluation time; it begins, exclusively,
  // range_ms earlier.
  [[nodiscard]] std::int64_t end_ms(std::int64_t time_ms) const {
    return at_ms.value_or(time_ms) - offset_ms;
  }
};

// Values of a scalar expression, one per step.
using ScalarValues = std::vector<double>;

class Evaluator {
 public:
  Evaluator(QueryContext& of, Annotations& into)
      : query(of), annotations(into) {}

  // REQUIRES: the expression is an instant vector.
  Result<StreamPtr> vector(const promql::Expr& expr, const Steps& steps);
  Result<TablePtr> table(const promql::Expr& expr, const Steps& steps);
  // REQUIRES: a scalar.
  Result<ScalarValues> scalar(const promql::Expr& expr, const Steps& steps);
  // REQUIRES: a range vector.
  Result<RangeVector> range_vector(const promql::Expr& expr,
                                   const Steps& steps);

  // Selects, checks the limit on series, passes on the source's warnings.
  Result<std::unique_ptr<Selection>> select(const Matchers& matchers,
                                            const SelectRange& range);

  // Looks for what concerns the expression as a whole; before anything of it is
  // evaluated.  REQUIRES: the tree outlives this object.
  void look_at(const promql::Expr& root);

  // Selectors of which only counts and sums of histograms are asked for.
  // Upstream reads these without buckets, and on the way finds out where
  // counters were reset, which changes what it has to say.
  [[nodiscard]] bool wants_stats(const promql::VectorSelector& selector) const {
    return stats_selectors_.contains(&selector);
  }

  QueryContext& query;
  Annotations& annotations;

 private:
  std::set<const promql::VectorSelector*> stats_selectors_;
  std::unique_ptr<Repeated> own_repeated_;
  Repeated* repeated_ = nullptr;  // also of those that it makes

  void find_stats_selectors(const promql::Expr& root);
  Result<StreamPtr> evaluate(const promql::Expr& expr, const Steps& steps);
  Result<StreamPtr> vector_once(const promql::Expr& expr, const Steps& steps);

  Result<StreamPtr> call(const promql::Expr& expr, const promql::Call& node,
                         const Steps& steps);
};

// -- One function per family, each in the file that is named

// stats_selectors.cc: the histogram without its buckets, and with a hint that
// is worked out from the one before (may be null) where it has none.
FloatHistogram stats_of(const FloatHistogram& histogram,
                        const FloatHistogram* before);

// selector.cc
enum class SelectorValue { kSample, kTime, kStartTime };
Result<StreamPtr> select_instant(Evaluator& evaluator,
                                 const promql::VectorSelector& selector,
                                 TextRange where, const Steps& steps,
                                 SelectorValue value);
// Whether series that these matchers select may share a label set but for the
// metadata labels.
bool selected_names_vary(const Matchers& matchers, const Selection& selection);

// extended.cc
Result<StreamPtr> select_smoothed(Evaluator& evaluator,
                                  const promql::VectorSelector& selector,
                                  TextRange where, const Steps& steps);

// window_stream.cc
Result<RangeVector> select_range(Evaluator& evaluator, const promql::Expr& expr,
                                 const promql::MatrixSelector& node,
                                 const Steps& steps);
// subquery.cc
Result<RangeVector> evaluate_subquery(Evaluator& evaluator,
                                      const promql::Expr& expr,
                                      const promql::Subquery& node,
                                      const Steps& steps);
// window_stream.cc
Result<StreamPtr> call_range_function(Evaluator& evaluator,
                                      const promql::Call& node,
                                      const Steps& steps);
// absent.cc
Result<StreamPtr> call_absent(Evaluator& evaluator, const promql::Call& node,
                              const Steps& steps);
Result<StreamPtr> call_absent_over_time(Evaluator& evaluator,
                                        const promql::Call& node,
                                        const Steps& steps);
// binary_scalar.cc
Result<ScalarValues> binary_of_scalars(Evaluator& evaluator,
                                       const promql::Binary& node,
                                       const Steps& steps);
Result<StreamPtr> binary_with_scalar(Evaluator& evaluator,
                                     const promql::Expr& expr,
                                     const promql::Binary& node,
                                     const Steps& steps);
// vector_matching.cc
Result<StreamPtr> binary_of_vectors(Evaluator& evaluator,
                                    const promql::Expr& expr,
                                    const promql::Binary& node,
                                    const Steps& steps);
// set_operators.cc
Result<StreamPtr> set_operation(Evaluator& evaluator,
                                const promql::Binary& node, const Steps& steps);
// aggregate.cc, aggregate_pick.cc, count_values.cc
Result<StreamPtr> aggregate(Evaluator& evaluator, const promql::Expr& expr,
                            const promql::Aggregate& node, const Steps& steps);
Result<StreamPtr> aggregate_pick(Evaluator& evaluator, const promql::Expr& expr,
                                 const promql::Aggregate& node,
                                 const Steps& steps);
Result<StreamPtr> count_values(Evaluator& evaluator,
                               const promql::Aggregate& node,
                               const Steps& steps);
// math_functions.cc: functions of one series that map floats to floats.
Result<StreamPtr> call_math(Evaluator& evaluator, const promql::Call& node,
                            const Steps& steps);
bool is_math_function(promql::FunctionId id);
// time_functions.cc
Result<StreamPtr> call_date(Evaluator& evaluator, const promql::Call& node,
                            const Steps& steps);
bool is_date_function(promql::FunctionId id);
Result<StreamPtr> call_timestamp(Evaluator& evaluator, const promql::Call& node,
                                 const Steps& steps);
// label_functions.cc
Result<StreamPtr> call_label_replace(Evaluator& evaluator,
                                     const promql::Call& node,
                                     const Steps& steps);
Result<StreamPtr> call_label_join(Evaluator& evaluator,
                                  const promql::Call& node, const Steps& steps);
// sort.cc
Result<StreamPtr> call_sort(Evaluator& evaluator, const promql::Expr& expr,
                            const promql::Call& node, const Steps& steps);
bool is_sort_function(promql::FunctionId id);
// histogram_functions.cc: of native histograms, one by one.
Result<StreamPtr> call_histogram_value(Evaluator& evaluator,
                                       const promql::Call& node,
                                       const Steps& steps);
bool is_histogram_value_function(promql::FunctionId id);
// histogram_groups.cc: histogram_quantile(s) and histogram_fraction.
Result<StreamPtr> call_histogram_groups(Evaluator& evaluator,
                                        const promql::Call& node,
                                        const Steps& steps);
// info.cc
Result<StreamPtr> call_info(Evaluator& evaluator, const promql::Call& node,
                            const Steps& steps);

// The text of an argument.  REQUIRES: a string literal, perhaps in
// parentheses.
const std::string& string_argument(const promql::Call& node, std::size_t index);

}  // namespace prom::query
