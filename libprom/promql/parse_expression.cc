// Operators and their operands: precedence climbing.
#include <array>
#include <cmath>

#include "libprom/base/duration.h"
#include "libprom/base/suggest.h"
#include "libprom/base/utf8.h"
#include "libprom/promql/functions.h"
#include "libprom/promql/literals.h"
#include "libprom/promql/parser_internal.h"

namespace prom::promql {
namespace {

struct Operator {
  BinaryOp op;
  int precedence;
};

constexpr int kPowerPrecedence = 6;

std::optional<Operator> operator_of(TokenKind kind) {
  switch (kind) {
    case TokenKind::kOr:
      return Operator{BinaryOp::kOr, 1};
    case TokenKind::kAnd:
      return Operator{BinaryOp::kAnd, 2};
    case TokenKind::kUnless:
      return Operator{BinaryOp::kUnless, 2};
    case TokenKind::kEqual:
      return Operator{BinaryOp::kEqual, 3};
    case TokenKind::kNotEqual:
      return Operator{BinaryOp::kNotEqual, 3};
    case TokenKind::kLess:
      return Operator{BinaryOp::kLess, 3};
    case TokenKind::kLessEqual:
      return Operator{BinaryOp::kLessEqual, 3};
    case TokenKind::kGreater:
      return Operator{BinaryOp::kGreater, 3};
    case TokenKind::kGreaterEqual:
      return Operator{BinaryOp::kGreaterEqual, 3};
    case TokenKind::kTrimUpper:
      return Operator{BinaryOp::kTrimUpper, 3};
    case TokenKind::kTrimLower:
      return Operator{BinaryOp::kTrimLower, 3};
    case TokenKind::kAdd:
      return Operator{BinaryOp::kAdd, 4};
    case TokenKind::kSubtract:
      return Operator{BinaryOp::kSubtract, 4};
    case TokenKind::kMultiply:
      return Operator{BinaryOp::kMultiply, 5};
    case TokenKind::kDivide:
      return Operator{BinaryOp::kDivide, 5};
    case TokenKind::kModulo:
      return Operator{BinaryOp::kModulo, 5};
    case TokenKind::kAtan2:
      return Operator{BinaryOp::kAtan2, 5};
    case TokenKind::kPower:
      return Operator{BinaryOp::kPower, kPowerPrecedence};
    default:
      return std::nullopt;
  }
}

AggregateOp aggregate_op_of(TokenKind kind) {
  const auto index = static_cast<int>(kind) - static_cast<int>(TokenKind::kSum);
  return static_cast<AggregateOp>(index);
}
static_assert(static_cast<int>(TokenKind::kLimitRatio) -
                  static_cast<int>(TokenKind::kSum) ==
              static_cast<int>(AggregateOp::kLimitRatio));

std::string experimental_hint() {
  return "it needs --enable-feature=promql-experimental-functions";
}

std::string function_hint(std::string_view name) {
  std::vector<std::string> known;
  for (const Function& f : functions()) known.emplace_back(f.name);
  for (int i = 0; i <= static_cast<int>(AggregateOp::kLimitRatio); ++i)
    known.emplace_back(to_string(static_cast<AggregateOp>(i)));
  std::string lower(name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  const auto near = suggestions(lower, known);
  return near.empty() ? "" : "did you mean `" + near.front() + "`?";
}

}  // namespace

bool begins_expression(TokenKind kind) {
  switch (kind) {
    case TokenKind::kNumber:
    case TokenKind::kDuration:
    case TokenKind::kString:
    case TokenKind::kLeftParen:
    case TokenKind::kLeftBrace:
    case TokenKind::kAdd:
    case TokenKind::kSubtract:
      return true;
    default:
      return is_metric_name(kind);
  }
}

// Parses operands joined by operators that bind at least as tightly as
// `precedence_min`.
ExprPtr Parser::binary(int precedence_min) {
  ExprPtr lhs = signed_operand();
  while (lhs != nullptr) {
    const auto found = operator_of(peek().kind);
    if (!found || found->precedence < precedence_min) return lhs;
    const Token token = take();
    if (!count_operator(token.range)) return nullptr;
    Binary node;
    node.op = found->op;
    node.op_range = token.range;
    node.matching.emplace();
    if (!binary_modifiers(node)) return nullptr;
    const bool to_the_right = found->op == BinaryOp::kPower;
    node.rhs = binary(found->precedence + (to_the_right ? 0 : 1));
    if (node.rhs == nullptr) return nullptr;
    const TextRange range = {lhs->range.begin, node.rhs->range.end};
    const bool scalar =
        lhs->type == ValueType::kScalar && node.rhs->type == ValueType::kScalar;
    if (!options_.fill_modifiers &&
        (node.matching->fill_left || node.matching->fill_right)) {
      report(range, "binop fill modifiers are experimental and not enabled",
             "they need --enable-feature=promql-binop-fill-modifiers");
    }
    separate_offset(*lhs, found->op);
    node.lhs = std::move(lhs);
    lhs = make_expr(std::move(node), range,
                    scalar ? ValueType::kScalar : ValueType::kVector);
  }
  return nullptr;
}

// A sign binds less tightly than ^: -1^2 is -(1^2).
ExprPtr Parser::signed_operand() {
  const TokenKind kind = peek().kind;
  if (kind != TokenKind::kAdd && kind != TokenKind::kSubtract) return operand();
  const Nesting nesting(*this);
  if (!nesting.ok()) return nullptr;
  const Token sign = take();
  const bool negative = kind == TokenKind::kSubtract;
  ExprPtr expr = binary(kPowerPrecedence);
  if (expr == nullptr) return nullptr;
  const TextRange range = {sign.range.begin, expr->range.end};
  if (auto* literal = expr->as<NumberLiteral>()) {
    if (negative) literal->value = -literal->value;
    expr->range = range;
    return expr;
  }
  const ValueType type = expr->type;
  return make_expr(Unary{negative, std::move(expr)}, range, type);
}

// An operand and what binds tightest: brackets, offset, @, anchored.
ExprPtr Parser::operand() {
  ExprPtr expr = primary();
  while (expr != nullptr) {
    switch (peek().kind) {
      case TokenKind::kLeftBracket:
        expr = bracketed(std::move(expr));
        break;
      case TokenKind::kOffset:
        expr = with_offset(std::move(expr));
        break;
      case TokenKind::kAt:
        expr = with_at(std::move(expr));
        break;
      case TokenKind::kAnchored:
      case TokenKind::kSmoothed:
        expr = with_extension(std::move(expr));
        break;
      default:
        return expr;
    }
  }
  return nullptr;
}

ExprPtr Parser::primary() {
  const TokenKind kind = peek().kind;
  switch (kind) {
    case TokenKind::kNumber:
    case TokenKind::kDuration:
      return number();
    case TokenKind::kString:
      return string();
    case TokenKind::kLeftParen:
      return parenthesised();
    case TokenKind::kIdentifier:
    case TokenKind::kStart:
    case TokenKind::kEnd:
    case TokenKind::kStep:
    case TokenKind::kRange:
    case TokenKind::kMaxOf:
    case TokenKind::kMinOf: {
      const Token name = take();
      return peek().kind == TokenKind::kLeftParen ? call(name) : selector(name);
    }
    default:
      break;
  }
  if (!is_aggregation(kind)) return operand_selector();
  const Token name = take();
  const TokenKind after = peek().kind;
  const bool is_aggregate = after == TokenKind::kLeftParen ||
                            after == TokenKind::kBy ||
                            after == TokenKind::kWithout;
  return is_aggregate ? aggregate(name) : selector(name);
}

// The value of a number or duration token; a mistake is reported and reads as
// zero.
double Parser::literal(const Token& token) {
  if (token.kind == TokenKind::kDuration) {
    const auto ms = parse_duration_ms(text_of(token));
    if (ms) return static_cast<double>(*ms) / 1000;
    report(token.range, ms.error().message);
    return 0;
  }
  const auto value = number_value(text_of(token));
  if (value) return *value;
  report(token.range, value.error());
  return 0;
}

ExprPtr Parser::number() {
  const Token token = take();
  return make_expr(
      NumberLiteral{literal(token), token.kind == TokenKind::kDuration},
      token.range, ValueType::kScalar);
}

ExprPtr Parser::string() {
  const Token token = take();
  return make_expr(StringLiteral{string_value(text_of(token))}, token.range,
                   ValueType::kString);
}

ExprPtr Parser::parenthesised() {
  const Nesting nesting(*this);
  if (!nesting.ok()) return nullptr;
  const Token open = take();
  ExprPtr expr = binary(0);
  if (expr == nullptr) return nullptr;
  if (!expect(TokenKind::kRightParen)) return nullptr;
  const ValueType type = expr->type;
  return make_expr(Paren{std::move(expr)}, {open.range.begin, last_end_}, type);
}

// -- Aggregations

ExprPtr Parser::aggregate(const Token& op) {
  Aggregate node;
  node.op = aggregate_op_of(op.kind);
  std::vector<ExprPtr> args;
  bool ok = true;
  if (peek().kind != TokenKind::kLeftParen) ok = aggregate_clause(node);
  ok = ok && arguments(args);
  // The clause may follow the arguments instead.
  if (ok && !node.has_clause) ok = aggregate_clause(node);
  if (!ok) return stuck_ ? unexpected("aggregation", "") : nullptr;
  return finish_aggregate(std::move(node), std::move(args),
                          {op.range.begin, last_end_});
}

// by (…) or without (…), if there is one.
bool Parser::aggregate_clause(Aggregate& node) {
  const TokenKind kind = peek().kind;
  if (kind != TokenKind::kBy && kind != TokenKind::kWithout) return true;
  take();
  node.without = kind == TokenKind::kWithout;
  node.has_clause = true;
  return grouping_labels(node.grouping);
}

ExprPtr Parser::finish_aggregate(Aggregate node, std::vector<ExprPtr> args,
                                 TextRange range) {
  const std::size_t wanted = takes_parameter(node.op) ? 2 : 1;
  if (args.empty()) {
    report(range, "no arguments for aggregate expression provided");
  } else if (is_experimental(node.op) && !options_.experimental_functions) {
    report(range, std::string(to_string(node.op)) +
                      "() is experimental and must be enabled with "
                      "--enable-feature=promql-experimental-functions");
  } else if (args.size() != wanted) {
    report(range,
           "wrong number of arguments for aggregate expression provided, "
           "expected " +
               std::to_string(wanted) + ", got " + std::to_string(args.size()));
  }
  if (args.size() == wanted) {
    if (wanted == 2) node.param = std::move(args.front());
    node.expr = std::move(args.back());
  } else {
    tree_has_holes_ = true;
  }
  return make_expr(std::move(node), range, ValueType::kVector);
}

// -- Calls

ExprPtr Parser::call(const Token& name) {
  Call node;
  if (!arguments(node.args)) return nullptr;
  const TextRange range = {name.range.begin, last_end_};
  const std::string_view text = text_of(name);
  node.function = find_function(text);
  if (node.function == nullptr) {
    report(name.range, "unknown function with name " + quote(text),
           function_hint(text));
    tree_has_holes_ = true;
    return make_expr(std::move(node), range, ValueType::kNone);
  }
  if (node.function->experimental && !options_.experimental_functions) {
    report(name.range, "function " + quote(text) + " is not enabled",
           experimental_hint());
  }
  const ValueType type = node.function->returns;
  return make_expr(std::move(node), range, type);
}

// "(" arguments ")".
bool Parser::arguments(std::vector<ExprPtr>& args) {
  const Nesting nesting(*this);
  if (!nesting.ok() || !expect(TokenKind::kLeftParen)) return false;
  if (peek().kind != TokenKind::kRightParen) {
    do {
      ExprPtr arg = binary(0);
      if (arg == nullptr) return false;
      args.push_back(std::move(arg));
    } while (another_argument());
  }
  return expect(TokenKind::kRightParen);
}

// Skips a comma.  Commas without an argument after them are reported.
bool Parser::another_argument() {
  while (peek().kind == TokenKind::kComma) {
    const Token comma = take();
    if (begins_expression(peek().kind)) return true;
    report(comma.range, "trailing commas not allowed in function call args");
  }
  return false;
}

}  // namespace prom::promql
