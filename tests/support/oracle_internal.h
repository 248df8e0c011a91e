// The second engine's parts, one file per family of operators.
#pragma once

#include <algorithm>
#include <cmath>
#include <compare>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "libprom/model/sample.h"
#include "libprom/promql/functions.h"

#include "tests/support/oracle.h"

namespace prom::test {

constexpr double kOracleNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kOracleInf = std::numeric_limits<double>::infinity();

struct OracleFailure {
  std::string what;
};
struct OracleOpen {
  std::string why;
};

struct OracleElement {
  Labels labels;
  OracleValue value;
  bool drops_name = false;   // at the end of the query
  std::int64_t time_ms = 0;  // of the sample itself, behind a selector
  std::int64_t start_ms = 0;

  [[nodiscard]] bool is_histogram() const {
    return value.histogram.has_value();
  }
  [[nodiscard]] double number() const { return value.number; }
};
using OracleVector = std::vector<OracleElement>;

struct OraclePoint {
  std::int64_t time_ms = 0;
  OracleValue value;
  std::int64_t start_ms = 0;

  [[nodiscard]] bool is_histogram() const {
    return value.histogram.has_value();
  }
};

struct OracleWindowSeries {
  Labels labels;
  bool drops_name = false;
  std::vector<OraclePoint> points;
};

// A range vector at one step.
struct OracleWindow {
  std::vector<OracleWindowSeries> series;
  std::int64_t start_ms = 0;  // exclusive
  std::int64_t end_ms = 0;
  std::int64_t now_ms = 0;
  std::size_t where = 0;
  bool anchored = false;
  bool smoothed = false;

  [[nodiscard]] double seconds() const {
    return static_cast<double>(end_ms - start_ms) / 1000;
  }
};

// What a function of one window sees of one series.
struct OracleRange {
  std::string metric;
  std::vector<OraclePoint> points;  // of both kinds
  std::vector<std::pair<std::int64_t, double>> floats;
  std::vector<OraclePoint> histograms;
  const OracleWindow* window = nullptr;
};

class Oracle {
 public:
  Oracle(const OracleData& data, const OracleOptions& options)
      : data_(data), options_(options) {}

  OracleVector vector(const promql::Expr& expr, const OracleTimes& span,
                      std::int64_t now);
  double scalar(const promql::Expr& expr, const OracleTimes& span,
                std::int64_t now);
  OracleWindow window(const promql::Expr& expr, const OracleTimes& span,
                      std::int64_t now);
  void finish(OracleVector& vector) const;
  void move_notes(OracleAnswer& into);

 private:
  using Expr = promql::Expr;
  using Call = promql::Call;
  using Times = OracleTimes;

  // -- oracle.cc
  OracleVector select(const promql::VectorSelector& selector, bool stats,
                      std::int64_t at);
  OracleVector select_smoothed(const promql::VectorSelector& selector,
                               std::size_t where, std::int64_t at);
  OracleVector negate(OracleVector in);
  OracleVector call(const Expr& expr, const Call& node, const Times& span,
                    std::int64_t now);
  OracleWindow subquery(const promql::Subquery& node, const Times& span,
                        std::int64_t now);
  [[nodiscard]] Labels renamed(const Labels& labels) const;
  void warn(const std::string& text, std::size_t where);
  void info(const std::string& text, std::size_t where);
  double inexact(double value, std::size_t where) const;
  void inexact(OracleHistogram& histogram, std::size_t where) const;

  // -- oracle_range.cc
  OracleVector range_call(const Call& node, const Times& span,
                          std::int64_t now);
  std::optional<OracleValue> of_range(const Call& node, const OracleRange& r,
                                      const std::vector<double>& arguments);
  std::optional<OracleValue> over_floats(const Call& node, const OracleRange& r,
                                         const std::vector<double>& arguments);
  std::optional<OracleValue> sum_or_avg(const OracleRange& r, bool average);
  // -- oracle_counter.cc
  std::optional<OracleValue> counter_call(promql::FunctionId id,
                                          const OracleRange& r);
  std::optional<OracleValue> rate(const OracleRange& r, bool counter,
                                  bool per_second);
  std::optional<OracleHistogram> histogram_increase(const OracleRange& r,
                                                    bool counter);
  std::optional<OracleValue> extended_rate(const OracleRange& r, bool counter,
                                           bool per_second);
  std::optional<OracleValue> extended_histogram_rate(const OracleRange& r,
                                                     bool counter,
                                                     bool per_second);
  std::optional<OracleHistogram> interpolated(const OraclePoint& a,
                                              const OraclePoint& b,
                                              std::int64_t at, bool counter,
                                              const std::string& metric,
                                              std::size_t where);
  std::optional<OracleValue> last_two(const OracleRange& r, bool per_second);
  std::optional<OracleValue> resets_or_changes(const OracleRange& r,
                                               bool resets);
  // Annotates; false when the two cannot be combined.
  bool combine_noted(OracleHistogram& into, const OracleHistogram& other,
                     int sign, const OracleRange& r);
  [[nodiscard]] bool starts_anew(const OraclePoint& before,
                                 const OraclePoint& now) const;
  // -- oracle_binary.cc
  OracleVector binary(const Expr& expr, const promql::Binary& node,
                      const Times& span, std::int64_t now);
  OracleVector set_operation(const promql::Binary& node,
                             const OracleVector& lhs, const OracleVector& rhs);
  OracleVector match(const Expr& expr, const promql::Binary& node,
                     const OracleVector& lhs, const OracleVector& rhs);
  struct Outcome {
    OracleValue value;
    bool keep = false;
    bool failed = false;
  };
  Outcome operate(const Expr& expr, const promql::Binary& node,
                  const OracleValue& lhs, const OracleValue& rhs);
  // -- oracle_aggregate.cc
  OracleVector aggregate(const Expr& expr, const promql::Aggregate& node,
                         const Times& span, std::int64_t now);
  struct Group {
    Labels labels;
    OracleVector members;
  };
  std::optional<OracleElement> fold(const promql::Aggregate& node,
                                    const Group& group, double parameter);
  std::optional<OracleValue> add_up(const promql::Aggregate& node,
                                    const Group& group);
  OracleVector pick(const Expr& expr, const promql::Aggregate& node,
                    const OracleVector& members, double parameter);
  OracleVector count_values(const promql::Aggregate& node,
                            const OracleVector& in) const;
  bool check_parameter(const promql::Aggregate& node, const Times& span);
  // -- oracle_quantile.cc
  OracleVector histogram_call(const Call& node, const Times& span,
                              std::int64_t now);
  struct Classic {
    Labels labels;
    bool drops_name = false;
    std::vector<std::pair<double, double>> buckets;  // upper bound, count
  };
  struct Split {
    OracleVector native;
    std::vector<Classic> classic;
  };
  Split split(const OracleVector& in, std::size_t where);
  double classic_quantile(double q, Classic classic, std::size_t where);
  double native_quantile(double q, const OracleElement& element,
                         std::size_t where);
  double native_fraction(double lower, double upper,
                         const OracleElement& element, std::size_t where);
  OracleVector statistics(promql::FunctionId id, const OracleVector& in,
                          std::size_t where);
  // -- oracle_labels.cc
  OracleVector label_replace(const Call& node, OracleVector in);
  OracleVector label_join(const Call& node, OracleVector in);
  OracleVector sort(const Expr& expr, const Call& node, OracleVector in,
                    const Times& span);
  OracleVector info_call(const Call& node, const Times& span, std::int64_t now);
  // -- oracle_math.cc
  OracleVector math_call(const Call& node, const Times& span, std::int64_t now);

  const OracleData& data_;
  const OracleOptions& options_;
  OracleNotes warnings_;
  OracleNotes infos_;
  bool silent_ = false;  // notes were taken before
  // Subqueries are evaluated once for all steps of the query around them.
  using SubqueryKey = std::tuple<const promql::Subquery*, std::int64_t,
                                 std::int64_t, std::int64_t>;
  std::map<SubqueryKey, std::vector<OracleWindowSeries>> subqueries_;
  // Which series a result of a range function came from, at any step: two may
  // not share a label set even if they are never there at the same time.
  std::map<std::tuple<const Call*, std::int64_t, std::int64_t>,
           std::map<Labels, Labels>>
      origins_;
  std::vector<const Expr*> path_;  // from the root to the current node
};

// The median or another quantile of values, NaN counted as smallest.
double oracle_quantile(double q, std::vector<double> values);
std::string oracle_quoted(std::string_view text);
std::string oracle_go_g(double value);
Labels oracle_without(const Labels& labels,
                      const std::vector<std::string>& names);
Labels oracle_only(const Labels& labels, const std::vector<std::string>& names);
Labels oracle_labels_of_absence(const promql::Expr& argument);
bool oracle_same_labels_twice(const OracleVector& vector);
const std::string& oracle_string(const promql::Expr& expr);
// Neumaier's sum.
struct OracleSum {
  double sum = 0;
  double lost = 0;
  void add(double value);
};

}  // namespace prom::test
