// and, or, unless.
#include "libprom/query/evaluator.h"
#include "libprom/query/grouping.h"

namespace prom::query {

namespace {

// By match group and step: whether a series of the table has a value there.
class Presence {
 public:
  Presence(const Table& table, const std::vector<std::uint32_t>& groups,
           std::size_t group_count)
      : steps_(table.steps()), present_(group_count * table.steps()) {
    for (std::size_t row = 0; row < table.size(); ++row) {
      for (std::size_t step = 0; step < steps_; ++step) {
        if (table.cells().kind(row * steps_ + step) == CellKind::kNone)
          continue;
        present_[groups[row] * steps_ + step] = true;
      }
    }
  }
  [[nodiscard]] bool at(std::uint32_t group, std::size_t step) const {
    return present_[group * steps_ + step];
  }

 private:
  const std::size_t steps_;
  std::vector<bool> present_;
};

// Appends the cells of which the other side has a value, or has none.
void append_where(const QueryContext& query, const Table& table,
                  const std::vector<std::uint32_t>& groups,
                  const Presence& other, bool present, Rows& rows) {
  const std::size_t steps = table.steps();
  for (std::size_t row = 0; row < table.size(); ++row) {
    if (query.gives_up(row)) return;
    rows.cells.append_row(table.cells(), row);
    rows.add(table.labels(row), table.drops_name(row));
    const std::size_t begin = (rows.labels.size() - 1) * steps;
    for (std::size_t step = 0; step < steps; ++step) {
      if (other.at(groups[row], step) != present) {
        rows.cells.clear(begin + step);
      }
    }
  }
}

}  // namespace

Result<StreamPtr> set_operation(Evaluator& evaluator,
                                const promql::Binary& node,
                                const Steps& steps) {
  auto lhs = evaluator.table(*node.lhs, steps);
  if (!lhs) return fail(std::move(lhs).error());
  auto rhs = evaluator.table(*node.rhs, steps);
  if (!rhs) return fail(std::move(rhs).error());
  const promql::VectorMatching& matching = *node.matching;
  Grouping grouping(matching.labels, !matching.on);
  const std::vector<std::uint32_t> left =
      grouping.groups_of(evaluator.query, **lhs);
  const std::vector<std::uint32_t> right =
      grouping.groups_of(evaluator.query, **rhs);
  auto ok = evaluator.query.check();
  if (!ok) return fail(std::move(ok).error());
  Rows rows;
  if (node.op == promql::BinaryOp::kOr) {
    const Presence of_left(**lhs, left, grouping.count());
    rows = std::move(**lhs).take();
    append_where(evaluator.query, **rhs, right, of_left, false, rows);
    auto merged = merge_same_labels(evaluator.query, rows, false);
    if (!merged) return fail(std::move(merged).error());
  } else {
    const Presence of_right(**rhs, right, grouping.count());
    append_where(evaluator.query, **lhs, left, of_right,
                 node.op == promql::BinaryOp::kAnd, rows);
  }
  return Table::make(evaluator.query, std::move(rows), steps.count);
}

}  // namespace prom::query
