// sum, avg, count, min, max, group, stddev, stdvar, quantile: aggregations
// that read their input in batches and keep partial results only.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <optional>

#include "libprom/query/evaluator.h"
#include "libprom/query/grouping.h"
#include "libprom/query/notes.h"
#include "libprom/query/partial_aggregate.h"

namespace prom::query {

using promql::AggregateOp;

namespace {

// So many partials that the larger ones still fit into caches; how many
// depends on the data only, and so does the result.
std::size_t parts_for(std::size_t cells) {
  constexpr std::size_t kCellsForMany = std::size_t{1} << 18U;
  constexpr std::size_t kMany = 8;
  constexpr std::size_t kFew = 2;
  return cells <= kCellsForMany ? kMany : kFew;
}

// Of parameters that change from step to step only the extremes are named.
void check_extremes(const ScalarValues& parameters, TextRange where,
                    Annotations& annotations) {
  double min = 0;
  double max = 1;
  double nan = 0;
  for (const double value : parameters) {
    if (std::isnan(value)) nan = value;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  notes::check_quantiles(std::array{min, max, nan}, where, annotations);
}

// Fills the partials and joins them.
Result<PartialAggregate> accumulate(Evaluator& evaluator, const Stream& input,
                                    const promql::Aggregate& node,
                                    const std::vector<std::uint32_t>& groups,
                                    std::size_t group_count) {
  const std::size_t cells = group_count * input.steps();
  const std::size_t parts = part_count(input, parts_for(cells));
  Reservation reservation(evaluator.query.budget);
  auto reserved = reservation.add(
      0, parts * cells * PartialAggregate::bytes_per_cell(node.op));
  if (!reserved) return fail(std::move(reserved).error());
  std::vector<std::optional<PartialAggregate>> partials(parts);
  const TextRange where = node.expr->range;
  auto read = read_all(
      evaluator.query, input, parts, evaluator.annotations,
      [&](std::size_t part, std::size_t first, const Cells& batch,
          Worker& worker) -> Status {
        auto& partial = partials[part];
        if (!partial) partial.emplace(node.op, group_count, input.steps());
        std::size_t series = first;
        const PartialAggregate::Complaints complaints{
            [&] {
              worker.annotations.warn(
                  notes::mixed_schemas(input.labels(series).metric_name()),
                  where);
            },
            [&] {
              worker.annotations.info(
                  notes::histogram_ignored(to_string(node.op)), where);
            }};
        for (std::size_t row = 0; row < batch.rows(); ++row, ++series) {
          partial->add_row(groups[series], series, input.drops_name(series),
                           batch, row, complaints);
        }
        return {};
      });
  if (!read) return fail(std::move(read).error());
  for (auto& partial : partials) {
    if (!partial) partial.emplace(node.op, group_count, input.steps());
  }
  for (std::size_t part = 1; part < parts; ++part) {
    partials[0]->merge(std::move(*partials[part]));
    partials[part].reset();
  }
  return std::move(*partials[0]);
}

void set_histogram(const HistogramAggregate& aggregate, TextRange where,
                   std::size_t at, Cells& cells, Annotations& annotations) {
  FloatHistogram result = aggregate.result();
  result.compact();
  cells.set(at, std::make_shared<FloatHistogram>(std::move(result)));
  if (aggregate.resets_conflict()) {
    annotations.warn(notes::conflicting_resets("aggregation"), where);
  }
  if (aggregate.bounds_reconciled()) {
    annotations.info(notes::reconciled_buckets("aggregation"), where);
  }
}

}  // namespace

Result<StreamPtr> aggregate(Evaluator& evaluator, const promql::Expr& expr,
                            const promql::Aggregate& node, const Steps& steps) {
  if (node.op == AggregateOp::kCountValues) {
    return count_values(evaluator, node, steps);
  }
  if (node.op == AggregateOp::kTopk || node.op == AggregateOp::kBottomk ||
      node.op == AggregateOp::kLimitk || node.op == AggregateOp::kLimitRatio) {
    return aggregate_pick(evaluator, expr, node, steps);
  }
  ScalarValues parameters;
  if (node.param != nullptr) {
    auto values = evaluator.scalar(*node.param, steps);
    if (!values) return fail(std::move(values).error());
    parameters = std::move(*values);
    check_extremes(parameters, node.param->range, evaluator.annotations);
  }
  auto made = evaluator.vector(*node.expr, steps);
  if (!made) return made;
  const StreamPtr input = std::move(*made);
  Grouping grouping(node.grouping, node.without);
  const std::vector<std::uint32_t> groups =
      grouping.groups_of(evaluator.query, *input);
  auto total = accumulate(evaluator, *input, node, groups, grouping.count());
  if (!total) return fail(std::move(total).error());

  // Groups appear in the order of their first series.
  std::vector<std::size_t> order(grouping.count());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(
      order, {}, [&](std::size_t group) { return total->first_series(group); });
  Rows rows;
  Cells row;
  for (const std::size_t group : order) {
    const std::size_t first = total->first_series(group);
    if (first == PartialAggregate::kNever) break;
    row.reset(1, steps.count);
    for (std::size_t step = 0; step < steps.count; ++step) {
      const auto value =
          total->finish(group, step, parameters.empty() ? 0 : parameters[step]);
      switch (value.outcome) {
        case PartialAggregate::Outcome::kNone:
          break;
        case PartialAggregate::Outcome::kFloat:
          row.set(step, value.value);
          break;
        case PartialAggregate::Outcome::kHistogram:
          set_histogram(*value.histogram, node.expr->range, step, row,
                        evaluator.annotations);
          break;
        case PartialAggregate::Outcome::kMixed:
          evaluator.annotations.warn(notes::mixed_in_aggregation(),
                                     node.expr->range);
          break;
      }
    }
    if (row.row_is_empty(0)) continue;
    rows.add(grouping.labels_of(input->labels(first)),
             total->drops_name(group));
    rows.cells.append_row(row, 0);
  }
  return Table::make(evaluator.query, std::move(rows), steps.count);
}

}  // namespace prom::query
