// The checks that need types: what arguments a call takes, what an operator
// joins, how vectors match.  One visit of the tree, operands before their
// operator, so that the first message is the one upstream shows.
#include <string>
#include <utility>
#include <variant>

#include "libprom/base/utf8.h"
#include "libprom/promql/functions.h"
#include "libprom/promql/parser_internal.h"

namespace prom::promql {
namespace {

class Checker {
 public:
  explicit Checker(const Report& report) : report_(report) {}

  // Recursion is bounded by the parser's limits on the tree.
  void check(Expr& expr) {
    std::visit([&](auto& node) { visit(node, expr); }, expr.node);
  }

 private:
  static std::string name_of(ValueType type) {
    return std::string(documented_name(type));
  }

  void mistake(TextRange range, std::string message, std::string hint = {}) {
    report_(range, std::move(message), std::move(hint));
  }

  void expect(Expr& expr, ValueType wanted, const std::string& context) {
    check(expr);
    if (expr.type == wanted) return;
    std::string hint;
    if (wanted == ValueType::kMatrix && expr.type == ValueType::kVector) {
      hint = "add a range of time, as in [5m]";
    } else if (wanted == ValueType::kVector &&
               expr.type == ValueType::kMatrix) {
      hint = "apply a function of ranges first, as rate or avg_over_time";
    }
    mistake(expr.range,
            "expected type " + name_of(wanted) + " in " + context + ", got " +
                name_of(expr.type),
            std::move(hint));
  }

  void visit(NumberLiteral&, Expr&) {}
  void visit(StringLiteral&, Expr&) {}
  void visit(Paren& node, Expr&) { check(*node.expr); }
  void visit(StepInvariant& node, Expr&) { check(*node.expr); }
  void visit(VectorSelector& node, Expr& expr) { selector(node, expr.range); }
  void visit(MatrixSelector& node, Expr&) {
    selector(node.selector, node.selector_range);
  }
  void visit(Unary& node, Expr& expr);
  void visit(Subquery& node, Expr& expr);
  void visit(Binary& node, Expr& expr);
  void visit(Aggregate& node, Expr& expr);
  void visit(Call& node, Expr& expr);

  void selector(const VectorSelector& node, TextRange range);
  void operands(const Binary& node);
  void matching(Binary& node, TextRange range);
  void set_operator(const Binary& node, TextRange range);
  void argument_count(const Call& node, TextRange range);
  void info_labels(Call& node, TextRange range);

  const Report& report_;
};

void Checker::visit(Unary& node, Expr& expr) {
  check(*node.expr);
  const ValueType type = node.expr->type;
  if (type == ValueType::kScalar || type == ValueType::kVector) return;
  mistake(expr.range,
          "unary expression only allowed on expressions of type scalar or "
          "instant vector, got " +
              quote(documented_name(type)));
}

void Checker::visit(Subquery& node, Expr& expr) {
  check(*node.expr);
  if (node.expr->type == ValueType::kVector) return;
  mistake(expr.range, "subquery is only allowed on instant vector, got " +
                          std::string(to_string(node.expr->type)) + " instead");
}

void Checker::visit(Aggregate& node, Expr&) {
  expect(*node.expr, ValueType::kVector, "aggregation expression");
  if (node.param == nullptr) return;
  const ValueType wanted = node.op == AggregateOp::kCountValues
                               ? ValueType::kString
                               : ValueType::kScalar;
  expect(*node.param, wanted, "aggregation parameter");
}

// A selector that could match every series is a mistake more often than not.
void Checker::selector(const VectorSelector& node, TextRange range) {
  if (!node.name.empty()) {
    for (std::size_t i = 0; i + 1 < node.matchers.size(); ++i) {
      if (node.matchers[i].name() != kMetricName) continue;
      mistake(range, "metric name must not be set twice: " + quote(node.name) +
                         " or " + quote(node.matchers[i].value()));
    }
    return;
  }
  if (node.selects_labels_only) return;
  for (const Matcher& matcher : node.matchers) {
    if (!matcher.matches_empty()) return;
  }
  mistake(range, "vector selector must contain at least one non-empty matcher");
}

// -- Binary operators

void Checker::visit(Binary& node, Expr& expr) {
  check(*node.lhs);
  check(*node.rhs);
  const bool compares = is_comparison(node.op);
  const bool scalars = node.lhs->type == ValueType::kScalar &&
                       node.rhs->type == ValueType::kScalar;
  if (node.return_bool && !compares) {
    mistake(node.op_range,
            "bool modifier can only be used on comparison operators");
  }
  if (compares && !node.return_bool && scalars) {
    mistake(node.op_range, "comparisons between scalars must use BOOL modifier",
            "write " + std::string(to_string(node.op)) + " bool");
  }
  if (is_set_operator(node.op) &&
      node.matching->cardinality == Cardinality::kOneToOne) {
    node.matching->cardinality = Cardinality::kManyToMany;
  }
  if (node.matching->on) {
    for (const std::string& label : node.matching->labels) {
      for (const std::string& included : node.matching->include) {
        if (label != included) continue;
        mistake(node.op_range,
                "label " + quote(label) +
                    " must not occur in ON and GROUP clause at once");
      }
    }
  }
  operands(node);
  matching(node, expr.range);
}

void Checker::operands(const Binary& node) {
  for (const Expr* operand : {node.lhs.get(), node.rhs.get()}) {
    if (operand->type == ValueType::kScalar ||
        operand->type == ValueType::kVector) {
      continue;
    }
    mistake(operand->range,
            "binary expression must contain only scalar and instant vector "
            "types");
  }
}

void Checker::matching(Binary& node, TextRange range) {
  const bool has_fill = node.matching->fill_left || node.matching->fill_right;
  if (node.lhs->type == ValueType::kVector &&
      node.rhs->type == ValueType::kVector) {
    if (is_set_operator(node.op)) set_operator(node, range);
    return;
  }
  if (!node.matching->labels.empty())
    mistake(range, "vector matching only allowed between instant vectors");
  if (has_fill) {
    mistake(range,
            "filling in missing series only allowed between instant vectors");
  }
  node.matching.reset();
  const bool has_scalar = node.lhs->type == ValueType::kScalar ||
                          node.rhs->type == ValueType::kScalar;
  if (has_scalar && is_set_operator(node.op)) {
    mistake(range, "set operator " + quote(to_string(node.op)) +
                       " not allowed in binary scalar expression");
  }
}

void Checker::set_operator(const Binary& node, TextRange range) {
  const VectorMatching& matching = *node.matching;
  if (matching.cardinality != Cardinality::kManyToMany) {
    mistake(range, "no grouping allowed for " + quote(to_string(node.op)) +
                       " operation");
    mistake(range, "set operations must always be many-to-many");
  }
  if (matching.fill_left || matching.fill_right) {
    mistake(range, "filling in missing series not allowed for set operators");
  }
}

// -- Calls

void Checker::visit(Call& node, Expr& expr) {
  const Function& function = *node.function;
  argument_count(node, expr.range);
  if (function.id == FunctionId::kInfo && node.args.size() > 1)
    info_labels(node, expr.range);
  const std::string context = "call to function " + quote(function.name);
  for (std::size_t i = 0; i < node.args.size(); ++i) {
    // What is too many is not checked on top of that.
    if (i >= function.arg_count && function.variadic == 0) break;
    expect(*node.args[i], function.arg_type(i), context);
  }
}

void Checker::argument_count(const Call& node, TextRange range) {
  const Function& function = *node.function;
  const std::size_t given = node.args.size();
  const std::size_t least = function.args_min();
  std::string expected;
  if (function.variadic == 0) {
    if (given != least) expected = std::to_string(least);
  } else if (given < least) {
    expected = "at least " + std::to_string(least);
  } else if (function.variadic > 0) {
    const std::size_t most =
        least + static_cast<std::size_t>(function.variadic);
    if (given > most) expected = "at most " + std::to_string(most);
  }
  if (expected.empty()) return;
  mistake(range, "expected " + expected + " argument(s) in call to " +
                     quote(function.name) + ", got " + std::to_string(given));
}

// info(v, {…}): the second argument names labels, so it has no metric name
// and may be empty.
void Checker::info_labels(Call& node, TextRange range) {
  Expr& second = *node.args[1];
  if (second.type != ValueType::kVector) {
    mistake(range, "expected type instant vector in call to function " +
                       quote(node.function->name) + ", got " +
                       name_of(second.type));
  }
  auto* selector = second.as<VectorSelector>();
  if (selector == nullptr) {
    mistake(second.range, "expected label selectors only");
  } else if (!selector->name.empty()) {
    mistake(second.range,
            "expected label selectors only, got vector selector instead");
  } else {
    selector->selects_labels_only = true;
  }
}

}  // namespace

void check_types(Expr& expr, const Report& report) {
  Checker(report).check(expr);
}

}  // namespace prom::promql
