// Copies of trees and comparison of them.
#include <algorithm>
#include <bit>
#include <cmath>
#include <type_traits>

#include "libprom/promql/ast.h"

namespace prom::promql {
namespace {

using DurationPtr = std::unique_ptr<DurationExpr>;

DurationPtr copy(const DurationPtr& from) {
  if (from == nullptr) return nullptr;
  auto to = std::make_unique<DurationExpr>();
  to->op = from->op;
  to->in_parentheses = from->in_parentheses;
  to->written_as_duration = from->written_as_duration;
  to->seconds = from->seconds;
  to->lhs = copy(from->lhs);
  to->rhs = copy(from->rhs);
  to->range = from->range;
  return to;
}

DurationValue copy(const DurationValue& from) {
  return {from.ms, copy(from.expr)};
}

ExprPtr copy(const ExprPtr& from) {
  return from == nullptr ? nullptr : clone(*from);
}

NumberLiteral copy(const NumberLiteral& from) {
  return from;
}
StringLiteral copy(const StringLiteral& from) {
  return from;
}
VectorSelector copy(const VectorSelector& from) {
  VectorSelector to;
  to.name = from.name;
  to.matchers = from.matchers;
  to.offset = copy(from.offset);
  to.at = from.at;
  to.anchored = from.anchored;
  to.smoothed = from.smoothed;
  to.selects_labels_only = from.selects_labels_only;
  return to;
}
MatrixSelector copy(const MatrixSelector& from) {
  return {copy(from.selector), from.selector_range, copy(from.range)};
}
Subquery copy(const Subquery& from) {
  Subquery to;
  to.expr = copy(from.expr);
  to.range = copy(from.range);
  to.step = copy(from.step);
  to.offset = copy(from.offset);
  to.at = from.at;
  return to;
}
Paren copy(const Paren& from) {
  return {copy(from.expr)};
}
Unary copy(const Unary& from) {
  return {from.negative, copy(from.expr)};
}
Binary copy(const Binary& from) {
  return {from.op,          copy(from.lhs), copy(from.rhs),
          from.return_bool, from.matching,  from.op_range};
}
Aggregate copy(const Aggregate& from) {
  return {from.op,       copy(from.param), copy(from.expr),
          from.grouping, from.without,     from.has_clause};
}
Call copy(const Call& from) {
  Call to;
  to.function = from.function;
  to.args.reserve(from.args.size());
  for (const ExprPtr& arg : from.args) to.args.push_back(copy(arg));
  return to;
}
StepInvariant copy(const StepInvariant& from) {
  return {copy(from.expr)};
}

// NaN is the same as NaN, and 0 is not -0.
bool same(double a, double b) {
  return (std::isnan(a) && std::isnan(b)) ||
         std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

bool same(const std::optional<double>& a, const std::optional<double>& b) {
  return a.has_value() == b.has_value() && (!a || same(*a, *b));
}

bool same(const DurationPtr& a, const DurationPtr& b) {
  if (a == nullptr || b == nullptr) return a == b;
  return a->op == b->op && a->in_parentheses == b->in_parentheses &&
         a->written_as_duration == b->written_as_duration &&
         same(a->seconds, b->seconds) && same(a->lhs, b->lhs) &&
         same(a->rhs, b->rhs);
}

bool same(const DurationValue& a, const DurationValue& b) {
  return a.ms == b.ms && same(a.expr, b.expr);
}

bool same(const At& a, const At& b) {
  return a.kind == b.kind && a.ms == b.ms;
}

bool same(const ExprPtr& a, const ExprPtr& b) {
  if (a == nullptr || b == nullptr) return a == b;
  return same_tree(*a, *b);
}

bool same(const NumberLiteral& a, const NumberLiteral& b) {
  return same(a.value, b.value) &&
         a.written_as_duration == b.written_as_duration;
}
bool same(const StringLiteral& a, const StringLiteral& b) {
  return a.value == b.value;
}
// Matchers may stand in any order: the printer sorts them.
bool same(const VectorSelector& a, const VectorSelector& b) {
  return a.name == b.name &&
         std::ranges::is_permutation(a.matchers, b.matchers) &&
         same(a.offset, b.offset) && same(a.at, b.at) &&
         a.anchored == b.anchored && a.smoothed == b.smoothed &&
         a.selects_labels_only == b.selects_labels_only;
}
bool same(const MatrixSelector& a, const MatrixSelector& b) {
  return same(a.selector, b.selector) && same(a.range, b.range);
}
bool same(const Subquery& a, const Subquery& b) {
  return same(a.range, b.range) && same(a.step, b.step) &&
         same(a.offset, b.offset) && same(a.at, b.at) && same(a.expr, b.expr);
}
bool same(const Paren& a, const Paren& b) {
  return same(a.expr, b.expr);
}
bool same(const Unary& a, const Unary& b) {
  return a.negative == b.negative && same(a.expr, b.expr);
}
bool same(const std::optional<VectorMatching>& a,
          const std::optional<VectorMatching>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return a->cardinality == b->cardinality && a->on == b->on &&
         a->labels == b->labels && a->include == b->include &&
         same(a->fill_left, b->fill_left) && same(a->fill_right, b->fill_right);
}
bool same(const Binary& a, const Binary& b) {
  return a.op == b.op && a.return_bool == b.return_bool &&
         same(a.matching, b.matching) && same(a.lhs, b.lhs) &&
         same(a.rhs, b.rhs);
}
bool same(const Aggregate& a, const Aggregate& b) {
  return a.op == b.op && a.without == b.without && a.grouping == b.grouping &&
         same(a.param, b.param) && same(a.expr, b.expr);
}
bool same(const Call& a, const Call& b) {
  if (a.function != b.function || a.args.size() != b.args.size()) return false;
  for (std::size_t i = 0; i < a.args.size(); ++i) {
    if (!same(a.args[i], b.args[i])) return false;
  }
  return true;
}
bool same(const StepInvariant& a, const StepInvariant& b) {
  return same(a.expr, b.expr);
}

}  // namespace

ExprPtr clone(const Expr& expr) {
  auto to = std::make_unique<Expr>();
  std::visit([&](const auto& node) { to->node = copy(node); }, expr.node);
  to->range = expr.range;
  to->type = expr.type;
  return to;
}

bool same_tree(const Expr& a, const Expr& b) {
  if (a.node.index() != b.node.index() || a.type != b.type) return false;
  return std::visit(
      [&](const auto& node) {
        using T = std::remove_cvref_t<decltype(node)>;
        return same(node, std::get<T>(b.node));
      },
      a.node);
}

}  // namespace prom::promql
