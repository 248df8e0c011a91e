#include "libprom/query/evaluator.h"

#include <numbers>

#include "libprom/query/binary_element.h"
#include "libprom/query/math.h"
#include "libprom/query/profile.h"

namespace prom::query {

using promql::Expr;
using promql::FunctionId;

namespace {

// The value of the only step, at every step.
class BroadcastStream final : public Stream {
 public:
  BroadcastStream(StreamPtr input, std::size_t steps)
      : Stream(input->size(), steps), input_(std::move(input)) {}

  [[nodiscard]] Labels labels(std::size_t series) const override {
    return input_->labels(series);
  }
  [[nodiscard]] bool drops_name(std::size_t series) const override {
    return input_->drops_name(series);
  }
  [[nodiscard]] LabelColumn column(std::string_view name) const override {
    return input_->column(name);
  }
  [[nodiscard]] bool names_vary() const override {
    return input_->names_vary();
  }
  Status read(std::size_t first, std::size_t count, Worker& worker,
              Cells& into) const override {
    Cells once;
    auto ok = input_->read(first, count, worker, once);
    if (!ok) return ok;
    into.reset(count, steps());
    for (std::size_t row = 0; row < count; ++row) {
      for (std::size_t step = 0; step < steps(); ++step) {
        into.copy(row * steps() + step, once, row);
      }
    }
    return {};
  }

 private:
  const StreamPtr input_;
};

constexpr std::size_t kOnce = 1;

Result<StreamPtr> step_invariant(Evaluator& evaluator, const Expr& expr,
                                 const Steps& steps) {
  auto once = evaluator.vector(expr, {steps.start_ms, steps.step_ms, kOnce});
  if (!once || steps.count == kOnce) return once;
  return std::make_unique<BroadcastStream>(std::move(*once), steps.count);
}

Result<StreamPtr> negate(Evaluator& evaluator, const Expr& expr,
                         const Steps& steps) {
  auto input = evaluator.vector(expr, steps);
  if (!input) return input;
  return map_stream(
      evaluator.query, std::move(*input), {},
      [](Cells& cells, Worker& /*worker*/) -> Status {
        for (std::size_t at = 0; at < cells.size(); ++at) {
          if (cells.kind(at) == CellKind::kFloat) {
            cells.set(at, -cells.value(at));
          } else if (cells.kind(at) == CellKind::kHistogram) {
            FloatHistogram negative = *cells.histogram(at);
            negative.multiply(-1);
            cells.set(at,
                      std::make_shared<FloatHistogram>(std::move(negative)));
          }
        }
        return {};
      },
      evaluator.annotations);
}

// vector(s): one series without labels.
Result<StreamPtr> vector_of_scalar(Evaluator& evaluator, const Expr& expr,
                                   const Steps& steps) {
  auto values = evaluator.scalar(expr, steps);
  if (!values) return fail(std::move(values).error());
  Rows rows;
  rows.cells.reset(1, steps.count);
  rows.add(Labels(), false);
  for (std::size_t step = 0; step < steps.count; ++step) {
    rows.cells.set(step, (*values)[step]);
  }
  return Table::make(evaluator.query, std::move(rows), steps.count);
}

// scalar(v): the float of the only series that has one.
Result<ScalarValues> scalar_of_vector(Evaluator& evaluator, const Expr& expr,
                                      const Steps& steps) {
  auto made = evaluator.table(expr, steps);
  if (!made) return fail(std::move(made).error());
  const Cells& cells = (*made)->cells();
  ScalarValues values(steps.count, 0);
  std::vector<std::size_t> found(steps.count);
  for (std::size_t at = 0; at < cells.size(); ++at) {
    if (cells.kind(at) != CellKind::kFloat) continue;
    values[at % steps.count] = cells.value(at);
    ++found[at % steps.count];
  }
  for (std::size_t step = 0; step < steps.count; ++step) {
    if (found[step] != 1) values[step] = std::nan("");
  }
  return values;
}

Result<ScalarValues> scalar_call(Evaluator& evaluator, const promql::Call& node,
                                 const Steps& steps) {
  constexpr double kMsPerSecond = 1000;
  ScalarValues values(steps.count);
  switch (node.function->id) {
    case FunctionId::kTime:
      for (std::size_t step = 0; step < steps.count; ++step) {
        values[step] = static_cast<double>(steps.time_ms(step)) / kMsPerSecond;
      }
      return values;
    case FunctionId::kPi:
      values.assign(steps.count, std::numbers::pi);
      return values;
    case FunctionId::kScalar:
      return scalar_of_vector(evaluator, *node.args.front(), steps);
    case FunctionId::kMaxOf:
    case FunctionId::kMinOf: {
      auto a = evaluator.scalar(*node.args[0], steps);
      if (!a) return a;
      auto b = evaluator.scalar(*node.args[1], steps);
      if (!b) return b;
      auto* const pick =
          node.function->id == FunctionId::kMaxOf ? max_of : min_of;
      for (std::size_t step = 0; step < steps.count; ++step) {
        (*a)[step] = pick((*a)[step], (*b)[step]);
      }
      return a;
    }
    default:
      // start(), end(), range(), step() became numbers when the tree was
      // prepared.
      return fail(Code::kInternal, "function " +
                                       std::string(node.function->name) +
                                       " is not a scalar at evaluation");
  }
}

}  // namespace

Result<std::unique_ptr<Selection>> Evaluator::select(const Matchers& matchers,
                                                     const SelectRange& range) {
  auto ok = query.check();
  if (!ok) return fail(std::move(ok).error());
  SelectRange asked = range;
  asked.use = query.options.resolution;
  asked.min_ms -= query.source.coarsest_ms(asked.use);
  auto selection = query.source.select(matchers, asked);
  if (!selection) {
    return fail(std::move(selection).error().in("expanding series"));
  }
  const std::size_t max = query.options.series_max;
  if (max != 0 && (*selection)->size() > max) {
    return fail(Code::kLimit,
                "selector matches " + std::to_string((*selection)->size()) +
                    " series, more than the limit of " + std::to_string(max));
  }
  for (std::string& warning : (*selection)->warnings()) {
    annotations.warn_of_source(std::move(warning));
  }
  return selection;
}

void Evaluator::look_at(const Expr& root) {
  find_stats_selectors(root);
  own_repeated_ = std::make_unique<Repeated>(
      root, [this](const promql::VectorSelector& selector) {
        return wants_stats(selector) ? 's' : '.';
      });
  repeated_ = own_repeated_.get();
}

Result<StreamPtr> Evaluator::vector(const Expr& expr, const Steps& steps) {
  auto ok = query.check();
  if (!ok) return fail(std::move(ok).error());
  Profile* const profile = query.options.profile;
  const bool is_transparent = expr.as<promql::Paren>() != nullptr ||
                              expr.as<promql::StepInvariant>() != nullptr;
  if (profile == nullptr || is_transparent) return vector_once(expr, steps);
  NodeProfile& node = profile->of(expr);
  const ProfileTimer timer(node);
  auto stream = vector_once(expr, steps);
  if (!stream) return stream;
  return profiled(std::move(*stream), node);
}

namespace {

// A stream, and who made it, whom it may refer to.
class OwningStream final : public Stream {
 public:
  OwningStream(std::shared_ptr<const void> owned, StreamPtr stream)
      : Stream(stream->size(), stream->steps()),
        owned_(std::move(owned)),
        stream_(std::move(stream)) {}

  [[nodiscard]] Labels labels(std::size_t series) const override {
    return stream_->labels(series);
  }
  [[nodiscard]] bool drops_name(std::size_t series) const override {
    return stream_->drops_name(series);
  }
  [[nodiscard]] LabelColumn column(std::string_view name) const override {
    return stream_->column(name);
  }
  [[nodiscard]] bool names_vary() const override {
    return stream_->names_vary();
  }
  Status read(std::size_t first, std::size_t count, Worker& worker,
              Cells& into) const override {
    return stream_->read(first, count, worker, into);
  }

 private:
  const std::shared_ptr<const void> owned_;
  const StreamPtr stream_;
};

}  // namespace

Result<StreamPtr> Evaluator::vector_once(const Expr& expr, const Steps& steps) {
  Repeated::Entry* const entry =
      repeated_ == nullptr ? nullptr : repeated_->find(expr, steps);
  if (entry == nullptr || (entry->is_known && !entry->cells))
    return evaluate(expr, steps);
  if (entry->is_known) {
    annotations.merge_moved(entry->annotations, entry->where, expr.range);
    if (query.options.profile != nullptr)
      query.options.profile->of(expr).is_shared = true;
    return stream_of(entry->cells);
  }
  entry->is_known = true;
  entry->where = expr.range;
  // What it has to say is kept apart, to be said again elsewhere.
  struct Apart {
    Annotations notes;
    std::optional<Evaluator> evaluator;
  };
  const auto apart = std::make_shared<Apart>();
  Evaluator& inner = apart->evaluator.emplace(query, apart->notes);
  inner.stats_selectors_ = stats_selectors_;
  inner.repeated_ = repeated_;
  auto made = inner.evaluate(expr, steps);
  if (!made) return made;
  StreamPtr stream = std::make_unique<OwningStream>(apart, std::move(*made));
  auto cells = KeptCells::read(query, stream, apart->notes);
  if (!cells) return fail(std::move(cells).error());
  annotations.merge(apart->notes);
  if (!*cells) return stream;
  entry->cells = std::move(*cells);
  entry->annotations = apart->notes;
  return stream_of(entry->cells);
}

Result<StreamPtr> Evaluator::evaluate(const Expr& expr, const Steps& steps) {
  if (const auto* node = expr.as<promql::VectorSelector>()) {
    return node->smoothed ? select_smoothed(*this, *node, expr.range, steps)
                          : select_instant(*this, *node, expr.range, steps,
                                           SelectorValue::kSample);
  }
  if (const auto* node = expr.as<promql::Paren>()) {
    return vector(*node->expr, steps);
  }
  if (const auto* node = expr.as<promql::StepInvariant>()) {
    return step_invariant(*this, *node->expr, steps);
  }
  if (const auto* node = expr.as<promql::Unary>()) {
    return node->negative ? negate(*this, *node->expr, steps)
                          : vector(*node->expr, steps);
  }
  if (const auto* node = expr.as<promql::Binary>()) {
    if (!node->matching) return binary_with_scalar(*this, expr, *node, steps);
    return is_set_operator(node->op)
               ? set_operation(*this, *node, steps)
               : binary_of_vectors(*this, expr, *node, steps);
  }
  if (const auto* node = expr.as<promql::Aggregate>()) {
    return aggregate(*this, expr, *node, steps);
  }
  if (const auto* node = expr.as<promql::Call>()) {
    return call(expr, *node, steps);
  }
  return fail(Code::kInternal, "expression is not an instant vector");
}

Result<TablePtr> Evaluator::table(const Expr& expr, const Steps& steps) {
  auto stream = vector(expr, steps);
  if (!stream) return fail(std::move(stream).error());
  return materialize(query, std::move(*stream), annotations);
}

Result<RangeVector> Evaluator::range_vector(const Expr& expr,
                                            const Steps& steps) {
  const Expr& inner = promql::unwrap(expr);
  Profile* const profile = query.options.profile;
  std::optional<ProfileTimer> timer;
  if (profile != nullptr) timer.emplace(profile->of(inner));
  auto made = [&]() -> Result<RangeVector> {
    if (const auto* node = inner.as<promql::MatrixSelector>())
      return select_range(*this, inner, *node, steps);
    if (const auto* node = inner.as<promql::Subquery>())
      return evaluate_subquery(*this, inner, *node, steps);
    return fail(Code::kInternal, "expression is not a range vector");
  }();
  if (made && profile != nullptr)
    made->selection = profiled(std::move(made->selection), profile->of(inner));
  return made;
}

Result<ScalarValues> Evaluator::scalar(const Expr& expr, const Steps& steps) {
  std::optional<ProfileTimer> timer;
  if (query.options.profile != nullptr)
    timer.emplace(query.options.profile->of(expr));
  if (const auto* node = expr.as<promql::NumberLiteral>()) {
    return ScalarValues(steps.count, node->value);
  }
  if (const auto* node = expr.as<promql::Paren>()) {
    return scalar(*node->expr, steps);
  }
  if (const auto* node = expr.as<promql::StepInvariant>()) {
    auto once = scalar(*node->expr, {steps.start_ms, steps.step_ms, kOnce});
    if (!once) return once;
    return ScalarValues(steps.count, once->front());
  }
  if (const auto* node = expr.as<promql::Unary>()) {
    auto values = scalar(*node->expr, steps);
    if (!values || !node->negative) return values;
    for (double& value : *values) value = -value;
    return values;
  }
  if (const auto* node = expr.as<promql::Binary>()) {
    return binary_of_scalars(*this, *node, steps);
  }
  if (const auto* node = expr.as<promql::Call>()) {
    return scalar_call(*this, *node, steps);
  }
  return fail(Code::kInternal, "expression is not a scalar");
}

Result<StreamPtr> Evaluator::call(const Expr& expr, const promql::Call& node,
                                  const Steps& steps) {
  const FunctionId id = node.function->id;
  if (is_math_function(id)) return call_math(*this, node, steps);
  if (is_date_function(id)) return call_date(*this, node, steps);
  if (is_sort_function(id)) return call_sort(*this, expr, node, steps);
  if (is_histogram_value_function(id)) {
    return call_histogram_value(*this, node, steps);
  }
  switch (id) {
    case FunctionId::kAbsent:
      return call_absent(*this, node, steps);
    case FunctionId::kAbsentOverTime:
      return call_absent_over_time(*this, node, steps);
    case FunctionId::kTimestamp:
    case FunctionId::kStartTimestamp:
      return call_timestamp(*this, node, steps);
    case FunctionId::kLabelReplace:
      return call_label_replace(*this, node, steps);
    case FunctionId::kLabelJoin:
      return call_label_join(*this, node, steps);
    case FunctionId::kHistogramQuantile:
    case FunctionId::kHistogramQuantiles:
    case FunctionId::kHistogramFraction:
      return call_histogram_groups(*this, node, steps);
    case FunctionId::kInfo:
      return call_info(*this, node, steps);
    case FunctionId::kVector:
      return vector_of_scalar(*this, *node.args.front(), steps);
    default:
      return call_range_function(*this, node, steps);
  }
}

}  // namespace prom::query
