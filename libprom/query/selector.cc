// Instant vectors from a source: at each step the newest sample that is not
// older than the lookback and not a stale marker.
#include <algorithm>

#include "libprom/model/sample.h"
#include "libprom/query/evaluator.h"
#include "libprom/query/notes.h"

namespace prom::query {

namespace {

// When to look, and how far back.
struct Lookup {
  Steps steps;
  std::int64_t offset_ms = 0;
  std::optional<std::int64_t> at_ms;
  std::int64_t lookback_ms = 0;

  [[nodiscard]] std::int64_t at_step(std::size_t step) const {
    return at_ms.value_or(steps.time_ms(step)) - offset_ms;
  }
};

bool is_uniform(const LabelColumn& column) {
  return column.ids.empty() ||
         std::ranges::all_of(column.ids, [&](std::uint32_t id) {
           return id == column.ids.front();
         });
}

class InstantSelector final : public Stream {
 public:
  InstantSelector(std::unique_ptr<Selection> selection,
                  const Matchers& matchers, TextRange where,
                  const Lookup& lookup, SelectorValue value, bool fills_hints)
      : Stream(selection->size(), lookup.steps.count),
        selection_(std::move(selection)),
        matchers_(matchers),
        where_(where),
        lookup_(lookup),
        value_(value),
        fills_hints_(fills_hints) {}

  [[nodiscard]] Labels labels(std::size_t series) const override {
    return selection_->labels(series);
  }
  [[nodiscard]] bool drops_name(std::size_t /*series*/) const override {
    return false;
  }
  [[nodiscard]] LabelColumn column(std::string_view name) const override {
    return selection_->column(name);
  }
  [[nodiscard]] bool names_vary() const override {
    return selected_names_vary(matchers_, *selection_);
  }

  Status read(std::size_t first, std::size_t count, Worker& worker,
              Cells& into) const override {
    SampleBatch& batch = worker.batch_of(*selection_);
    auto ok = selection_->read(first, count, batch);
    if (!ok) return ok;
    into.reset(count, steps());
    std::size_t picked = 0;
    for (std::size_t row = 0; row < count; ++row) {
      const std::int64_t coarsest_ms =
          batch.coarsest_ms.empty() ? 0 : batch.coarsest_ms[row];
      picked += pick(batch.series[row], coarsest_ms, row * steps(), into);
      if (coarsest_ms == 0) continue;
      worker.annotations.info(
          notes::statistics_only(selection_->labels(first + row).metric_name(),
                                 coarsest_ms),
          where_);
    }
    worker.query.budget.count_read(picked);
    Reservation reservation(worker.query.budget);
    return reservation.add(picked, 0);
  }

 private:
  // Fills one row; says how many values it got.  The last value of a window
  // counts as current for as long as the window is, and the lookback more.
  std::size_t pick(const SeriesSamples& samples, std::int64_t coarsest_ms,
                   std::size_t at, Cells& into) const {
    const std::int64_t lookback_ms = lookup_.lookback_ms + coarsest_ms;
    const auto& times = samples.t_ms;
    std::size_t picked = 0;
    std::size_t next = 0;  // the first sample later than the step
    std::size_t shared_from = times.size();
    HistogramPtr shared;  // steps that see one sample share its histogram
    for (std::size_t step = 0; step < steps(); ++step) {
      const std::int64_t time = lookup_.at_step(step);
      next = step == 0
                 ? static_cast<std::size_t>(
                       std::ranges::upper_bound(times, time) - times.begin())
                 : advance(times, next, time);
      if (next == 0) continue;
      const std::size_t newest = next - 1;
      if (times[newest] <= time - lookback_ms) continue;
      if (is_stale(samples, newest)) continue;
      ++picked;
      if (value_ != SelectorValue::kSample) {
        into.set(at + step, time_value(samples, newest));
      } else if (is_histogram(samples, newest)) {
        if (shared_from != newest) {
          shared_from = newest;
          shared = share(samples, newest);
        }
        into.set(at + step, shared);
      } else {
        into.set(at + step, samples.value[newest]);
      }
    }
    return picked;
  }

  [[nodiscard]] HistogramPtr share(const SeriesSamples& samples,
                                   std::size_t at) const {
    const FloatHistogram& sample = *samples.histogram[at];
    return std::make_shared<FloatHistogram>(
        fills_hints_
            ? stats_of(sample, at > 0 ? samples.histogram[at - 1] : nullptr)
            : sample);
  }

  static std::size_t advance(std::span<const std::int64_t> times,
                             std::size_t next, std::int64_t time) {
    while (next < times.size() && times[next] <= time) ++next;
    return next;
  }
  static bool is_histogram(const SeriesSamples& samples, std::size_t at) {
    return !samples.histogram.empty() && samples.histogram[at] != nullptr;
  }
  static bool is_stale(const SeriesSamples& samples, std::size_t at) {
    return is_stale_nan(is_histogram(samples, at) ? samples.histogram[at]->sum
                                                  : samples.value[at]);
  }
  [[nodiscard]] double time_value(const SeriesSamples& samples,
                                  std::size_t at) const {
    constexpr double kMsPerSecond = 1000;
    if (value_ == SelectorValue::kTime) {
      return static_cast<double>(samples.t_ms[at]) / kMsPerSecond;
    }
    return samples.start_ms.empty()
               ? 0
               : static_cast<double>(samples.start_ms[at]) / kMsPerSecond;
  }

  const std::unique_ptr<Selection> selection_;
  const Matchers& matchers_;
  const TextRange where_;
  const Lookup lookup_;
  const SelectorValue value_;
  const bool fills_hints_;
};

}  // namespace

bool selected_names_vary(const Matchers& matchers, const Selection& selection) {
  const bool one_name = std::ranges::any_of(matchers, [](const Matcher& m) {
    return m.op() == MatchOp::kEqual && m.name() == kMetricName &&
           !m.value().empty();
  });
  if (!one_name && !is_uniform(selection.column(kMetricName))) return true;
  return !is_uniform(selection.column("__type__")) ||
         !is_uniform(selection.column("__unit__"));
}

Result<StreamPtr> select_instant(Evaluator& evaluator,
                                 const promql::VectorSelector& selector,
                                 TextRange where, const Steps& steps,
                                 SelectorValue value) {
  Lookup lookup{steps, selector.offset.ms, std::nullopt,
                evaluator.query.options.lookback_ms};
  if (selector.at.is_set()) lookup.at_ms = selector.at.ms;
  // The range is open to the left.
  const SelectRange range{lookup.at_step(0) - lookup.lookback_ms + 1,
                          lookup.at_step(steps.count - 1)};
  auto selection = evaluator.select(selector.matchers, range);
  if (!selection) return fail(std::move(selection).error());
  return std::make_unique<InstantSelector>(
      std::move(*selection), selector.matchers, where, lookup, value,
      evaluator.wants_stats(selector));
}

}  // namespace prom::query
