// Checks of binary operators.
#include <algorithm>
#include <optional>
#include <set>

#include "libprom/base/utf8.h"
#include "libprom/promql/lint_internal.h"

namespace prom::promql {
namespace {

using LabelNames = std::set<std::string, std::less<>>;

// Operators whose result is known, or pointless, for equal operands.
bool is_pointless_on_itself(BinaryOp op) {
  switch (op) {
    case BinaryOp::kAdd:
    case BinaryOp::kMultiply:
    case BinaryOp::kPower:
    case BinaryOp::kTrimUpper:
    case BinaryOp::kTrimLower:
      return false;
    default:
      return true;
  }
}

void check_same(const Binary& node, Findings& findings) {
  const bool constant = node.lhs->type == ValueType::kScalar;
  if (constant || !is_pointless_on_itself(node.op)) return;
  // x == x leaves out NaN, and is written for that.
  if (node.op == BinaryOp::kEqual || node.op == BinaryOp::kNotEqual) return;
  if (!same_tree(unwrap(*node.lhs), unwrap(*node.rhs))) return;
  findings.add("same-operands", node.op_range,
               "both sides of " + std::string(to_string(node.op)) +
                   " are the same expression");
}

void check_zero(const Binary& node, Findings& findings) {
  if (node.op != BinaryOp::kDivide && node.op != BinaryOp::kModulo) return;
  const auto* divisor = unwrap(*node.rhs).as<NumberLiteral>();
  if (divisor == nullptr || divisor->value != 0) return;
  findings.add("division-by-zero", node.rhs->range, "the divisor is zero");
}

// The labels of the result when an aggregation says them: through parentheses
// and arithmetic with a number.
std::optional<LabelNames> grouped_labels(const Expr& expr) {
  const Expr* inner = &unwrap(expr);
  while (const auto* binary = inner->as<Binary>()) {
    if (binary->matching || is_comparison(binary->op)) return std::nullopt;
    const bool left = binary->lhs->type == ValueType::kVector;
    inner = &unwrap(left ? *binary->lhs : *binary->rhs);
  }
  const auto* aggregate = inner->as<Aggregate>();
  if (aggregate == nullptr || aggregate->without) return std::nullopt;
  // Of those with a parameter, only quantile drops labels as sum does.
  if (takes_parameter(aggregate->op) && aggregate->op != AggregateOp::kQuantile)
    return std::nullopt;
  return LabelNames(aggregate->grouping.begin(), aggregate->grouping.end());
}

std::string listed(const LabelNames& labels) {
  std::string text = "(";
  for (const std::string& label : labels)
    text += (text.size() > 1 ? ", " : "") + label;
  return text + ")";
}

// Of two label sets, those that matching compares.
LabelNames compared(const LabelNames& labels, const VectorMatching& matching) {
  LabelNames kept;
  for (const std::string& label : labels) {
    if (label == kMetricName) continue;
    const bool named =
        std::ranges::find(matching.labels, label) != matching.labels.end();
    if (named == matching.on) kept.insert(label);
  }
  return kept;
}

void check_grouping(const Binary& node, Findings& findings) {
  if (!node.matching || node.op == BinaryOp::kOr ||
      node.op == BinaryOp::kUnless) {
    return;
  }
  const auto left = grouped_labels(*node.lhs);
  const auto right = grouped_labels(*node.rhs);
  if (!left || !right) return;
  const LabelNames lhs = compared(*left, *node.matching);
  const LabelNames rhs = compared(*right, *node.matching);
  if (lhs == rhs) return;
  findings.add("grouping-mismatch", node.op_range,
               "the left side has the labels " + listed(*left) +
                   ", the right side " + listed(*right) +
                   ", so nothing matches",
               "group by the same labels, or match on (…) those in common");
}

void check_lists(const Binary& node, Findings& findings) {
  if (!node.matching) return;
  for (const auto* labels : {&node.matching->labels, &node.matching->include}) {
    const LabelNames distinct(labels->begin(), labels->end());
    if (distinct.size() == labels->size()) continue;
    findings.add("duplicate-label", node.op_range,
                 "a label is named twice in one list");
  }
}

}  // namespace

void lint_operators(const LintNode& node, Findings& findings) {
  const auto* binary = node.expr.as<Binary>();
  if (binary == nullptr) return;
  check_same(*binary, findings);
  check_zero(*binary, findings);
  check_grouping(*binary, findings);
  check_lists(*binary, findings);
}

}  // namespace prom::promql
