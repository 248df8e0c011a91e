#include "libprom/promql/prepare.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "libprom/promql/functions.h"
#include "libprom/promql/literals.h"
#include "libprom/promql/walk.h"

namespace prom::promql {
namespace {

double to_seconds(std::int64_t ms) {
  return static_cast<double>(ms) / 1000;
}

// Upstream names the bytes of the expression rather than line and column.
std::unexpected<Error> bad_duration(const DurationExpr& expr,
                                    std::string_view what) {
  return fail(Code::kBadData, std::to_string(expr.range.begin) + ":" +
                                  std::to_string(expr.range.end) + ": " +
                                  std::string(what));
}

// -- 1. Functions of the query alone

std::optional<double> constant_of(const Call& call, const QueryTimes& times) {
  switch (call.function->id) {
    case FunctionId::kStart:
      return to_seconds(times.start_ms);
    case FunctionId::kEnd:
      return to_seconds(times.end_ms);
    case FunctionId::kRange:
      return to_seconds(times.end_ms - times.start_ms);
    case FunctionId::kStep:
      // Upstream takes a range of one point for an instant query here.
      return times.start_ms == times.end_ms ? 0 : to_seconds(times.step_ms);
    default:
      return std::nullopt;
  }
}

// -- 2. and 3. Durations and @

Result<double> evaluate(const DurationExpr& expr, const QueryTimes& times);

Result<double> evaluate_binary(const DurationExpr& expr, double lhs,
                               double rhs) {
  switch (expr.op) {
    case DurationOp::kMin:
      return std::min(lhs, rhs);
    case DurationOp::kMax:
      return std::max(lhs, rhs);
    case DurationOp::kAdd:
      return lhs + rhs;
    case DurationOp::kSubtract:
      return lhs - rhs;
    case DurationOp::kMultiply:
      return lhs * rhs;
    case DurationOp::kDivide:
      if (rhs == 0) return bad_duration(expr, "division by zero");
      return lhs / rhs;
    case DurationOp::kModulo:
      if (rhs == 0) return bad_duration(expr, "modulo by zero");
      return std::fmod(lhs, rhs);
    default:
      return std::pow(lhs, rhs);
  }
}

// Recursion is bounded by the parser's limits on the tree.
Result<double> evaluate(const DurationExpr& expr, const QueryTimes& times) {
  switch (expr.op) {
    case DurationOp::kNumber:
      return expr.seconds;
    case DurationOp::kStep:
      return to_seconds(times.step_ms);
    case DurationOp::kRange:
      return to_seconds(times.end_ms - times.start_ms);
    case DurationOp::kPlus:
      return evaluate(*expr.rhs, times);
    case DurationOp::kMinus: {
      const auto rhs = evaluate(*expr.rhs, times);
      return rhs ? Result<double>(-*rhs) : rhs;
    }
    default:
      break;
  }
  const auto lhs = evaluate(*expr.lhs, times);
  if (!lhs) return lhs;
  const auto rhs = evaluate(*expr.rhs, times);
  if (!rhs) return rhs;
  return evaluate_binary(expr, *lhs, *rhs);
}

Status resolve(DurationValue& value, const QueryTimes& times,
               bool must_be_positive) {
  if (value.expr == nullptr) return {};
  auto ms = evaluate_duration(*value.expr, times, must_be_positive);
  if (!ms) return fail(std::move(ms).error());
  value.ms = *ms;
  return {};
}

void resolve(At& at, const QueryTimes& times) {
  if (at.kind == AtKind::kStart) at = {AtKind::kTime, times.start_ms};
  if (at.kind == AtKind::kEnd) at = {AtKind::kTime, times.end_ms};
}

// The order of the checks is upstream's: offset, step, range.
Status resolve(Expr& expr, const QueryTimes& times) {
  if (auto* vector = expr.as<VectorSelector>()) {
    resolve(vector->at, times);
    return resolve(vector->offset, times, false);
  }
  if (auto* matrix = expr.as<MatrixSelector>()) {
    resolve(matrix->selector.at, times);
    if (auto r = resolve(matrix->range, times, true); !r) return r;
    return resolve(matrix->selector.offset, times, false);
  }
  if (auto* subquery = expr.as<Subquery>()) {
    resolve(subquery->at, times);
    if (auto r = resolve(subquery->offset, times, false); !r) return r;
    if (auto r = resolve(subquery->step, times, true); !r) return r;
    return resolve(subquery->range, times, true);
  }
  return {};
}

void drop_parentheses(ExprPtr& expr) {
  while (auto* paren = expr->as<Paren>()) {
    ExprPtr inner = std::move(paren->expr);
    expr = std::move(inner);
  }
}

Status substitute(ExprPtr& root, const QueryTimes& times) {
  std::vector<ExprPtr*> pending = {&root};
  while (!pending.empty()) {
    ExprPtr& expr = *pending.back();
    pending.pop_back();
    if (auto* call = expr->as<Call>()) {
      if (const auto value = constant_of(*call, times)) {
        expr = make_expr(NumberLiteral{*value, false}, expr->range,
                         ValueType::kScalar);
      } else {
        for (ExprPtr& arg : call->args) drop_parentheses(arg);
      }
    } else if (auto* aggregate = expr->as<Aggregate>()) {
      drop_parentheses(aggregate->expr);
      if (aggregate->param) drop_parentheses(aggregate->param);
    }
    if (auto resolved = resolve(*expr, times); !resolved) return resolved;
    append_children(*expr, pending);
  }
  return {};
}

// -- 5. What stays the same from step to step

// Whether a part is invariant, and whether a StepInvariant around it would
// save anything.
struct Invariance {
  bool invariant = false;
  bool worth_marking = false;
};

void mark(ExprPtr& expr) {
  const TextRange range = expr->range;
  const ValueType type = expr->type;
  expr = make_expr(StepInvariant{std::move(expr)}, range, type);
}

class Marker {
 public:
  // Marks inside of `expr`; the caller marks `expr` itself.  Recursion is
  // bounded by the parser's limits on the tree.
  Invariance visit(Expr& expr) {
    return std::visit([this](auto& node) { return visit(node); }, expr.node);
  }

 private:
  Invariance visit(NumberLiteral&) { return {true, false}; }
  Invariance visit(StringLiteral&) { return {true, false}; }
  Invariance visit(VectorSelector& node) {
    return {node.at.is_set(), node.at.is_set()};
  }
  // Functions evaluate range vectors themselves, so they are not marked.
  Invariance visit(MatrixSelector& node) {
    return {node.selector.at.is_set(), false};
  }
  Invariance visit(Subquery& node) {
    if (visit(*node.expr).invariant) mark(node.expr);
    return {node.at.is_set(), false};
  }
  Invariance visit(Paren& node) { return visit(*node.expr); }
  Invariance visit(Unary& node) { return visit(*node.expr); }
  Invariance visit(StepInvariant&) { return {true, false}; }

  Invariance visit(Binary& node) {
    return all_of({&node.lhs, &node.rhs}, true);
  }

  Invariance visit(Aggregate& node) {
    if (node.param == nullptr) return visit(*node.expr);
    return all_of({&node.expr, &node.param}, true);
  }

  Invariance visit(Call& node) {
    std::vector<ExprPtr*> args;
    args.reserve(node.args.size());
    for (ExprPtr& arg : node.args) args.push_back(&arg);
    // The samples of a selector with @ keep their times.
    const bool times_of_samples = node.function->id == FunctionId::kTimestamp &&
                                  node.args.size() == 1 &&
                                  node.args[0]->as<VectorSelector>() != nullptr;
    return all_of(args, !node.function->depends_on_time || times_of_samples);
  }

  // Invariant when all parts are and `itself` is; else the parts that are
  // worth it are marked one by one.
  Invariance all_of(const std::vector<ExprPtr*>& parts, bool itself) {
    bool all = itself;
    std::vector<ExprPtr*> worth;
    for (ExprPtr* part : parts) {
      const Invariance found = visit(**part);
      all = all && found.invariant;
      if (found.worth_marking) worth.push_back(part);
    }
    if (all) return {true, true};
    for (ExprPtr* part : worth) mark(*part);
    return {false, false};
  }
};

// -- Times that selectors read

// Times come from the text of a query: they saturate.
std::int64_t minus(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  if (!__builtin_sub_overflow(a, b, &result)) return result;
  return b > 0 ? std::numeric_limits<std::int64_t>::min()
               : std::numeric_limits<std::int64_t>::max();
}
std::int64_t plus(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  if (!__builtin_add_overflow(a, b, &result)) return result;
  return b < 0 ? std::numeric_limits<std::int64_t>::min()
               : std::numeric_limits<std::int64_t>::max();
}

// The offset and range that the subqueries around a node add up to, counted
// from the innermost @ of them, if any.
struct Around {
  std::int64_t offset_ms = 0;
  std::int64_t range_ms = 0;
  std::optional<std::int64_t> at_ms;
};

Around subqueries_in(std::span<const Expr* const> path) {
  Around around;
  for (const Expr* expr : path) {
    const auto* subquery = expr->as<Subquery>();
    if (subquery == nullptr) continue;
    if (subquery->at.is_set()) around = {0, 0, subquery->at.ms};
    around.offset_ms = plus(around.offset_ms, subquery->offset.ms);
    around.range_ms = plus(around.range_ms, subquery->range.ms);
  }
  return around;
}

SelectorSpan span_of(const VectorSelector& selector, std::int64_t range_ms,
                     const Around& around, const QueryTimes& times,
                     std::int64_t lookback_ms) {
  SelectorSpan span = {&selector, range_ms, 0, 0};
  if (selector.at.is_set()) {
    span.min_ms = selector.at.ms;
    span.max_ms = selector.at.ms;
  } else {
    const std::int64_t start = around.at_ms.value_or(times.start_ms);
    const std::int64_t end = around.at_ms.value_or(times.end_ms);
    span.min_ms = minus(minus(start, around.offset_ms), around.range_ms);
    span.max_ms = minus(end, around.offset_ms);
  }
  const bool instant = range_ms == 0;
  const bool extended = selector.anchored || selector.smoothed;
  std::int64_t before_ms = range_ms;
  if (instant || extended) before_ms = plus(before_ms, lookback_ms);
  // The lower end is exclusive in the language.
  span.min_ms = minus(span.min_ms, before_ms - 1);
  if (selector.smoothed) span.max_ms = plus(span.max_ms, lookback_ms);
  span.min_ms = minus(span.min_ms, selector.offset.ms);
  span.max_ms = minus(span.max_ms, selector.offset.ms);
  return span;
}

}  // namespace

Result<std::int64_t> evaluate_duration(const DurationExpr& expr,
                                       const QueryTimes& times,
                                       bool must_be_positive) {
  const auto seconds = evaluate(expr, times);
  if (!seconds) return fail(seconds.error());
  if (!std::isfinite(*seconds))
    return bad_duration(expr, "duration is NaN or infinite");
  if (*seconds <= 0 && must_be_positive)
    return bad_duration(expr, "duration must be greater than 0");
  if (std::abs(*seconds) > kDurationSecondsMax)
    return bad_duration(expr, "duration is out of range");
  return static_cast<std::int64_t>(*seconds * 1000);
}

Status prepare(ExprPtr& expr, const QueryTimes& times) {
  if (auto substituted = substitute(expr, times); !substituted)
    return substituted;
  if (Marker().visit(*expr).worth_marking) mark(expr);
  return {};
}

std::vector<SelectorSpan> selector_spans(const Expr& expr,
                                         const QueryTimes& times,
                                         std::int64_t lookback_ms) {
  std::vector<SelectorSpan> spans;
  walk(expr, [&](const Expr& node, std::span<const Expr* const> path) {
    if (const auto* vector = node.as<VectorSelector>()) {
      spans.push_back(
          span_of(*vector, 0, subqueries_in(path), times, lookback_ms));
    } else if (const auto* matrix = node.as<MatrixSelector>()) {
      spans.push_back(span_of(matrix->selector, matrix->range.ms,
                              subqueries_in(path), times, lookback_ms));
    }
    return true;
  });
  return spans;
}

}  // namespace prom::promql
