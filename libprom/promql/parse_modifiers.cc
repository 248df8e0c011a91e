// What follows an operator or an operand: bool, on, group_left, fill;
// brackets, offset, @, anchored, smoothed.
#include <cmath>
#include <limits>

#include "libprom/base/number.h"
#include "libprom/promql/parser_internal.h"

namespace prom::promql {
namespace {

// The parts of a selector or subquery that modifiers change.
struct Modified {
  DurationValue* offset = nullptr;
  At* at = nullptr;
};

Modified modified(Expr& expr) {
  if (auto* vector = expr.as<VectorSelector>())
    return {&vector->offset, &vector->at};
  if (auto* matrix = expr.as<MatrixSelector>())
    return {&matrix->selector.offset, &matrix->selector.at};
  if (auto* subquery = expr.as<Subquery>())
    return {&subquery->offset, &subquery->at};
  return {};
}

// An offset is printed last.  One that is followed by another modifier needs
// parentheses then: "x offset (5m) + 3 @ 0" is "x @ 0 offset ((5m) + 3)".
void close_offset(const DurationValue* offset) {
  if (offset == nullptr || offset->expr == nullptr) return;
  DurationExpr& expr = *offset->expr;
  const bool is_call =
      expr.op == DurationOp::kMin || expr.op == DurationOp::kMax;
  if (expr.lhs != nullptr && !is_call) expr.in_parentheses = true;
}

VectorSelector* selector_of(Expr& expr) {
  if (auto* vector = expr.as<VectorSelector>()) return vector;
  if (auto* matrix = expr.as<MatrixSelector>()) return &matrix->selector;
  return nullptr;
}

constexpr std::string_view kSelectorsOnly =
    " modifier must be preceded by an instant vector selector or range "
    "vector selector or a subquery";

std::string fixed6(double value) {
  if (!std::isfinite(value)) return format_float(value);
  std::string text(512, '\0');
  const int size = std::snprintf(text.data(), text.size(), "%f", value);
  text.resize(static_cast<std::size_t>(std::max(size, 0)));
  return text;
}

// Unix seconds to milliseconds, saturating.
std::int64_t to_ms(double seconds) {
  constexpr double kEnd = 9223372036854775808.0;  // 2^63
  const double ms = std::round(seconds * 1000);
  if (ms >= kEnd) return std::numeric_limits<std::int64_t>::max();
  if (ms < -kEnd) return std::numeric_limits<std::int64_t>::min();
  return static_cast<std::int64_t>(ms);
}

}  // namespace

// "x offset (5) + 3" adds to the offset.  Where the tree says otherwise, which
// takes a sign or a modifier in between, the offset keeps a sign.
void Parser::separate_offset(Expr& lhs, BinaryOp op) {
  if (op > BinaryOp::kPower) return;
  Expr* last = &lhs;
  while (true) {
    if (auto* binary = last->as<Binary>()) {
      last = binary->rhs.get();
    } else if (auto* unary = last->as<Unary>()) {
      last = unary->expr.get();
    } else {
      break;
    }
  }
  DurationValue* offset = modified(*last).offset;
  if (offset == nullptr || offset->expr == nullptr ||
      !offset->expr->in_parentheses) {
    return;
  }
  auto plus = std::make_unique<DurationExpr>();
  plus->op = DurationOp::kPlus;
  plus->range = offset->expr->range;
  plus->rhs = std::move(offset->expr);
  offset->expr = std::move(plus);
}

// -- After a binary operator

bool Parser::binary_modifiers(Binary& node) {
  node.return_bool = take_if(TokenKind::kBool);
  VectorMatching& matching = *node.matching;
  const TokenKind kind = peek().kind;
  if (kind == TokenKind::kOn || kind == TokenKind::kIgnoring) {
    take();
    matching.on = kind == TokenKind::kOn;
    if (!grouping_labels(matching.labels) || !group_modifier(matching))
      return false;
  }
  return fill_modifiers(matching);
}

bool Parser::group_modifier(VectorMatching& matching) {
  const TokenKind kind = peek().kind;
  if (kind != TokenKind::kGroupLeft && kind != TokenKind::kGroupRight)
    return true;
  take();
  matching.cardinality = kind == TokenKind::kGroupLeft
                             ? Cardinality::kManyToOne
                             : Cardinality::kOneToMany;
  const TokenKind after = peek().kind;
  if (after != TokenKind::kLeftParen && begins_expression(after)) return true;
  return grouping_labels(matching.include);
}

bool Parser::fill_modifiers(VectorMatching& matching) {
  if (take_if(TokenKind::kFill)) {
    const auto value = fill_value();
    matching.fill_left = value;
    matching.fill_right = value;
    return value.has_value();
  }
  // Each side at most once, in any order.
  while (true) {
    const TokenKind kind = peek().kind;
    const bool left = kind == TokenKind::kFillLeft && !matching.fill_left;
    const bool right = kind == TokenKind::kFillRight && !matching.fill_right;
    if (!left && !right) return true;
    take();
    const auto value = fill_value();
    if (!value) return false;
    (left ? matching.fill_left : matching.fill_right) = value;
  }
}

std::optional<double> Parser::fill_value() {
  if (!expect(TokenKind::kLeftParen)) return std::nullopt;
  const bool negative = peek().kind == TokenKind::kSubtract;
  if (negative || peek().kind == TokenKind::kAdd) take();
  const auto value = unsigned_number();
  if (!value || !expect(TokenKind::kRightParen)) return std::nullopt;
  return negative ? -*value : *value;
}

std::optional<double> Parser::unsigned_number() {
  const TokenKind kind = peek().kind;
  if (kind == TokenKind::kNumber || kind == TokenKind::kDuration)
    return literal(take());
  stuck();
  return std::nullopt;
}

// -- Brackets

ExprPtr Parser::bracketed(ExprPtr expr) {
  const Token open = take();
  auto range = positive_duration();
  if (!range) {
    return stuck_ ? unexpected("subquery or range selector",
                               "number, duration, step(), or range()")
                  : nullptr;
  }
  if (take_if(TokenKind::kRightBracket)) {
    return matrix(std::move(expr), *std::move(range),
                  {open.range.begin, last_end_});
  }
  if (take_if(TokenKind::kColon))
    return subquery(std::move(expr), *std::move(range));
  return unexpected("subquery or range", "\":\" or \"]\"");
}

ExprPtr Parser::matrix(ExprPtr expr, DurationValue range, TextRange brackets) {
  auto* vector = expr->as<VectorSelector>();
  std::string_view mistake;
  if (vector == nullptr) {
    mistake = "ranges only allowed for vector selectors";
  } else if (vector->offset.is_set()) {
    mistake = "no offset modifiers allowed before range";
  } else if (vector->at.is_set()) {
    mistake = "no @ modifiers allowed before range";
  }
  if (!mistake.empty()) report(brackets, std::string(mistake));
  if (vector == nullptr) {
    tree_has_holes_ = true;
    return expr;
  }
  MatrixSelector node;
  node.selector = std::move(*vector);
  node.selector_range = expr->range;
  node.range = std::move(range);
  return make_expr(std::move(node), {expr->range.begin, brackets.end},
                   ValueType::kMatrix);
}

// expr[range: has been read.
ExprPtr Parser::subquery(ExprPtr expr, DurationValue range) {
  if (!count_operator(expr->range)) return nullptr;
  Subquery node;
  node.range = std::move(range);
  const std::size_t begin = expr->range.begin;
  node.expr = std::move(expr);
  if (peek().kind != TokenKind::kRightBracket) {
    auto step = positive_duration();
    if (!step) {
      return stuck_ ? unexpected("subquery selector",
                                 "number, duration, step(), range(), or \"]\"")
                    : nullptr;
    }
    node.step = *std::move(step);
  }
  if (!take_if(TokenKind::kRightBracket))
    return unexpected("subquery selector", "\"]\"");
  return make_expr(std::move(node), {begin, last_end_}, ValueType::kMatrix);
}

// -- offset

ExprPtr Parser::with_offset(ExprPtr expr) {
  take();
  auto value = offset_value();
  if (!value) {
    return stuck_ ? unexpected("offset", "number, duration, step(), or range()")
                  : nullptr;
  }
  DurationValue* offset = modified(*expr).offset;
  if (offset == nullptr) {
    report(expr->range, "offset" + std::string(kSelectorsOnly));
  } else if (offset->is_set()) {
    report(expr->range, "offset may not be set multiple times");
  } else {
    *offset = *std::move(value);
    expr->range.end = last_end_;
  }
  return expr;
}

// -- @

ExprPtr Parser::with_at(ExprPtr expr) {
  take();
  const auto value = at_time(*expr);
  if (!value) return stuck_ ? unexpected("@", "timestamp") : nullptr;
  At* at = modified(*expr).at;
  if (at == nullptr) {
    report(expr->range, "@" + std::string(kSelectorsOnly));
  } else if (at->is_set()) {
    report(expr->range, "@ <timestamp> may not be set multiple times");
  } else {
    *at = *value;
    expr->range.end = last_end_;
    close_offset(modified(*expr).offset);
  }
  return expr;
}

std::optional<At> Parser::at_time(const Expr& expr) {
  const TokenKind kind = peek().kind;
  if (kind == TokenKind::kStart || kind == TokenKind::kEnd) {
    take();
    if (!expect(TokenKind::kLeftParen) || !expect(TokenKind::kRightParen))
      return std::nullopt;
    return At{kind == TokenKind::kStart ? AtKind::kStart : AtKind::kEnd, 0};
  }
  const bool negative = kind == TokenKind::kSubtract;
  if (negative || kind == TokenKind::kAdd) take();
  const auto value = unsigned_number();
  if (!value) return std::nullopt;
  const double seconds = negative ? -*value : *value;
  constexpr double kEnd = 9223372036854775808.0;  // 2^63
  if (!(seconds < kEnd && seconds > -kEnd)) {
    report(expr.range,
           "timestamp out of bounds for @ modifier: " + fixed6(seconds));
    return At{AtKind::kTime, 0};
  }
  return At{AtKind::kTime, to_ms(seconds)};
}

// -- anchored, smoothed

ExprPtr Parser::with_extension(ExprPtr expr) {
  const Token token = take();
  const bool anchored = token.kind == TokenKind::kAnchored;
  const std::string modifier =
      std::string(anchored ? "anchored" : "smoothed") + " modifier";
  if (!options_.extended_range_selectors) {
    report(expr->range, modifier + " is experimental and not enabled",
           "it needs --enable-feature=promql-extended-range-selectors");
    return expr;
  }
  if (expr->as<Subquery>() != nullptr) {
    report(expr->range, modifier + " is not supported for subqueries");
    return expr;
  }
  VectorSelector* selector = selector_of(*expr);
  if (selector == nullptr) {
    report(expr->range, modifier + " not implemented");
    return expr;
  }
  (anchored ? selector->anchored : selector->smoothed) = true;
  close_offset(&selector->offset);
  if (selector->anchored && selector->smoothed) {
    report(expr->range,
           "anchored and smoothed modifiers cannot be used together");
  }
  return expr;
}

}  // namespace prom::promql
