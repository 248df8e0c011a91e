// Arithmetic in the place of a duration: [2 * step()], offset (5m + 30s).
#include "libprom/promql/literals.h"
#include "libprom/promql/parser_internal.h"

namespace prom::promql {
namespace {

constexpr int kPowerPrecedence = 3;

struct Operator {
  DurationOp op;
  int precedence;
};

std::optional<Operator> operator_of(TokenKind kind) {
  switch (kind) {
    case TokenKind::kAdd:
      return Operator{DurationOp::kAdd, 1};
    case TokenKind::kSubtract:
      return Operator{DurationOp::kSubtract, 1};
    case TokenKind::kMultiply:
      return Operator{DurationOp::kMultiply, 2};
    case TokenKind::kDivide:
      return Operator{DurationOp::kDivide, 2};
    case TokenKind::kModulo:
      return Operator{DurationOp::kModulo, 2};
    case TokenKind::kPower:
      return Operator{DurationOp::kPower, kPowerPrecedence};
    default:
      return std::nullopt;
  }
}

std::optional<DurationOp> call_of(TokenKind kind) {
  switch (kind) {
    case TokenKind::kStep:
      return DurationOp::kStep;
    case TokenKind::kRange:
      return DurationOp::kRange;
    case TokenKind::kMaxOf:
      return DurationOp::kMax;
    case TokenKind::kMinOf:
      return DurationOp::kMin;
    default:
      return std::nullopt;
  }
}

bool is_sign(TokenKind kind) {
  return kind == TokenKind::kAdd || kind == TokenKind::kSubtract;
}

bool is_number(TokenKind kind) {
  return kind == TokenKind::kNumber || kind == TokenKind::kDuration;
}

// NaN is out of every range.
bool is_out_of_range(double seconds) {
  return !(seconds <= kDurationSecondsMax && seconds >= -kDurationSecondsMax);
}

std::unique_ptr<DurationExpr> make_duration(DurationOp op, TextRange range) {
  auto made = std::make_unique<DurationExpr>();
  made->op = op;
  made->range = range;
  return made;
}

// A lone literal is a value; everything else is computed for each query.
DurationValue to_value(std::unique_ptr<DurationExpr> expr) {
  if (expr->op != DurationOp::kNumber) return {0, std::move(expr)};
  return {seconds_to_ms(expr->seconds), nullptr};
}

// "--5m + 3" would read differently once the signs are folded away, so that
// it is kept as "(5m + 3)".
void protect(DurationExpr& expr) {
  const DurationExpr* first = &expr;
  while (first->lhs != nullptr && !first->in_parentheses &&
         first->op != DurationOp::kMin && first->op != DurationOp::kMax) {
    first = first->lhs.get();
  }
  if (first != &expr && !first->in_parentheses) expr.in_parentheses = true;
}

}  // namespace

Parser::DurationPtr Parser::duration(int precedence_min) {
  return continue_duration(signed_duration(), precedence_min);
}

Parser::DurationPtr Parser::continue_duration(DurationPtr lhs,
                                              int precedence_min) {
  while (lhs != nullptr) {
    const auto found = operator_of(peek().kind);
    if (!found || found->precedence < precedence_min) return lhs;
    const Token op = take();
    if (!count_operator(op.range)) return nullptr;
    const bool to_the_right = found->op == DurationOp::kPower;
    DurationPtr rhs = duration(found->precedence + (to_the_right ? 0 : 1));
    if (rhs == nullptr) return nullptr;
    const bool by_zero = rhs->op == DurationOp::kNumber && rhs->seconds == 0;
    if (by_zero && found->op == DurationOp::kDivide)
      report(op.range, "division by zero");
    if (by_zero && found->op == DurationOp::kModulo)
      report(op.range, "modulo by zero");
    DurationPtr node =
        make_duration(found->op, {lhs->range.begin, rhs->range.end});
    node->lhs = std::move(lhs);
    node->rhs = std::move(rhs);
    lhs = std::move(node);
  }
  return nullptr;
}

Parser::DurationPtr Parser::signed_duration() {
  if (!is_sign(peek().kind)) return duration_operand();
  const Nesting nesting(*this);
  if (!nesting.ok()) return nullptr;
  const Token sign = take();
  return apply_sign(sign, duration(kPowerPrecedence));
}

Parser::DurationPtr Parser::apply_sign(const Token& sign, DurationPtr inner) {
  if (inner == nullptr) return nullptr;
  const bool negative = sign.kind == TokenKind::kSubtract;
  if (inner->op == DurationOp::kNumber) {
    if (negative) inner->seconds = -inner->seconds;
    inner->range.begin = sign.range.begin;
    return inner;
  }
  if (!negative) return inner;
  DurationPtr node =
      make_duration(DurationOp::kMinus, {sign.range.begin, inner->range.end});
  node->rhs = std::move(inner);
  return node;
}

Parser::DurationPtr Parser::duration_operand() {
  const TokenKind kind = peek().kind;
  if (is_number(kind)) return duration_literal();
  if (kind == TokenKind::kLeftParen) return duration_parenthesised();
  if (call_of(kind)) return duration_call(take());
  return stuck();
}

Parser::DurationPtr Parser::duration_literal() {
  const Token token = take();
  DurationPtr node = make_duration(DurationOp::kNumber, token.range);
  node->written_as_duration = token.kind == TokenKind::kDuration;
  node->seconds = literal(token);
  if (is_out_of_range(node->seconds)) {
    report(token.range, "duration out of range");
    node->seconds = 0;
  }
  return node;
}

// step(), range(), max_of(a, b), min_of(a, b).
Parser::DurationPtr Parser::duration_call(const Token& name) {
  const Nesting nesting(*this);
  if (!nesting.ok() || !expect(TokenKind::kLeftParen)) return nullptr;
  DurationPtr node = make_duration(*call_of(name.kind), name.range);
  if (node->op == DurationOp::kMax || node->op == DurationOp::kMin) {
    node->lhs = duration(0);
    if (node->lhs == nullptr || !expect(TokenKind::kComma)) return nullptr;
    node->rhs = duration(0);
    if (node->rhs == nullptr) return nullptr;
  }
  if (!expect(TokenKind::kRightParen)) return nullptr;
  node->range.end = last_end_;
  return node;
}

// A parenthesised literal becomes "+literal", because only arithmetic can
// carry parentheses.
Parser::DurationPtr Parser::duration_parenthesised() {
  const Nesting nesting(*this);
  if (!nesting.ok()) return nullptr;
  const Token open = take();
  DurationPtr inner = duration(0);
  if (inner == nullptr || !expect(TokenKind::kRightParen)) return nullptr;
  if (inner->op == DurationOp::kNumber) {
    DurationPtr node =
        make_duration(DurationOp::kPlus, {open.range.begin, last_end_});
    node->rhs = std::move(inner);
    inner = std::move(node);
  }
  inner->in_parentheses = true;
  return inner;
}

// After `offset` a literal, call or sign is the whole duration, so that
// "foo offset 5m + 3" adds to foo.  Only parentheses, and two signs, begin
// arithmetic; that is how upstream's grammar resolves it.
Parser::DurationPtr Parser::offset_duration() {
  const TokenKind kind = peek().kind;
  if (is_number(kind)) return duration_literal();
  if (call_of(kind)) return duration_call(take());
  if (!is_sign(kind)) return duration(0);
  const Nesting nesting(*this);
  if (!nesting.ok()) return nullptr;
  const Token sign = take();
  if (!is_sign(peek().kind)) return apply_sign(sign, duration_operand());
  return continue_duration(apply_sign(sign, duration(kPowerPrecedence)), 0);
}

std::optional<DurationValue> Parser::positive_duration() {
  DurationPtr expr = duration(0);
  if (expr == nullptr) return std::nullopt;
  // Less than a millisecond is nothing.
  if (expr->op == DurationOp::kNumber && seconds_to_ms(expr->seconds) <= 0)
    report(expr->range, "duration must be greater than 0");
  return to_value(std::move(expr));
}

std::optional<DurationValue> Parser::offset_value() {
  DurationPtr expr = offset_duration();
  if (expr == nullptr) return std::nullopt;
  protect(*expr);
  return to_value(std::move(expr));
}

}  // namespace prom::promql
