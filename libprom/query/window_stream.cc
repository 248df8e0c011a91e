#include "libprom/query/window_stream.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "libprom/model/sample.h"
#include "libprom/query/bin_rows.h"
#include "libprom/query/increase_rows.h"
#include "libprom/query/notes.h"

namespace prom::query {

using promql::FunctionId;

void SplitSamples::set(const SeriesSamples& samples, bool with_start,
                       bool fills_hints) {
  const bool starts = with_start && !samples.start_ms.empty();
  const bool stale = std::ranges::any_of(
      samples.value, [](double v) { return is_stale_nan(v); });
  if (samples.histogram.empty() && !stale) {
    floats_ = {samples.t_ms, samples.value,
               starts ? samples.start_ms : std::span<const std::int64_t>()};
    histograms_ = {};
    return;
  }
  float_t_.clear();
  float_value_.clear();
  float_start_.clear();
  histogram_t_.clear();
  histogram_value_.clear();
  histogram_start_.clear();
  hinted_.clear();
  const FloatHistogram* before = nullptr;
  for (std::size_t i = 0; i < samples.t_ms.size(); ++i) {
    const FloatHistogram* histogram =
        samples.histogram.empty() ? nullptr : samples.histogram[i];
    if (histogram != nullptr) {
      if (is_stale_nan(histogram->sum)) continue;
      if (fills_hints) {
        hinted_.push_back(
            std::make_unique<FloatHistogram>(stats_of(*histogram, before)));
        before = histogram;
        histogram = hinted_.back().get();
      }
      histogram_t_.push_back(samples.t_ms[i]);
      histogram_value_.push_back(histogram);
      if (starts) histogram_start_.push_back(samples.start_ms[i]);
    } else if (!is_stale_nan(samples.value[i])) {
      float_t_.push_back(samples.t_ms[i]);
      float_value_.push_back(samples.value[i]);
      if (starts) float_start_.push_back(samples.start_ms[i]);
    }
  }
  floats_ = {float_t_, float_value_, float_start_};
  histograms_ = {histogram_t_, histogram_value_, histogram_start_};
}

namespace {

// The samples later than one time and not later than another; both only grow.
class Cursor {
 public:
  void reset() { begin_ = end_ = 0, started_ = false; }

  void move(std::span<const std::int64_t> t_ms, std::int64_t after_ms,
            std::int64_t until_ms) {
    if (!started_) {
      started_ = true;
      begin_ = first_after(t_ms, after_ms);
      end_ = first_after(t_ms, until_ms);
      return;
    }
    while (begin_ < t_ms.size() && t_ms[begin_] <= after_ms) ++begin_;
    while (end_ < t_ms.size() && t_ms[end_] <= until_ms) ++end_;
  }

  template <typename T>
  [[nodiscard]] std::span<const T> of(std::span<const T> all) const {
    return all.empty() ? all : all.subspan(begin_, end_ - begin_);
  }
  [[nodiscard]] bool empty() const { return begin_ >= end_; }

 private:
  static std::size_t first_after(std::span<const std::int64_t> t_ms,
                                 std::int64_t time_ms) {
    return static_cast<std::size_t>(std::ranges::upper_bound(t_ms, time_ms) -
                                    t_ms.begin());
  }
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool started_ = false;
};

bool goes_down(std::span<const double> values) {
  bool down = false;  // without a branch: hardly any counter does
  for (std::size_t i = 1; i < values.size(); ++i)
    down |= values[i] < values[i - 1];
  return down;
}

bool is_named_like_counter(std::string_view name) {
  constexpr std::array<std::string_view, 4> kSuffixes = {"_total", "_sum",
                                                         "_count", "_bucket"};
  return std::ranges::any_of(kSuffixes, [&](std::string_view suffix) {
    return name.ends_with(suffix);
  });
}

class WindowStream final : public Stream {
 public:
  WindowStream(Evaluator& evaluator, RangeVector vector, const Steps& steps,
               WindowOptions options)
      : Stream(vector.selection->size(), steps.count),
        vector_(std::move(vector)),
        times_(steps),
        options_(std::move(options)),
        checks_types_(evaluator.query.options.type_and_unit_labels),
        use_(evaluator.query.options.resolution),
        wants_bins_(use_ == Resolution::kFiveMinutes ||
                    use_ == Resolution::kHours) {
    const std::int64_t lookback = evaluator.query.options.lookback_ms;
    if (vector_.anchored || vector_.smoothed) before_ms_ = lookback;
    if (vector_.smoothed) after_ms_ = lookback;
    settle_name();
  }

  [[nodiscard]] Labels labels(std::size_t series) const override {
    return vector_.selection->labels(series);
  }
  [[nodiscard]] bool drops_name(std::size_t series) const override {
    return !vector_.drops.empty() && vector_.drops[series] != 0;
  }
  [[nodiscard]] LabelColumn column(std::string_view name) const override {
    return vector_.selection->column(name);
  }
  [[nodiscard]] bool names_vary() const override {
    return vector_.matchers == nullptr ||
           selected_names_vary(*vector_.matchers, *vector_.selection);
  }

  Status read(std::size_t first, std::size_t count, Worker& worker,
              Cells& into) const override {
    into.reset(count, steps());
    WindowNotes notes(worker.annotations, *vector_.selection, vector_.where);
    Reading reading{.worker = worker,
                    .notes = notes,
                    .into = into,
                    .rows = increase_rows(),
                    .bin_rows = bin_rows(),
                    .bins = {},
                    .split = {}};
    const bool prefers_bins =
        reading.bin_rows && (wants_bins_ || (reading.bin_rows->is_worth_it() &&
                                             !options_.with_start));
    if (!prefers_bins) return read_samples(first, count, 0, reading);
    for (std::size_t row = 0; row < count; ++row) {
      const auto filled = fill_from_bins(first + row, row, reading);
      if (!filled) return fail(filled.error());
      if (*filled) continue;
      auto ok = read_samples(first + row, 1, row, reading);
      if (!ok) return ok;
    }
    return {};
  }

 private:
  // What one batch is read with.
  struct Reading {
    Worker& worker;
    WindowNotes& notes;
    Cells& into;
    std::optional<IncreaseRows> rows;
    std::optional<BinRows> bin_rows;
    Bins bins;
    SplitSamples split;
    bool noted = false;
  };

  // Series [first, first + count) into rows from `row` on.
  Status read_samples(std::size_t first, std::size_t count, std::size_t row,
                      Reading& reading) const {
    Worker& worker = reading.worker;
    SampleBatch& batch = worker.batch_of(*vector_.selection);
    auto ok = vector_.selection->read(first, count, batch);
    if (!ok) return ok;
    std::size_t samples = 0;
    for (std::size_t i = 0; i < count; ++i)
      samples += batch.series[i].t_ms.size();
    worker.query.budget.count_read(samples);
    Reservation reservation(worker.query.budget);
    ok = reservation.add(samples, 0);
    for (std::size_t i = 0; ok && i < count; ++i)
      ok = fill_row(first + i, row + i, batch, i, reading);
    return ok;
  }

  Status fill_row(std::size_t series, std::size_t row, const SampleBatch& batch,
                  std::size_t at, Reading& reading) const {
    const std::int64_t coarsest_ms =
        batch.coarsest_ms.empty() ? 0 : batch.coarsest_ms[at];
    if (coarsest_ms != 0) {
      // Points of statistics are no samples, to most functions.
      if (reading.bin_rows) {
        const auto filled = fill_from_bins(series, row, reading);
        if (!filled) return fail(filled.error());
        if (*filled) return {};
      }
      note_statistics(series, coarsest_ms, reading);
    }
    reading.notes.set_series(series);
    SplitSamples& split = reading.split;
    split.set(batch.series[at], options_.with_start, vector_.fills_hints);
    bool has_float = false;
    const std::size_t cell = row * steps();
    if (reading.rows && suits_rows(split, reading.rows->is_counter())) {
      has_float = reading.rows->fill(split.floats().t_ms, split.floats().value,
                                     reading.into, cell);
    } else {
      auto ok = evaluate(split, cell, reading.worker.query, reading.notes,
                         reading.into, has_float);
      if (!ok) return ok;
    }
    if (has_float) note_float(series, reading);
    return {};
  }

  // False when it takes samples.
  Result<bool> fill_from_bins(std::size_t series, std::size_t row,
                              Reading& reading) const {
    Worker& worker = reading.worker;
    const auto read = vector_.selection->read_bins(
        series, reading.bin_rows->request(worker.query.options.resolution),
        reading.bins);
    if (!read || !*read) return read;
    worker.query.budget.count_read(reading.bins.size());
    Reservation reservation(worker.query.budget);
    auto ok = reservation.add(reading.bins.size(), 0);
    if (!ok) return fail(std::move(ok).error());
    bool has_float = false;
    const auto filled = reading.bin_rows->fill(
        reading.bins, worker.query, reading.into, row * steps(), has_float);
    if (!filled || !*filled) return filled;
    const auto& windows_ms = reading.bins.resolution_ms;
    if (!windows_ms.empty()) {
      const std::int64_t coarsest_ms = std::ranges::max(windows_ms);
      if (coarsest_ms != 0) note_statistics(series, coarsest_ms, reading);
    }
    if (has_float) note_float(series, reading);
    return true;
  }

  void note_statistics(std::size_t series, std::int64_t window_ms,
                       Reading& reading) const {
    reading.notes.set_series(series);
    reading.notes.info(
        notes::statistics_only(reading.notes.metric(), window_ms));
  }
  void note_float(std::size_t series, Reading& reading) const {
    if (!options_.expects_counters || reading.noted) return;
    note_type(series, reading.worker.annotations);
    reading.noted = one_name_;
  }

  [[nodiscard]] std::optional<BinRows> bin_rows() const {
    if (!options_.id || vector_.anchored || vector_.smoothed ||
        vector_.matchers == nullptr || use_ == Resolution::kSamples)
      return {};
    std::vector<std::int64_t> ends_ms(steps());
    for (std::size_t step = 0; step < steps(); ++step)
      ends_ms[step] = vector_.end_ms(times_.time_ms(step));
    return BinRows::make(*options_.id, std::move(ends_ms), vector_.range_ms);
  }
  [[nodiscard]] std::optional<IncreaseRows> increase_rows() const {
    if (!options_.id || vector_.anchored || vector_.smoothed) return {};
    std::vector<std::int64_t> ends_ms(steps());
    for (std::size_t step = 0; step < steps(); ++step)
      ends_ms[step] = vector_.end_ms(times_.time_ms(step));
    return IncreaseRows::make(*options_.id, std::move(ends_ms),
                              vector_.range_ms);
  }
  static bool suits_rows(const SplitSamples& split, bool is_counter) {
    const FloatSamples& f = split.floats();
    return split.histograms().empty() && f.start_ms.empty() &&
           !(is_counter && goes_down(f.value));
  }

  // Fills one row.  Long windows at many steps are work for minutes, so that
  // even a single row can be cancelled.
  Status evaluate(const SplitSamples& split, std::size_t at,
                  const QueryContext& query, WindowNotes& notes, Cells& into,
                  bool& has_float) const {
    constexpr std::size_t kCheckEvery = std::size_t{1} << 20;
    std::size_t unchecked = 0;
    const FloatSamples& f = split.floats();
    const HistogramSamples& h = split.histograms();
    Window window;
    window.range_ms = vector_.range_ms;
    window.anchored = vector_.anchored;
    window.smoothed = vector_.smoothed;
    window.may_reset = !f.start_ms.empty() || goes_down(f.value);
    Cursor floats;
    Cursor histograms;
    for (std::size_t step = 0; step < steps(); ++step) {
      window.time_ms = times_.time_ms(step);
      window.end_ms = vector_.end_ms(window.time_ms);
      window.start_ms = window.end_ms - vector_.range_ms;
      floats.move(f.t_ms, window.start_ms - before_ms_,
                  window.end_ms + after_ms_);
      if (!h.empty()) {
        histograms.move(h.t_ms, window.start_ms - before_ms_,
                        window.end_ms + after_ms_);
      }
      if (floats.empty() && histograms.empty()) continue;
      window.floats = {floats.of(f.t_ms), floats.of(f.value),
                       floats.of(f.start_ms)};
      window.histograms = {histograms.of(h.t_ms), histograms.of(h.value),
                           histograms.of(h.start_ms)};
      unchecked += window.floats.size() + window.histograms.size();
      if (unchecked > kCheckEvery) {
        unchecked = 0;
        auto ok = query.check();
        if (!ok) return ok;
      }
      if (!options_.arguments.empty()) {
        window.argument = options_.arguments[step];
      }
      if (!options_.arguments_2.empty()) {
        window.argument_2 = options_.arguments_2[step];
      }
      WindowValue value = options_.function(window, notes);
      if (value.kind == CellKind::kFloat) {
        into.set(at + step, value.value);
        has_float = true;
      } else if (value.kind == CellKind::kHistogram) {
        into.set(at + step, std::move(value.histogram));
      }
    }
    return {};
  }

  // Most selectors name their metric: then it is judged once.
  void settle_name() {
    if (!options_.expects_counters || checks_types_ ||
        vector_.matchers == nullptr) {
      return;
    }
    for (const Matcher& matcher : *vector_.matchers) {
      if (matcher.op() != MatchOp::kEqual || matcher.name() != kMetricName) {
        continue;
      }
      one_name_ = true;
      if (is_named_like_counter(matcher.value())) {
        options_.expects_counters = false;
      }
    }
  }

  void note_type(std::size_t series, Annotations& annotations) const {
    const Labels labels = vector_.selection->labels(series);
    const std::string_view name = labels.metric_name();
    if (name.empty()) return;
    if (checks_types_) {
      const std::string_view type = labels.get("__type__");
      if (type == "counter" || type == "histogram") return;
      annotations.info(notes::maybe_no_counter_type(name, type), vector_.where);
    } else if (!is_named_like_counter(name)) {
      annotations.info(notes::maybe_no_counter(name), vector_.where);
    }
  }

  const RangeVector vector_;
  const Steps times_;
  WindowOptions options_;
  const bool checks_types_;
  const Resolution use_;
  const bool wants_bins_;  // where there are some
  bool one_name_ = false;
  std::int64_t before_ms_ = 0;  // how far samples reach beyond the window
  std::int64_t after_ms_ = 0;
};

// The functions that may follow a modifier, as the error lists them.
Status check_modifiers(const RangeVector& vector,
                       const promql::Function& function) {
  if (vector.anchored && !function.takes_anchored) {
    return fail(Code::kExecution,
                fmt::format("anchored modifier can only be used with: changes, "
                            "delta, increase, rate, resets - not with {}",
                            function.name));
  }
  if (vector.smoothed && !function.takes_smoothed) {
    return fail(Code::kExecution,
                fmt::format("smoothed modifier can only be used with: delta, "
                            "increase, rate - not with {}",
                            function.name));
  }
  return {};
}

Status check_factor(std::string_view what, const ScalarValues& values) {
  for (const double value : values) {
    if (value > 0 && value < 1) continue;
    return fail(Code::kExecution,
                fmt::format("invalid {} factor. Expected: 0 < {}f < 1, got: "
                            "{:f}",
                            what, what.front(), value));
  }
  return {};
}

}  // namespace

Status select_for_windows(Evaluator& evaluator, RangeVector& vector,
                          const Steps& steps) {
  const std::int64_t lookback = evaluator.query.options.lookback_ms;
  SelectRange range{vector.end_ms(steps.time_ms(0)) - vector.range_ms + 1,
                    vector.end_ms(steps.last_ms())};
  if (vector.anchored || vector.smoothed) range.min_ms -= lookback;
  if (vector.smoothed) range.max_ms += lookback;
  auto selection = evaluator.select(*vector.matchers, range);
  if (!selection) return fail(std::move(selection).error());
  vector.selection = std::move(*selection);
  return {};
}

Result<RangeVector> select_range(Evaluator& evaluator, const promql::Expr& expr,
                                 const promql::MatrixSelector& node,
                                 const Steps& steps) {
  RangeVector vector;
  vector.matchers = &node.selector.matchers;
  vector.range_ms = node.range.ms;
  vector.offset_ms = node.selector.offset.ms;
  if (node.selector.at.is_set()) vector.at_ms = node.selector.at.ms;
  vector.anchored = node.selector.anchored;
  vector.smoothed = node.selector.smoothed;
  vector.fills_hints = evaluator.wants_stats(node.selector);
  vector.where = expr.range;
  auto selected = select_for_windows(evaluator, vector, steps);
  if (!selected) return fail(std::move(selected).error());
  return vector;
}

StreamPtr window_stream(Evaluator& evaluator, RangeVector vector,
                        const Steps& steps, WindowOptions options) {
  return std::make_unique<WindowStream>(evaluator, std::move(vector), steps,
                                        std::move(options));
}

Result<StreamPtr> call_range_function(Evaluator& evaluator,
                                      const promql::Call& node,
                                      const Steps& steps) {
  const FunctionId id = node.function->id;
  WindowOptions options;
  options.function = find_window_function(id);
  options.id = id;
  std::optional<RangeVector> vector;
  for (const promql::ExprPtr& argument : node.args) {
    if (argument->type == promql::ValueType::kMatrix) {
      auto range = evaluator.range_vector(*argument, steps);
      if (!range) return fail(std::move(range).error());
      vector = std::move(*range);
      continue;
    }
    auto values = evaluator.scalar(*argument, steps);
    if (!values) return fail(std::move(values).error());
    (options.arguments.empty() ? options.arguments : options.arguments_2) =
        std::move(*values);
  }
  auto ok = check_modifiers(*vector, *node.function);
  if (ok && id == FunctionId::kDoubleExponentialSmoothing &&
      vector->selection->size() > 0) {
    ok = check_factor("smoothing", options.arguments);
    if (ok) ok = check_factor("trend", options.arguments_2);
  }
  if (!ok) return fail(std::move(ok).error());
  // Notes of quantile_over_time are about its first argument.
  vector->where = node.args.front()->range;
  options.expects_counters =
      id == FunctionId::kRate || id == FunctionId::kIncrease;
  options.with_start =
      evaluator.query.options.use_start_timestamps &&
      (id == FunctionId::kRate || id == FunctionId::kIrate ||
       id == FunctionId::kIncrease || id == FunctionId::kResets);
  auto stream =
      window_stream(evaluator, std::move(*vector), steps, std::move(options));
  const bool keeps_name =
      id == FunctionId::kLastOverTime || id == FunctionId::kFirstOverTime;
  return map_stream(evaluator.query, std::move(stream),
                    {.drop_name = !keeps_name, .strict = true}, nullptr,
                    evaluator.annotations);
}

}  // namespace prom::query
