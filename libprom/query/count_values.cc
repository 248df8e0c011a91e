// count_values: how often each value occurs.
#include <bit>
#include <unordered_map>

#include <boost/unordered/unordered_flat_map.hpp>

#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/query/evaluator.h"
#include "libprom/query/grouping.h"

namespace prom::query {

Result<StreamPtr> count_values(Evaluator& evaluator,
                               const promql::Aggregate& node,
                               const Steps& steps) {
  const std::string& label =
      promql::unwrap(*node.param).as<promql::StringLiteral>()->value;
  if (label.empty() || !is_valid_utf8(label)) {
    return fail(Code::kExecution, "invalid label name " + quote(label));
  }
  auto made = evaluator.table(*node.expr, steps);
  if (!made) return fail(std::move(made).error());
  const TablePtr table = std::move(*made);
  std::vector<std::string> names = node.grouping;
  if (!node.without) names.push_back(label);
  const Grouping grouping(names, node.without);

  Rows rows;
  Cells empty;
  empty.reset(1, steps.count);
  boost::unordered_flat_map<Labels, std::size_t, LabelsHash> targets;
  // As many rows as there are values: the limits are asked as they grow.
  Reservation reservation(evaluator.query.budget);
  const auto target_of = [&](std::size_t row,
                             std::string_view value) -> Result<std::size_t> {
    LabelsBuilder builder(table->labels_at(row));
    builder.set(label, value);
    Labels labels = grouping.labels_of(builder.build());
    const auto [at, is_new] = targets.try_emplace(labels, rows.labels.size());
    if (is_new) {
      auto reserved =
          reservation.add(0, steps.count * (sizeof(double) + sizeof(CellKind)));
      if (!reserved) return fail(std::move(reserved).error());
      rows.add(std::move(labels), false);
      rows.cells.append_row(empty, 0);
    }
    return at->second;
  };
  const Cells& cells = table->cells();
  // Values tend to stay from step to step: rows by the bits of a row's values.
  using Known = boost::unordered_flat_map<std::uint64_t, std::size_t>;
  const auto target_at = [&](std::size_t row, std::size_t at,
                             Known& known) -> Result<std::size_t> {
    if (cells.kind(at) == CellKind::kHistogram)
      return target_of(row, cells.histogram(at)->to_string());
    const auto bits = std::bit_cast<std::uint64_t>(cells.value(at));
    if (const auto found = known.find(bits); found != known.end())
      return found->second;
    auto target = target_of(row, format_float_fixed(cells.value(at)));
    if (target) known.emplace(bits, *target);
    return target;
  };
  for (std::size_t row = 0; row < table->size(); ++row) {
    auto ok = evaluator.query.check();
    if (!ok) return fail(std::move(ok).error());
    Known known;
    for (std::size_t step = 0; step < steps.count; ++step) {
      const std::size_t at = row * steps.count + step;
      if (cells.kind(at) == CellKind::kNone) continue;
      auto target = target_at(row, at, known);
      if (!target) return fail(std::move(target).error());
      const std::size_t to = *target * steps.count + step;
      const double before =
          rows.cells.kind(to) == CellKind::kFloat ? rows.cells.value(to) : 0;
      rows.cells.set(to, before + 1);
    }
  }
  reservation.release();
  return Table::make(evaluator.query, std::move(rows), steps.count);
}

}  // namespace prom::query
