// Checks of calls and aggregations.
#include <algorithm>
#include <cmath>
#include <optional>

#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/promql/lint_internal.h"
#include "libprom/promql/walk.h"

namespace prom::promql {
namespace {

// -- Counters and gauges

// Native histograms are counters whatever their name is.
bool is_inside_histogram_function(const LintNode& node) {
  return std::ranges::any_of(node.path, [](const Expr* around) {
    const auto* call = around->as<Call>();
    return call != nullptr && call->function->name.starts_with("histogram_");
  });
}

void check_rate(const LintNode& node, const Call& call, Findings& findings) {
  const Expr& arg = unwrap(*call.args[0]);
  const std::string name(call.function->name);
  if (const auto* subquery = arg.as<Subquery>()) {
    const auto* inner = unwrap(*subquery->expr).as<Aggregate>();
    if (inner != nullptr) {
      const std::string aggregate(to_string(inner->op));
      findings.add("rate-of-aggregation", node.expr.range,
                   name + " of " + aggregate +
                       " does not see the resets of single counters",
                   "aggregate the rates: " + aggregate + "(" + name + "(…))");
    }
    return;
  }
  const VectorSelector* selector = plain_selector(arg);
  if (selector == nullptr) return;
  const std::string_view metric = metric_name_of(*selector);
  if (metric.empty() || is_counter_name(metric) ||
      is_inside_histogram_function(node)) {
    return;
  }
  findings.add("rate-of-non-counter", arg.range,
               quote(metric) + " is no counter by its name",
               "counters end in _total, _sum, _count or _bucket");
}

bool is_for_gauges(FunctionId id) {
  return id == FunctionId::kDelta || id == FunctionId::kIdelta ||
         id == FunctionId::kDeriv || id == FunctionId::kPredictLinear ||
         id == FunctionId::kDoubleExponentialSmoothing;
}

void check_gauge(const Call& call, Findings& findings) {
  const VectorSelector* selector = plain_selector(*call.args[0]);
  if (selector == nullptr) return;
  const std::string_view metric = metric_name_of(*selector);
  if (!metric.ends_with("_total")) return;
  findings.add("delta-of-counter", call.args[0]->range,
               std::string(call.function->name) +
                   " does not see the resets of the counter " + quote(metric),
               "use rate, irate or increase");
}

void check_subquery(const Subquery& node, TextRange range, Findings& findings) {
  const auto* selector = node.expr->as<VectorSelector>();
  if (selector == nullptr || node.step.is_set()) return;
  findings.add("subquery-of-selector", range,
               "samples the series again at the default step",
               "leave out the colon to use the samples as they are");
}

// -- Quantiles

void check_quantile(const Expr& parameter, Findings& findings) {
  const auto* literal = unwrap(parameter).as<NumberLiteral>();
  if (literal == nullptr || (literal->value >= 0 && literal->value <= 1))
    return;
  findings.add(
      "quantile-out-of-range", parameter.range,
      "a quantile is between 0 and 1, not " + format_float(literal->value));
}

// Some selector of buckets inside of `expr`; whether a rate is around it goes
// to `rated`.
bool has_buckets(const Expr& expr, bool& rated) {
  bool found = false;
  walk(expr, [&](const Expr& node, std::span<const Expr* const> path) {
    const bool leaf = node.as<VectorSelector>() != nullptr ||
                      node.as<MatrixSelector>() != nullptr;
    if (!leaf || !metric_name_of(*plain_selector(node)).ends_with("_bucket"))
      return true;
    found = true;
    // Any range over the buckets is a choice of a period.
    rated = rated || node.as<MatrixSelector>() != nullptr ||
            std::ranges::any_of(path, [](const Expr* around) {
              return around->as<Subquery>() != nullptr;
            });
    return true;
  });
  return found;
}

void check_histogram(const Expr& vector, Findings& findings) {
  bool rated = false;
  if (!has_buckets(vector, rated)) return;
  if (!rated) {
    findings.add("quantile-of-raw-buckets", vector.range,
                 "covers all observations since the start of the process",
                 "take the rate of the buckets over a period");
  }
  const auto* aggregate = unwrap(vector).as<Aggregate>();
  if (aggregate == nullptr || takes_parameter(aggregate->op)) return;
  const bool names_le =
      std::ranges::find(aggregate->grouping, "le") != aggregate->grouping.end();
  if (names_le == aggregate->without) {
    findings.add(
        "quantile-without-le", vector.range,
        std::string(to_string(aggregate->op)) +
            " removes the label le, which tells buckets apart",
        aggregate->without ? "take le out of without (…)" : "add le to by (…)");
  }
}

// -- Grouping

void check_duplicates(const std::vector<std::string>& labels, TextRange range,
                      Findings& findings) {
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto end = labels.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find(labels.begin(), end, labels[i]) == end) continue;
    findings.add("duplicate-label", range,
                 "label " + quote(labels[i]) + " is named twice");
  }
}

// Whether the result of `inner` can have that label.
bool keeps(const Aggregate& inner, std::string_view label) {
  switch (inner.op) {
    case AggregateOp::kTopk:
    case AggregateOp::kBottomk:
    case AggregateOp::kLimitk:
    case AggregateOp::kLimitRatio:
    case AggregateOp::kCountValues:
      // Series stay as they are, or get a label that a parameter names.
      return true;
    default:
      break;
  }
  const bool named =
      std::ranges::find(inner.grouping, label) != inner.grouping.end();
  return named != inner.without;
}

void check_dropped(const Aggregate& outer, TextRange range,
                   Findings& findings) {
  const auto* inner = unwrap(*outer.expr).as<Aggregate>();
  if (inner == nullptr || outer.without) return;
  for (const std::string& label : outer.grouping) {
    if (keeps(*inner, label)) continue;
    findings.add("grouping-on-dropped-label", range,
                 "label " + quote(label) + " is gone after the inner " +
                     std::string(to_string(inner->op)));
  }
}

// -- Order

bool is_sort(FunctionId id) {
  return id == FunctionId::kSort || id == FunctionId::kSortDesc ||
         id == FunctionId::kSortByLabel || id == FunctionId::kSortByLabelDesc;
}

void check_sort(const LintNode& node, const Call& call, Findings& findings) {
  const bool outermost = std::ranges::all_of(node.path, [](const Expr* around) {
    return around->as<Paren>() != nullptr;
  });
  if (outermost && node.context == LintContext::kQuery) return;
  findings.add("sort-without-effect", node.expr.range,
               std::string(call.function->name) +
                   (outermost ? " orders the result of a rule, which has none"
                              : " orders what is combined afterwards"));
}

void check_call(const LintNode& node, const Call& call, Findings& findings) {
  const FunctionId id = call.function->id;
  if (is_rate(id)) check_rate(node, call, findings);
  if (is_for_gauges(id)) check_gauge(call, findings);
  if (is_sort(id)) check_sort(node, call, findings);
  switch (id) {
    case FunctionId::kHistogramQuantile:
      check_quantile(*call.args[0], findings);
      check_histogram(*call.args[1], findings);
      break;
    case FunctionId::kHistogramQuantiles:
      for (std::size_t i = 2; i < call.args.size(); ++i)
        check_quantile(*call.args[i], findings);
      check_histogram(*call.args[0], findings);
      break;
    case FunctionId::kQuantileOverTime:
      check_quantile(*call.args[0], findings);
      break;
    default:
      break;
  }
}

}  // namespace

void lint_functions(const LintNode& node, Findings& findings) {
  if (const auto* call = node.expr.as<Call>()) {
    check_call(node, *call, findings);
  } else if (const auto* subquery = node.expr.as<Subquery>()) {
    check_subquery(*subquery, node.expr.range, findings);
  } else if (const auto* aggregate = node.expr.as<Aggregate>()) {
    if (aggregate->op == AggregateOp::kQuantile)
      check_quantile(*aggregate->param, findings);
    check_duplicates(aggregate->grouping, node.expr.range, findings);
    check_dropped(*aggregate, node.expr.range, findings);
  }
}

}  // namespace prom::promql
