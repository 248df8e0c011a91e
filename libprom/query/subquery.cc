// expr[range:step]: an instant vector, evaluated at multiples of its own step,
// becomes a range vector.
#include <algorithm>

#include "libprom/query/evaluator.h"

namespace prom::query {

namespace {

constexpr std::size_t kSubqueryStepsMax = 10'000'000;

// A table that looks like a selection: its cells are samples.
class TableSelection final : public Selection {
 public:
  TableSelection(TablePtr table, const Steps& steps)
      : table_(std::move(table)) {
    times_.reserve(steps.count);
    for (std::size_t i = 0; i < steps.count; ++i) {
      times_.push_back(steps.time_ms(i));
    }
  }

  [[nodiscard]] std::size_t size() const override { return table_->size(); }
  [[nodiscard]] Labels labels(std::size_t series) const override {
    return table_->labels(series);
  }
  [[nodiscard]] std::unique_ptr<SampleBatch> new_batch() const override {
    return std::make_unique<Batch>();
  }

  Status read(std::size_t first, std::size_t count,
              SampleBatch& into) const override {
    auto& batch = static_cast<Batch&>(into);
    batch.series.clear();
    batch.rows.clear();
    batch.rows.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      batch.series.push_back(read_row(first + i, batch.rows[i]));
    }
    return {};
  }

 private:
  struct Row {
    std::vector<std::int64_t> t_ms;
    std::vector<double> value;
    std::vector<const FloatHistogram*> histogram;
    std::vector<std::unique_ptr<FloatHistogram>> changed;
  };
  struct Batch final : SampleBatch {
    std::vector<Row> rows;
  };

  [[nodiscard]] SeriesSamples read_row(std::size_t series, Row& row) const {
    const Cells& cells = table_->cells();
    const std::size_t at = series * times_.size();
    const auto kinds = cells.kinds().subspan(at, times_.size());
    const bool full = std::ranges::all_of(
        kinds, [](CellKind kind) { return kind == CellKind::kFloat; });
    if (full) {
      return {times_, cells.values().subspan(at, times_.size()), {}, {}};
    }
    bool has_histogram = false;
    for (std::size_t i = 0; i < times_.size(); ++i) {
      if (kinds[i] == CellKind::kNone) continue;
      row.t_ms.push_back(times_[i]);
      if (kinds[i] == CellKind::kFloat) {
        row.value.push_back(cells.value(at + i));
        row.histogram.push_back(nullptr);
      } else {
        row.value.push_back(0);
        row.histogram.push_back(without_hint(*cells.histogram(at + i), row));
        has_histogram = true;
      }
    }
    if (!has_histogram) row.histogram.clear();
    return {row.t_ms, row.value, row.histogram, {}};
  }

  // A hint speaks about the sample before, which need not be in the subquery.
  static const FloatHistogram* without_hint(const FloatHistogram& histogram,
                                            Row& row) {
    if (histogram.counter_reset_hint == CounterResetHint::kUnknown ||
        histogram.counter_reset_hint == CounterResetHint::kGauge) {
      return &histogram;
    }
    row.changed.push_back(std::make_unique<FloatHistogram>(histogram));
    row.changed.back()->counter_reset_hint = CounterResetHint::kUnknown;
    return row.changed.back().get();
  }

  const TablePtr table_;
  std::vector<std::int64_t> times_;
};

// The first multiple of `step` after a time.
std::int64_t first_multiple_after(std::int64_t time_ms, std::int64_t step_ms) {
  std::int64_t first = time_ms / step_ms * step_ms;
  if (first <= time_ms) first += step_ms;
  return first;
}

}  // namespace

Result<RangeVector> evaluate_subquery(Evaluator& evaluator,
                                      const promql::Expr& expr,
                                      const promql::Subquery& node,
                                      const Steps& steps) {
  RangeVector vector;
  vector.range_ms = node.range.ms;
  vector.offset_ms = node.offset.ms;
  if (node.at.is_set()) vector.at_ms = node.at.ms;
  vector.where = expr.range;
  Steps inner;
  inner.step_ms = node.step.ms > 0 ? node.step.ms
                                   : evaluator.query.options.subquery_step_ms;
  inner.start_ms = first_multiple_after(
      vector.end_ms(steps.start_ms) - vector.range_ms, inner.step_ms);
  const std::int64_t end_ms = vector.end_ms(steps.last_ms());
  inner.count = end_ms < inner.start_ms
                    ? 0
                    : static_cast<std::size_t>(
                          (end_ms - inner.start_ms) / inner.step_ms + 1);
  if (inner.count > 0) inner.rest_ms = end_ms - inner.last_ms();
  if (inner.count > kSubqueryStepsMax) {
    return fail(Code::kLimit, "subquery has more than its limit of " +
                                  std::to_string(kSubqueryStepsMax) + " steps");
  }
  auto made = inner.count == 0 ? Table::make(evaluator.query, Rows(), 0)
                               : evaluator.table(*node.expr, inner);
  if (!made) return fail(std::move(made).error());
  TablePtr table = std::move(*made);
  vector.drops.resize(table->size());
  for (std::size_t i = 0; i < table->size(); ++i) {
    vector.drops[i] = table->drops_name(i) ? 1 : 0;
  }
  vector.selection = std::make_unique<TableSelection>(std::move(table), inner);
  return vector;
}

}  // namespace prom::query
