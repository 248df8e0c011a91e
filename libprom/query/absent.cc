// absent and absent_over_time.
#include <set>

#include "libprom/query/evaluator.h"
#include "libprom/query/window_stream.h"

namespace prom::query {

namespace {

// What is known about the series that is not there: labels that the selector
// asks to be equal to one value.
Labels labels_of_absence(const promql::Expr& argument) {
  const promql::Expr& expr = promql::unwrap(argument);
  const promql::VectorSelector* selector = expr.as<promql::VectorSelector>();
  if (const auto* matrix = expr.as<promql::MatrixSelector>()) {
    selector = &matrix->selector;
  }
  LabelsBuilder builder;
  if (selector == nullptr) return builder.build();
  std::set<std::string_view> seen;
  for (const Matcher& matcher : selector->matchers) {
    if (matcher.name() == kMetricName) continue;
    if (matcher.op() == MatchOp::kEqual && seen.insert(matcher.name()).second) {
      builder.set(matcher.name(), matcher.value());
    } else {
      builder.remove(matcher.name());
    }
  }
  return builder.build();
}

// One at every step at which no series of the stream has a value.
Result<StreamPtr> absence(Evaluator& evaluator, const Stream& stream,
                          const Labels& labels, const Steps& steps) {
  constexpr std::size_t kPartsMax = 16;
  const std::size_t parts = part_count(stream, kPartsMax);
  std::vector<std::vector<bool>> present(parts, std::vector<bool>(steps.count));
  auto read = read_all(evaluator.query, stream, parts, evaluator.annotations,
                       [&](std::size_t part, std::size_t /*first*/,
                           const Cells& cells, Worker& /*worker*/) -> Status {
                         for (std::size_t at = 0; at < cells.size(); ++at) {
                           if (cells.kind(at) == CellKind::kNone) continue;
                           present[part][at % steps.count] = true;
                         }
                         return {};
                       });
  if (!read) return fail(std::move(read).error());
  Rows rows;
  rows.cells.reset(1, steps.count);
  rows.add(labels, false);
  for (std::size_t step = 0; step < steps.count; ++step) {
    bool somewhere = false;
    for (const auto& part : present) somewhere = somewhere || part[step];
    if (!somewhere) rows.cells.set(step, 1);
  }
  return Table::make(evaluator.query, std::move(rows), steps.count);
}

}  // namespace

Result<StreamPtr> call_absent(Evaluator& evaluator, const promql::Call& node,
                              const Steps& steps) {
  auto stream = evaluator.vector(*node.args.front(), steps);
  if (!stream) return stream;
  return absence(evaluator, **stream, labels_of_absence(*node.args.front()),
                 steps);
}

Result<StreamPtr> call_absent_over_time(Evaluator& evaluator,
                                        const promql::Call& node,
                                        const Steps& steps) {
  auto vector = evaluator.range_vector(*node.args.front(), steps);
  if (!vector) return fail(std::move(vector).error());
  const StreamPtr stream =
      window_stream(evaluator, std::move(*vector), steps,
                    {.function = find_over_time_function(node.function->id)});
  return absence(evaluator, *stream, labels_of_absence(*node.args.front()),
                 steps);
}

}  // namespace prom::query
