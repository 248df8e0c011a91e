// histogram_quantile, histogram_quantiles, histogram_fraction: of native
// histograms one by one, of classic ones by groups of buckets.
#include <cassert>
#include <cmath>

#include <boost/unordered/unordered_flat_map.hpp>

#include "libprom/base/number.h"
#include "libprom/query/evaluator.h"
#include "libprom/query/histogram_quantile.h"
#include "libprom/query/notes.h"

namespace prom::query {

using promql::FunctionId;

namespace {

constexpr std::string_view kBucketLabel = "le";
constexpr std::size_t kNoRow = ~std::size_t{0};

// Series that make up one histogram: buckets, or a native one of the same
// labels.
struct Group {
  Labels labels;  // without le
  struct Bucket {
    std::size_t row = 0;
    double upper = 0;
  };
  std::vector<Bucket> buckets;
  std::size_t native_row = kNoRow;
};

// What one of the three functions computes.
struct Task {
  FunctionId id = FunctionId::kHistogramQuantile;
  // Per step.  Fraction: lower and upper; else one per quantile.
  std::vector<ScalarValues> arguments;
  std::string quantile_label;  // of histogram_quantiles
  TextRange where;             // of the vector
};

// OpenMetrics wants a decimal point or an exponent in every float.
std::string open_metrics_float(double value) {
  std::string text;
  append_float_go_g(text, value);
  if (std::isfinite(value) && text.find_first_of(".e") == std::string::npos) {
    text += ".0";
  }
  return text;
}

class HistogramGroups {
 public:
  HistogramGroups(Evaluator& evaluator, const Task& task, const Table& table,
                  const Steps& steps)
      : evaluator_(evaluator),
        task_(task),
        table_(table),
        times_(steps),
        delayed_(evaluator.query.options.delayed_name_removal) {
    for (std::size_t row = 0; row < table.size(); ++row) {
      if (evaluator.query.gives_up(row)) break;
      place(row);
    }
  }

  Result<Rows> run() {
    const bool fraction = task_.id == FunctionId::kHistogramFraction;
    const std::size_t variants = fraction ? 1 : task_.arguments.size();
    for (std::size_t variant = 0; variant < variants; ++variant) {
      for (const Group& group : groups_) {
        auto ok = evaluator_.query.check();
        if (!ok) return fail(std::move(ok).error());
        evaluate(group, variant);
      }
    }
    if (!delayed_ || task_.id == FunctionId::kHistogramQuantiles) {
      auto merged = merge_same_labels(evaluator_.query, out_, false);
      if (!merged) return fail(std::move(merged).error());
    }
    return std::move(out_);
  }

 private:
  [[nodiscard]] std::size_t at(std::size_t row, std::size_t step) const {
    return row * table_.steps() + step;
  }

  Group& group_of(const Labels& labels) {
    const auto [found, is_new] = index_.try_emplace(labels, groups_.size());
    if (is_new) groups_.push_back({labels, {}, kNoRow});
    return groups_[found->second];
  }

  // A series may have floats at some steps and histograms at others.
  void place(std::size_t row) {
    const Labels& labels = table_.labels_at(row);
    bool has_float = false;
    bool has_histogram = false;
    for (std::size_t step = 0; step < table_.steps(); ++step) {
      const CellKind kind = table_.cells().kind(at(row, step));
      has_float = has_float || kind == CellKind::kFloat;
      has_histogram = has_histogram || kind == CellKind::kHistogram;
    }
    if (has_histogram) group_of(labels).native_row = row;
    if (!has_float) return;
    const std::string_view bound = labels.get(kBucketLabel);
    const std::optional<double> upper = parse_float(bound);
    if (!upper) {
      evaluator_.annotations.warn(
          notes::bad_bucket_label(name_of(labels), bound), task_.where);
      return;
    }
    group_of(LabelsBuilder(labels).remove(kBucketLabel).build())
        .buckets.push_back({row, *upper});
  }

  // Without delayed name removal upstream has dropped it by now.
  [[nodiscard]] std::string name_of(const Labels& labels) const {
    return delayed_ ? std::string(labels.metric_name()) : std::string();
  }

  void evaluate(const Group& group, std::size_t variant) {
    const std::size_t steps = table_.steps();
    Cells row;
    row.reset(1, steps);
    std::vector<ClassicBucket> buckets;
    const Cells& cells = table_.cells();
    for (std::size_t step = 0; step < steps; ++step) {
      buckets.clear();
      for (const Group::Bucket& bucket : group.buckets) {
        if (cells.kind(at(bucket.row, step)) != CellKind::kFloat) continue;
        buckets.push_back({bucket.upper, cells.value(at(bucket.row, step))});
      }
      const bool native =
          group.native_row != kNoRow &&
          cells.kind(at(group.native_row, step)) == CellKind::kHistogram;
      if (native && !buckets.empty()) {
        evaluator_.annotations.warn(
            notes::mixed_classic_native(name_of(group.labels)), task_.where);
      } else if (native) {
        row.set(step, native_value(group,
                                   *cells.histogram(at(group.native_row, step)),
                                   variant, step));
      } else if (!buckets.empty()) {
        row.set(step, classic_value(group, buckets, variant, step));
      }
    }
    if (row.row_is_empty(0)) return;
    Labels labels = delayed_ ? group.labels : without_metadata(group.labels);
    if (task_.id == FunctionId::kHistogramQuantiles) {
      LabelsBuilder builder(labels);
      builder.set(task_.quantile_label,
                  open_metrics_float(task_.arguments[variant].front()));
      labels = builder.build();
    }
    out_.add(std::move(labels), delayed_);
    out_.cells.append_row(row, 0);
  }

  double native_value(const Group& group, const FloatHistogram& histogram,
                      std::size_t variant, std::size_t step) {
    const NativeValue result =
        task_.id == FunctionId::kHistogramFraction
            ? native_fraction(task_.arguments[0][step],
                              task_.arguments[1][step], histogram)
            : native_quantile(task_.arguments[variant][step], histogram);
    const std::string name =
        result.note == NanNote::kNone ? "" : name_of(group.labels);
    switch (result.note) {
      case NanNote::kNone:
        break;
      case NanNote::kResultIsNan:
        evaluator_.annotations.info(notes::quantile_is_nan(name), task_.where);
        break;
      case NanNote::kSkewed:
        evaluator_.annotations.info(notes::quantile_is_skewed(name),
                                    task_.where);
        break;
      case NanNote::kExcluded:
        evaluator_.annotations.info(notes::fraction_excludes_nan(name),
                                    task_.where);
        break;
    }
    return result.value;
  }

  double classic_value(const Group& group,
                       const std::vector<ClassicBucket>& buckets,
                       std::size_t variant, std::size_t step) {
    if (task_.id == FunctionId::kHistogramFraction) {
      return classic_fraction(task_.arguments[0][step],
                              task_.arguments[1][step], buckets);
    }
    const ClassicQuantile result =
        classic_quantile(task_.arguments[variant][step], buckets);
    if (result.repaired) {
      evaluator_.annotations.histogram_repaired(
          {name_of(group.labels), task_.where, times_.time_ms(step),
           result.bucket_min, result.bucket_max, result.difference_max});
    }
    return result.value;
  }

  Evaluator& evaluator_;
  const Task& task_;
  const Table& table_;
  const Steps times_;
  const bool delayed_;
  std::vector<Group> groups_;
  boost::unordered_flat_map<Labels, std::size_t, LabelsHash> index_;
  Rows out_;
};

}  // namespace

Result<StreamPtr> call_histogram_groups(Evaluator& evaluator,
                                        const promql::Call& node,
                                        const Steps& steps) {
  Task task;
  task.id = node.function->id;
  const promql::Expr* vector = nullptr;
  for (const promql::ExprPtr& argument : node.args) {
    if (argument->type == promql::ValueType::kVector) {
      vector = argument.get();
      continue;
    }
    if (argument->type == promql::ValueType::kString) {
      task.quantile_label =
          promql::unwrap(*argument).as<promql::StringLiteral>()->value;
      continue;
    }
    auto values = evaluator.scalar(*argument, steps);
    if (!values) return fail(std::move(values).error());
    if (task.id != FunctionId::kHistogramFraction) {
      notes::check_quantiles(*values, argument->range, evaluator.annotations);
    }
    task.arguments.push_back(std::move(*values));
  }
  assert(vector != nullptr);  // the parser has checked the arguments
  task.where = vector->range;
  auto table = evaluator.table(*vector, steps);
  if (!table) return fail(std::move(table).error());
  auto rows = HistogramGroups(evaluator, task, **table, steps).run();
  if (!rows) return fail(std::move(rows).error());
  return Table::make(evaluator.query, std::move(*rows), steps.count);
}

}  // namespace prom::query
