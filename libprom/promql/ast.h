// The syntax tree of a PromQL expression.
//
// parser.h builds it; the engine, the rules, printer.h, lint.h and the
// explainer walk it.  An Expr owns its children and is used by one thread at a
// time while it is changed; a finished tree may be read by many.
//
// Every node knows its place in the text, the same bytes that upstream reports
// (so an annotation of the engine names upstream's line and column), and its
// type, which the parser has checked.  The height of a tree is bounded by
// kNestingMax and kOperatorsMax of parser.h, so recursion over it is safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "libprom/base/diagnostic.h"
#include "libprom/model/matcher.h"
#include "libprom/promql/types.h"

namespace prom::promql {

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;
struct Function;  // functions.h

// -- Durations

enum class DurationOp : std::uint8_t {
  kNumber,    // a literal
  kStep,      // step(): the query's step
  kRange,     // range(): end - start of the query
  kMin,       // min_of(lhs, rhs)
  kMax,       // max_of(lhs, rhs)
  kPlus,      // +rhs; in parentheses it only carries them, as in "(5)"
  kMinus,     // -rhs
  kAdd,       // lhs + rhs
  kSubtract,  // lhs - rhs
  kMultiply,  // lhs * rhs
  kDivide,    // lhs / rhs
  kModulo,    // lhs % rhs
  kPower,     // lhs ^ rhs
};

// Arithmetic in the place of a duration: foo[2 * step()].
struct DurationExpr {
  DurationOp op = DurationOp::kNumber;
  bool in_parentheses = false;
  bool written_as_duration = false;  // kNumber: "5m" rather than "300"
  double seconds = 0;                // kNumber
  std::unique_ptr<DurationExpr> lhs;
  std::unique_ptr<DurationExpr> rhs;
  TextRange range;
};

// A range, a step or an offset.  `ms` is final when `expr` is null; else
// resolve_durations() of prepare.h has to compute it for a query.
struct DurationValue {
  std::int64_t ms = 0;
  std::unique_ptr<DurationExpr> expr;

  [[nodiscard]] bool is_set() const { return ms != 0 || expr != nullptr; }
};

// -- The @ modifier

enum class AtKind : std::uint8_t {
  kNone,
  kTime,   // @ 1609746000: `ms` is set
  kStart,  // @ start(): resolved by prepare.h
  kEnd,    // @ end()
};

struct At {
  AtKind kind = AtKind::kNone;
  std::int64_t ms = 0;

  [[nodiscard]] bool is_set() const { return kind != AtKind::kNone; }
};

// -- Leaves

struct NumberLiteral {
  double value = 0;
  bool written_as_duration = false;  // "5m" rather than "300"
};

struct StringLiteral {
  std::string value;
};

struct VectorSelector {
  // The name written before the braces; "" when there is none.  `matchers`
  // then has the matching __name__ as its last element.
  std::string name;
  Matchers matchers;
  DurationValue offset;  // as written; negative looks ahead
  At at;
  bool anchored = false;
  bool smoothed = false;
  // The second argument of info(): selects labels, not series, and so may
  // have no matcher at all.
  bool selects_labels_only = false;
};

// foo[5m]: the selector's offset, @ and modifiers are those written after the
// brackets.
struct MatrixSelector {
  VectorSelector selector;
  TextRange selector_range;  // without "[5m]" and what follows it
  DurationValue range;
};

// -- Inner nodes

// expr[range:step]
struct Subquery {
  ExprPtr expr;
  DurationValue range;
  DurationValue step;  // not set: the default step of the query's options
  DurationValue offset;
  At at;
};

struct Paren {
  ExprPtr expr;
};

struct Unary {
  bool negative = false;  // -expr, else +expr
  ExprPtr expr;
};

enum class BinaryOp : std::uint8_t {
  // Up to kPower the operators that durations have too.
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kPower,
  kAtan2,
  kEqual,  // ==
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kTrimUpper,  // </ of native histograms
  kTrimLower,  // >/
  kAnd,
  kOr,
  kUnless,
};
// "+", "==", "unless".
std::string_view to_string(BinaryOp op);
bool is_comparison(BinaryOp op);  // == != < <= > >=
bool is_set_operator(BinaryOp op);

enum class Cardinality : std::uint8_t {
  kOneToOne,
  kManyToOne,  // group_left
  kOneToMany,  // group_right
  kManyToMany  // set operators
};

// How the series of two instant vectors find each other.
struct VectorMatching {
  Cardinality cardinality = Cardinality::kOneToOne;
  bool on = false;                   // on(labels), else ignoring(labels)
  std::vector<std::string> labels;   // as written
  std::vector<std::string> include;  // of group_left, group_right
  // The value to stand in for a series that is missing on that side.
  std::optional<double> fill_left;
  std::optional<double> fill_right;
};

struct Binary {
  BinaryOp op = BinaryOp::kAdd;
  ExprPtr lhs;
  ExprPtr rhs;
  bool return_bool = false;
  // Set exactly when both operands are instant vectors.
  std::optional<VectorMatching> matching;
  TextRange op_range;  // the operator's own bytes, without modifiers
};

enum class AggregateOp : std::uint8_t {
  kSum,
  kAvg,
  kCount,
  kMin,
  kMax,
  kGroup,
  kStddev,
  kStdvar,
  kTopk,
  kBottomk,
  kCountValues,
  kQuantile,
  kLimitk,
  kLimitRatio,
};
// "sum", "count_values".
std::string_view to_string(AggregateOp op);
// topk(5, …): the aggregation has a parameter before its vector.
bool takes_parameter(AggregateOp op);
bool is_experimental(AggregateOp op);

struct Aggregate {
  AggregateOp op = AggregateOp::kSum;
  ExprPtr param;  // null unless takes_parameter(op)
  ExprPtr expr;
  std::vector<std::string> grouping;  // as written
  bool without = false;
  bool has_clause = false;  // "by ()" was written, even if it is empty
};

struct Call {
  const Function* function = nullptr;  // never null in a parsed tree
  std::vector<ExprPtr> args;
};

// What has the same value at every step of a query.  Only prepare.h makes it.
struct StepInvariant {
  ExprPtr expr;
};

// -- The node

struct Expr {
  using Node = std::variant<NumberLiteral, StringLiteral, VectorSelector,
                            MatrixSelector, Subquery, Paren, Unary, Binary,
                            Aggregate, Call, StepInvariant>;
  Node node;
  TextRange range;
  ValueType type = ValueType::kNone;

  template <typename T>
  [[nodiscard]] const T* as() const {
    return std::get_if<T>(&node);
  }
  template <typename T>
  [[nodiscard]] T* as() {
    return std::get_if<T>(&node);
  }
};

template <typename T>
ExprPtr make_expr(T node, TextRange range, ValueType type) {
  auto expr = std::make_unique<Expr>();
  expr->node = std::move(node);
  expr->range = range;
  expr->type = type;
  return expr;
}

// The expression inside any number of parentheses and step-invariant marks.
const Expr& unwrap(const Expr& expr);

// A copy that shares nothing.
ExprPtr clone(const Expr& expr);

// Same meaning and same spelling, wherever they stand in the text.
bool same_tree(const Expr& a, const Expr& b);

}  // namespace prom::promql
