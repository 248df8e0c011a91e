// Binary operators with a scalar on at least one side.
#include <cmath>

#include "libprom/query/binary_element.h"
#include "libprom/query/evaluator.h"

namespace prom::query {

using promql::BinaryOp;

Result<ScalarValues> binary_of_scalars(Evaluator& evaluator,
                                       const promql::Binary& node,
                                       const Steps& steps) {
  auto lhs = evaluator.scalar(*node.lhs, steps);
  if (!lhs) return lhs;
  auto rhs = evaluator.scalar(*node.rhs, steps);
  if (!rhs) return rhs;
  for (std::size_t i = 0; i < steps.count; ++i) {
    (*lhs)[i] = apply_scalars(node.op, (*lhs)[i], (*rhs)[i]);
  }
  return lhs;
}

namespace {

// What a mapping over cells needs to know of its expression.
struct ScalarOperation {
  BinaryOp op = BinaryOp::kAdd;
  bool return_bool = false;
  bool scalar_is_left = false;
  TextRange where;
  ScalarValues scalar;  // one per step
};

void map_cell(const ScalarOperation& operation, std::size_t at, double scalar,
              Cells& cells, Annotations& annotations) {
  Element vector;
  vector.value = cells.value(at);
  if (cells.kind(at) == CellKind::kHistogram) {
    vector.histogram = cells.histogram(at);
  }
  Element other;
  other.value = scalar;
  const bool swap = operation.scalar_is_left;
  ElementResult result =
      apply(operation.op, swap ? other : vector, swap ? vector : other,
            annotations, operation.where);
  const bool filtered = !operation.return_bool && !result.keep;
  if (result.incompatible || filtered) {
    cells.clear(at);
  } else if (operation.return_bool) {
    cells.set(at, result.keep ? 1.0 : 0.0);
  } else if (is_comparison(operation.op)) {
    return;  // the vector's element stays, whichever side it is on
  } else if (result.histogram != nullptr) {
    cells.set(at, std::move(result.histogram));
  } else {
    cells.set(at, result.value);
  }
}

// The common operators on floats alone, without a branch per cell.
template <typename Op>
void map_floats(const ScalarOperation& operation, Cells& cells, Op op) {
  const auto values = cells.values();
  const std::size_t steps = cells.steps();
  for (std::size_t row = 0; row < cells.rows(); ++row) {
    for (std::size_t step = 0; step < steps; ++step) {
      double& value = values[row * steps + step];
      const double scalar = operation.scalar[step];
      value = operation.scalar_is_left ? op(scalar, value) : op(value, scalar);
    }
  }
}

bool map_arithmetic(const ScalarOperation& operation, Cells& cells) {
  switch (operation.op) {
    case BinaryOp::kAdd:
      map_floats(operation, cells, std::plus<>());
      return true;
    case BinaryOp::kSubtract:
      map_floats(operation, cells, std::minus<>());
      return true;
    case BinaryOp::kMultiply:
      map_floats(operation, cells, std::multiplies<>());
      return true;
    case BinaryOp::kDivide:
      map_floats(operation, cells, std::divides<>());
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<StreamPtr> binary_with_scalar(Evaluator& evaluator,
                                     const promql::Expr& expr,
                                     const promql::Binary& node,
                                     const Steps& steps) {
  ScalarOperation operation;
  operation.op = node.op;
  operation.return_bool = node.return_bool;
  operation.scalar_is_left = node.lhs->type == promql::ValueType::kScalar;
  operation.where = expr.range;
  const promql::Expr& scalar = operation.scalar_is_left ? *node.lhs : *node.rhs;
  const promql::Expr& vector = operation.scalar_is_left ? *node.rhs : *node.lhs;
  auto values = evaluator.scalar(scalar, steps);
  if (!values) return fail(std::move(values).error());
  operation.scalar = std::move(*values);
  auto input = evaluator.vector(vector, steps);
  if (!input) return input;
  const bool drops = changes_meaning(node.op) || node.return_bool;
  return map_stream(
      evaluator.query, std::move(*input), {.drop_name = drops},
      [operation = std::move(operation)](Cells& cells,
                                         Worker& worker) -> Status {
        if (!cells.has_histograms() && map_arithmetic(operation, cells)) {
          return {};
        }
        for (std::size_t at = 0; at < cells.size(); ++at) {
          if (cells.kind(at) == CellKind::kNone) continue;
          map_cell(operation, at, operation.scalar[at % cells.steps()], cells,
                   worker.annotations);
        }
        return {};
      },
      evaluator.annotations);
}

}  // namespace prom::query
