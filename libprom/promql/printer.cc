#include "libprom/promql/printer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <variant>

#include "libprom/base/duration.h"
#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/promql/functions.h"
#include "libprom/promql/literals.h"

namespace prom::promql {
namespace {

void append_labels(std::string& out, const std::vector<std::string>& labels) {
  out += " (";
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (i > 0) out += ", ";
    if (is_legacy_label_name(labels[i])) {
      out += labels[i];
    } else {
      append_quoted(out, labels[i]);
    }
  }
  out += ')';
}

void append_number(std::string& out, double value, bool as_duration) {
  if (as_duration) {
    if (value == 0 && std::signbit(value)) out += '-';
    out += format_duration(seconds_to_ms(value));
  } else {
    out += format_float_fixed(value);
  }
}

void append_duration(std::string& out, const DurationValue& duration) {
  if (duration.expr != nullptr) {
    append_duration_expr(out, *duration.expr);
  } else {
    out += format_duration(duration.ms);
  }
}

void append_at(std::string& out, const At& at) {
  switch (at.kind) {
    case AtKind::kNone:
      return;
    case AtKind::kStart:
      out += " @ start()";
      return;
    case AtKind::kEnd:
      out += " @ end()";
      return;
    case AtKind::kTime:
      break;
  }
  // Seconds with three decimals, without leaving the integers.
  const auto ms = static_cast<std::uint64_t>(at.ms);
  const std::uint64_t magnitude = at.ms < 0 ? 0 - ms : ms;
  const std::string decimals = std::to_string(magnitude % 1000);
  out += at.ms < 0 ? " @ -" : " @ ";
  out += std::to_string(magnitude / 1000) + ".";
  out.append(3 - decimals.size(), '0');
  out += decimals;
}

void append_offset(std::string& out, const DurationValue& offset) {
  if (!offset.is_set()) return;
  out += " offset ";
  append_duration(out, offset);
}

void append_extension(std::string& out, const VectorSelector& node) {
  if (node.anchored) {
    out += " anchored";
  } else if (node.smoothed) {
    out += " smoothed";
  }
}

// Name and matchers, the latter sorted by their text.
void append_selection(std::string& out, const VectorSelector& node) {
  std::vector<std::string> matchers;
  for (const Matcher& matcher : node.matchers) {
    const bool is_name = !node.name.empty() && matcher.name() == kMetricName &&
                         matcher.op() == MatchOp::kEqual &&
                         matcher.value() == node.name;
    if (!is_name) matchers.push_back(matcher.to_string());
  }
  out += node.name;
  // Without matchers only info()'s {} has no name either.
  if (matchers.empty() && !node.name.empty()) return;
  std::ranges::sort(matchers);
  out += '{';
  for (std::size_t i = 0; i < matchers.size(); ++i) {
    if (i > 0) out += ',';
    out += matchers[i];
  }
  out += '}';
}

class Printer {
 public:
  // Notes the length of every node in `sizes`, if there is one.
  explicit Printer(std::string& out, PrintedSizes* sizes = nullptr)
      : out_(out), sizes_(sizes) {}

  // Recursion is bounded by the parser's limits on the tree.
  void print(const Expr& expr) {
    const std::size_t begin = out_.size();
    std::visit([this](const auto& node) { visit(node); }, expr.node);
    if (sizes_ != nullptr) sizes_->emplace(&expr, out_.size() - begin);
  }

 private:
  void visit(const NumberLiteral& node) {
    append_number(out_, node.value, node.written_as_duration);
  }
  void visit(const StringLiteral& node) { append_quoted(out_, node.value); }
  void visit(const VectorSelector& node) {
    append_selection(out_, node);
    append_at(out_, node.at);
    append_extension(out_, node);
    append_offset(out_, node.offset);
  }
  void visit(const MatrixSelector& node) {
    append_selection(out_, node.selector);
    out_ += '[';
    append_duration(out_, node.range);
    out_ += ']';
    append_extension(out_, node.selector);
    append_at(out_, node.selector.at);
    append_offset(out_, node.selector.offset);
  }
  void visit(const Subquery& node) {
    print(*node.expr);
    append_subquery_suffix(out_, node);
  }
  void visit(const Paren& node) {
    out_ += '(';
    print(*node.expr);
    out_ += ')';
  }
  void visit(const Unary& node) {
    out_ += node.negative ? '-' : '+';
    print(*node.expr);
  }
  void visit(const Binary& node) {
    if (is_unsigned_infinity(node)) {
      out_ += "Inf";
    } else {
      print(*node.lhs);
    }
    out_ += ' ';
    out_ += to_string(node.op);
    append_binary_modifiers(out_, node);
    out_ += ' ';
    print(*node.rhs);
  }
  void visit(const Aggregate& node) {
    append_aggregate_head(out_, node);
    out_ += '(';
    if (node.param != nullptr) {
      print(*node.param);
      out_ += ", ";
    }
    print(*node.expr);
    out_ += ')';
  }
  void visit(const Call& node) {
    out_ += node.function->name;
    out_ += '(';
    for (std::size_t i = 0; i < node.args.size(); ++i) {
      if (i > 0) out_ += ", ";
      print(*node.args[i]);
    }
    out_ += ')';
  }
  void visit(const StepInvariant& node) { print(*node.expr); }

  std::string& out_;
  PrintedSizes* const sizes_;
};

std::string_view symbol(DurationOp op) {
  switch (op) {
    case DurationOp::kAdd:
      return " + ";
    case DurationOp::kSubtract:
      return " - ";
    case DurationOp::kMultiply:
      return " * ";
    case DurationOp::kDivide:
      return " / ";
    case DurationOp::kModulo:
      return " % ";
    case DurationOp::kPower:
      return " ^ ";
    default:
      return "";
  }
}

// What stands inside of an expression's parentheses, if it has any.
void append_bare(std::string& out, const DurationExpr& expr) {
  switch (expr.op) {
    case DurationOp::kNumber:
      append_number(out, expr.seconds, expr.written_as_duration);
      return;
    case DurationOp::kStep:
      out += "step()";
      return;
    case DurationOp::kRange:
      out += "range()";
      return;
    case DurationOp::kPlus:
      // In parentheses it only carries them.
      if (!expr.in_parentheses) out += '+';
      append_duration_expr(out, *expr.rhs);
      return;
    case DurationOp::kMinus:
      out += '-';
      append_duration_expr(out, *expr.rhs);
      return;
    case DurationOp::kMin:
    case DurationOp::kMax:
      out += expr.op == DurationOp::kMin ? "min_of(" : "max_of(";
      append_duration_expr(out, *expr.lhs);
      out += ", ";
      append_duration_expr(out, *expr.rhs);
      out += ')';
      return;
    default:
      append_duration_expr(out, *expr.lhs);
      out += symbol(expr.op);
      append_duration_expr(out, *expr.rhs);
  }
}

}  // namespace

void append_duration_expr(std::string& out, const DurationExpr& expr) {
  if (expr.in_parentheses) out += '(';
  append_bare(out, expr);
  if (expr.in_parentheses) out += ')';
}

void append_aggregate_head(std::string& out, const Aggregate& node) {
  out += to_string(node.op);
  if (!node.without && node.grouping.empty()) return;
  out += node.without ? " without" : " by";
  append_labels(out, node.grouping);
  out += ' ';
}

void append_binary_modifiers(std::string& out, const Binary& node) {
  if (node.return_bool) out += " bool";
  if (!node.matching) return;
  const VectorMatching& matching = *node.matching;
  const bool grouped = matching.cardinality == Cardinality::kManyToOne ||
                       matching.cardinality == Cardinality::kOneToMany;
  if (matching.on || grouped || !matching.labels.empty()) {
    out += matching.on ? " on" : " ignoring";
    append_labels(out, matching.labels);
  }
  if (grouped) {
    out += matching.cardinality == Cardinality::kManyToOne ? " group_left"
                                                           : " group_right";
    append_labels(out, matching.include);
  }
  const auto fill = [&](std::string_view word, double value) {
    out.append(" ").append(word).append(" (");
    append_float_go_g(out, value);
    out += ')';
  };
  if (matching.fill_left && matching.fill_left == matching.fill_right) {
    fill("fill", *matching.fill_left);
    return;
  }
  if (matching.fill_left) fill("fill_left", *matching.fill_left);
  if (matching.fill_right) fill("fill_right", *matching.fill_right);
}

bool is_unsigned_infinity(const Binary& node) {
  const auto* base = node.lhs->as<NumberLiteral>();
  return node.op == BinaryOp::kPower && base != nullptr &&
         base->value == std::numeric_limits<double>::infinity();
}

void append_subquery_suffix(std::string& out, const Subquery& node) {
  out += '[';
  append_duration(out, node.range);
  out += ':';
  if (node.step.is_set()) append_duration(out, node.step);
  out += ']';
  append_at(out, node.at);
  append_offset(out, node.offset);
}

void append_expr(std::string& out, const Expr& expr) {
  Printer(out).print(expr);
}

PrintedSizes printed_sizes(const Expr& root) {
  PrintedSizes sizes;
  std::string text;
  Printer(text, &sizes).print(root);
  return sizes;
}

std::string to_string(const Expr& expr) {
  std::string text;
  append_expr(text, expr);
  return text;
}

}  // namespace prom::promql
