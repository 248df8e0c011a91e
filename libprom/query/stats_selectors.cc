// Finds selectors whose histograms only matter by their counts and sums.
#include "libprom/model/sample.h"
#include "libprom/promql/walk.h"
#include "libprom/query/evaluator.h"

namespace prom::query {

using promql::Expr;
using promql::FunctionId;

namespace {

// What stands above a selector decides, from the inside out.
bool is_stats_path(std::span<const Expr* const> path) {
  bool stats = false;
  for (std::size_t i = path.size(); i > 0; --i) {
    const Expr& node = *path[i - 1];
    if (node.as<promql::Subquery>() != nullptr) return false;
    if (const auto* binary = node.as<promql::Binary>()) {
      if (binary->op == promql::BinaryOp::kTrimLower ||
          binary->op == promql::BinaryOp::kTrimUpper) {
        return false;
      }
    }
    const auto* call = node.as<promql::Call>();
    if (call == nullptr) continue;
    switch (call->function->id) {
      case FunctionId::kHistogramCount:
      case FunctionId::kHistogramSum:
      case FunctionId::kHistogramAvg:
        stats = true;
        break;
      case FunctionId::kHistogramQuantile:
      case FunctionId::kHistogramQuantiles:
      case FunctionId::kHistogramFraction:
        return false;
      default:
        break;
    }
  }
  return stats;
}

}  // namespace

void Evaluator::find_stats_selectors(const Expr& root) {
  promql::walk(root,
               [this](const Expr& node, std::span<const Expr* const> path) {
                 const auto* selector = node.as<promql::VectorSelector>();
                 if (const auto* matrix = node.as<promql::MatrixSelector>()) {
                   selector = &matrix->selector;
                 }
                 if (selector != nullptr && is_stats_path(path)) {
                   stats_selectors_.insert(selector);
                 }
                 return true;
               });
}

FloatHistogram stats_of(const FloatHistogram& histogram,
                        const FloatHistogram* before) {
  FloatHistogram stats;
  stats.schema = histogram.schema;
  stats.count = histogram.count;
  stats.sum = histogram.sum;
  stats.counter_reset_hint = histogram.counter_reset_hint;
  if (stats.counter_reset_hint == CounterResetHint::kUnknown &&
      before != nullptr && !is_stale_nan(before->sum)) {
    stats.counter_reset_hint = histogram.is_reset_since(*before)
                                   ? CounterResetHint::kReset
                                   : CounterResetHint::kNotReset;
  }
  return stats;
}

}  // namespace prom::query
