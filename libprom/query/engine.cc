#include "libprom/query/engine.h"

#include <algorithm>
#include <functional>

#include "libprom/model/sample.h"
#include "libprom/promql/prepare.h"
#include "libprom/query/evaluator.h"
#include "libprom/query/profile.h"
#include "libprom/query/window_stream.h"

namespace prom::query {

using promql::Expr;
using promql::ValueType;

bool EngineOptions::enable(std::string_view feature) {
  if (feature == "promql-delayed-name-removal") {
    delayed_name_removal = true;
  } else if (feature == "use-start-timestamps") {
    use_start_timestamps = true;
  } else if (feature == "type-and-unit-labels") {
    type_and_unit_labels = true;
  } else {
    return parse.enable(feature);
  }
  return true;
}

namespace {

bool by_labels(const Series& a, const Series& b) {
  return a.labels < b.labels;
}

// One query from its prepared tree to its result.
class Run {
 public:
  Run(const Source& source, std::string_view query,
      const EngineOptions& options)
      : text_(query), context_(source, options) {}

  Result<QueryResult> instant(const Expr& expr, std::int64_t time_ms) {
    auto tree = promql::clone(expr);
    auto ok = promql::prepare(tree, {time_ms, time_ms, 0});
    if (!ok) return fail(std::move(ok).error());
    const Steps steps{time_ms, 1, 1};
    result_.t_ms = time_ms;
    result_.type = expr.type;
    switch (expr.type) {
      case ValueType::kString:
        result_.text = promql::unwrap(*tree).as<promql::StringLiteral>()->value;
        break;
      case ValueType::kMatrix:
        ok = read_matrix(*tree, steps);
        break;
      default:
        ok = evaluate(*tree, steps);
        break;
    }
    keep_tree(std::move(tree));
    return finish(std::move(ok));
  }

  Result<QueryResult> range(const Expr& expr, const RangeTimes& times) {
    const std::size_t count = static_cast<std::size_t>(
        (times.end_ms - times.start_ms) / times.step_ms + 1);
    auto tree = promql::clone(expr);
    auto ok =
        promql::prepare(tree, {times.start_ms, times.end_ms, times.step_ms});
    if (!ok) return fail(std::move(ok).error());
    context_.is_range = true;
    result_.type = ValueType::kMatrix;
    ok = evaluate(*tree, {times.start_ms, times.step_ms, count,
                          (times.end_ms - times.start_ms) % times.step_ms});
    Interruptible comes_first(context_, by_labels);
    std::ranges::sort(result_.series, std::ref(comes_first));
    if (ok) ok = context_.check();
    keep_tree(std::move(tree));
    return finish(std::move(ok));
  }

 private:
  void keep_tree(promql::ExprPtr tree) {
    if (context_.options.profile != nullptr)
      context_.options.profile->tree = std::move(tree);
  }

  Status evaluate(const Expr& tree, const Steps& steps) {
    Evaluator evaluator(context_, annotations_);
    evaluator.look_at(tree);
    if (tree.type == ValueType::kScalar) {
      auto values = evaluator.scalar(tree, steps);
      if (!values) return fail(std::move(values).error());
      result_.scalar = {steps.start_ms, values->front()};
      if (!context_.is_range) return {};
      Series series;
      for (std::size_t step = 0; step < steps.count; ++step) {
        series.floats.push_back({steps.time_ms(step), (*values)[step]});
      }
      result_.series.push_back(std::move(series));
      return {};
    }
    auto table = evaluator.table(tree, steps);
    if (!table) return fail(std::move(table).error());
    Rows rows = std::move(**table).take();
    auto ok = drop_names(rows);
    if (!ok) return ok;
    copy_out(rows, steps);
    return context_.check();
  }

  // The end of the query is when delayed name removal takes place.
  Status drop_names(Rows& rows) const {
    if (!context_.options.delayed_name_removal) return {};
    for (std::size_t row = 0; row < rows.labels.size(); ++row) {
      if (context_.gives_up(row)) break;
      if (rows.drops[row] == 0) continue;
      rows.labels[row] = without_metadata(rows.labels[row]);
    }
    return merge_same_labels(context_, rows, false);
  }

  void copy_out(Rows& rows, const Steps& steps) {
    const Cells& cells = rows.cells;
    for (std::size_t row = 0; row < rows.labels.size(); ++row) {
      if (context_.gives_up(row)) return;
      Series series;
      for (std::size_t step = 0; step < steps.count; ++step) {
        const std::size_t at = row * steps.count + step;
        const std::int64_t time = steps.time_ms(step);
        if (cells.kind(at) == CellKind::kFloat) {
          series.floats.push_back({time, cells.value(at)});
        } else if (cells.kind(at) == CellKind::kHistogram) {
          series.histograms.push_back({time, cells.histogram(at)});
        }
      }
      if (series.floats.empty() && series.histograms.empty()) continue;
      series.labels = std::move(rows.labels[row]);
      result_.series.push_back(std::move(series));
    }
  }

  // A bare range vector: its samples as they are.
  Status read_matrix(const Expr& tree, const Steps& steps) {
    Evaluator evaluator(context_, annotations_);
    auto made = evaluator.range_vector(tree, steps);
    if (!made) return fail(std::move(made).error());
    const RangeVector vector = std::move(*made);
    if (vector.anchored || vector.smoothed) {
      return read_extended(evaluator, vector, steps);
    }
    const Selection& selection = *vector.selection;
    const std::int64_t end_ms = vector.end_ms(steps.start_ms);
    const std::int64_t start_ms = end_ms - vector.range_ms;
    const auto batch = selection.new_batch();
    constexpr std::size_t kBatch = 128;
    for (std::size_t first = 0; first < selection.size(); first += kBatch) {
      auto ok = context_.check();
      if (!ok) return ok;
      const std::size_t count = std::min(kBatch, selection.size() - first);
      ok = selection.read(first, count, *batch);
      if (!ok) return ok;
      for (std::size_t i = 0; i < count; ++i) {
        Series series = samples_between(batch->series[i], start_ms, end_ms);
        const std::size_t size =
            series.floats.size() + series.histograms.size();
        if (size == 0) continue;
        context_.budget.count_read(size);
        ok = context_.budget.take_samples(size);
        if (!ok) return ok;
        series.labels = selection.labels(first + i);
        if (!vector.drops.empty() && vector.drops[first + i] != 0) {
          series.labels = without_metadata(series.labels);
        }
        result_.series.push_back(std::move(series));
      }
    }
    std::ranges::sort(result_.series, by_labels);
    return check_unique();
  }

  [[nodiscard]] Status check_unique() const {
    const auto same = std::ranges::adjacent_find(
        result_.series, {},
        [](const Series& s) -> const Labels& { return s.labels; });
    if (same == result_.series.end()) return {};
    return fail(Code::kExecution,
                "vector cannot contain metrics with the same labelset");
  }

  static Series samples_between(const SeriesSamples& samples,
                                std::int64_t after_ms, std::int64_t until_ms) {
    Series series;
    for (std::size_t i = 0; i < samples.t_ms.size(); ++i) {
      const std::int64_t time = samples.t_ms[i];
      if (time <= after_ms || time > until_ms) continue;
      const FloatHistogram* histogram =
          samples.histogram.empty() ? nullptr : samples.histogram[i];
      if (histogram == nullptr) {
        if (is_stale_nan(samples.value[i])) continue;
        series.floats.push_back({time, samples.value[i]});
      } else if (!is_stale_nan(histogram->sum)) {
        series.histograms.push_back(
            {time, std::make_shared<FloatHistogram>(*histogram)});
      }
    }
    return series;
  }

  // An anchored or smoothed one, with values at both ends of its range.
  Status read_extended(Evaluator& evaluator, const RangeVector& vector,
                       const Steps& steps);

  Result<QueryResult> finish(Status ok) {
    if (!ok) return fail(std::move(ok).error());
    auto texts = annotations_.texts(text_, kAnnotationsMax);
    result_.warnings = std::move(texts.warnings);
    result_.infos = std::move(texts.infos);
    result_.samples_read = context_.budget.samples_read();
    result_.samples_peak = context_.budget.samples_peak();
    return std::move(result_);
  }

  const std::string_view text_;
  QueryContext context_;
  Annotations annotations_;
  QueryResult result_;
};

Status Run::read_extended(Evaluator& evaluator, const RangeVector& vector,
                          const Steps& steps) {
  const Selection& selection = *vector.selection;
  const std::int64_t lookback = evaluator.query.options.lookback_ms;
  Window window;
  window.end_ms = vector.end_ms(steps.start_ms);
  window.start_ms = window.end_ms - vector.range_ms;
  window.smoothed = vector.smoothed;
  const auto batch = selection.new_batch();
  SplitSamples split;
  for (std::size_t i = 0; i < selection.size(); ++i) {
    auto ok = selection.read(i, 1, *batch);
    if (!ok) return ok;
    split.set(batch->series[0], false, false);
    if (!split.histograms().empty()) {
      return fail(Code::kExecution,
                  std::string(vector.anchored ? "anchored" : "smoothed") +
                      " modifier is not supported with histograms");
    }
    const FloatSamples& f = split.floats();
    const auto begin =
        std::ranges::upper_bound(f.t_ms, window.start_ms - lookback);
    const auto end = std::ranges::upper_bound(
        f.t_ms, window.end_ms + (vector.smoothed ? lookback : 0));
    const auto from = static_cast<std::size_t>(begin - f.t_ms.begin());
    const auto size =
        static_cast<std::size_t>(std::max<std::ptrdiff_t>(end - begin, 0));
    if (size == 0) continue;
    window.floats = {
        f.t_ms.subspan(from, size), f.value.subspan(from, size), {}};
    Series series;
    series.floats = extended_samples(window);
    if (series.floats.empty()) continue;
    series.labels = selection.labels(i);
    result_.series.push_back(std::move(series));
  }
  std::ranges::sort(result_.series, by_labels);
  return {};
}

Status check_times(const Expr& expr, const RangeTimes& times,
                   const EngineOptions& options) {
  if (expr.type != ValueType::kScalar && expr.type != ValueType::kVector) {
    return fail(Code::kBadData,
                "invalid expression type \"" +
                    std::string(documented_name(expr.type)) +
                    "\" for range query, must be Scalar or instant Vector");
  }
  if (times.step_ms <= 0) {
    return fail(Code::kBadData,
                "zero or negative query resolution step widths are not "
                "accepted. Try a positive integer");
  }
  if (times.end_ms < times.start_ms) {
    return fail(Code::kBadData, "end timestamp must not be before start time");
  }
  const auto span = static_cast<std::uint64_t>(times.end_ms) -
                    static_cast<std::uint64_t>(times.start_ms);
  const std::uint64_t last = span / static_cast<std::uint64_t>(times.step_ms);
  if (options.steps_max != 0 && last >= options.steps_max) {
    return fail(Code::kBadData,
                "exceeded maximum resolution of " +
                    std::to_string(options.steps_max) +
                    " points per timeseries. Try decreasing the query "
                    "resolution (?step=XX)");
  }
  return {};
}

}  // namespace

Result<QueryResult> instant(const Source& source, const Expr& expr,
                            std::string_view query, std::int64_t time_ms,
                            const EngineOptions& options) {
  return Run(source, query, options).instant(expr, time_ms);
}

Result<QueryResult> range(const Source& source, const Expr& expr,
                          std::string_view query, const RangeTimes& times,
                          const EngineOptions& options) {
  auto ok = check_times(expr, times, options);
  if (!ok) return fail(std::move(ok).error());
  return Run(source, query, options).range(expr, times);
}

Result<QueryResult> instant(const Source& source, std::string_view query,
                            std::int64_t time_ms,
                            const EngineOptions& options) {
  auto expr = promql::parse(query, options.parse);
  if (!expr) return fail(promql::to_error(expr.error()));
  return instant(source, **expr, query, time_ms, options);
}

Result<QueryResult> range(const Source& source, std::string_view query,
                          const RangeTimes& times,
                          const EngineOptions& options) {
  auto expr = promql::parse(query, options.parse);
  if (!expr) return fail(promql::to_error(expr.error()));
  return range(source, **expr, query, times, options);
}

}  // namespace prom::query
