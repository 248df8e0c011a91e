// Checks of what an expression is used for: recording and alerting rules.
#include "libprom/base/utf8.h"
#include "libprom/promql/lint_internal.h"
#include "libprom/promql/walk.h"

namespace prom::promql {
namespace {

bool is_condition(const Expr& expr) {
  if (const auto* binary = expr.as<Binary>())
    return is_comparison(binary->op) || is_set_operator(binary->op);
  if (const auto* call = expr.as<Call>()) {
    const FunctionId id = call->function->id;
    // vector(1) is how one writes an alert that is meant to fire always.
    return id == FunctionId::kAbsent || id == FunctionId::kAbsentOverTime ||
           id == FunctionId::kVector;
  }
  if (const auto* selector = expr.as<VectorSelector>()) {
    const std::string_view name = metric_name_of(*selector);
    return name == "ALERTS" || name == "ALERTS_FOR_STATE";
  }
  return false;
}

bool has_condition(const Expr& expr) {
  bool found = false;
  for_each_node(expr,
                [&](const Expr& node) { found = found || is_condition(node); });
  return found;
}

void check_alert(const LintNode& node, Findings& findings) {
  const Expr& expr = unwrap(node.expr);
  const auto* binary = expr.as<Binary>();
  if (binary != nullptr && binary->return_bool) {
    findings.add("alert-always-fires", binary->op_range,
                 "with bool the result is 0 or 1, and 0 fires as well",
                 "leave out bool");
  } else if (!has_condition(expr)) {
    findings.add("alert-without-condition", node.expr.range,
                 "fires for every series that the expression returns",
                 "compare it with a threshold");
  }
}

void check_threshold(const Binary& node, Findings& findings) {
  const bool ordered = is_comparison(node.op) && node.op != BinaryOp::kEqual &&
                       node.op != BinaryOp::kNotEqual;
  if (!ordered || node.rhs->type != ValueType::kScalar) return;
  const auto* selector = unwrap(*node.lhs).as<VectorSelector>();
  if (selector == nullptr) return;
  const std::string_view name = metric_name_of(*selector);
  if (!name.ends_with("_total")) return;
  findings.add(
      "raw-counter-threshold", node.lhs->range,
      "the counter " + quote(name) + " only grows until its process restarts",
      "compare its rate or increase");
}

}  // namespace

void lint_rules(const LintNode& node, Findings& findings) {
  if (node.context == LintContext::kQuery) return;
  const auto* call = node.expr.as<Call>();
  if (call != nullptr && call->function->id == FunctionId::kIrate) {
    findings.add("irate-in-rule", node.expr.range,
                 "irate sees two samples of each range, and a rule misses the "
                 "rest",
                 "use rate");
  }
  if (node.context != LintContext::kAlertingRule) return;
  if (node.path.empty()) check_alert(node, findings);
  if (const auto* binary = node.expr.as<Binary>())
    check_threshold(*binary, findings);
}

}  // namespace prom::promql
