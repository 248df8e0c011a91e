#include "tests/support/oracle.h"

#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/promql/prepare.h"

#include "tests/support/oracle_internal.h"

namespace prom::test {

using namespace promql;  // NOLINT: this file is about nothing else

double oracle_quantile(double q, std::vector<double> values) {
  if (values.empty() || std::isnan(q)) return kOracleNan;
  if (q < 0) return -kOracleInf;
  if (q > 1) return kOracleInf;
  std::ranges::sort(values, [](double a, double b) {
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && !std::isnan(b);
    return a < b;
  });
  const double rank = q * static_cast<double>(values.size() - 1);
  const auto low = static_cast<std::size_t>(rank);
  const std::size_t high = std::min(low + 1, values.size() - 1);
  const double weight = rank - std::floor(rank);
  return values[low] * (1 - weight) + values[high] * weight;
}

std::string oracle_quoted(std::string_view text) {
  return quote(text);
}

std::string oracle_go_g(double value) {
  std::string text;
  append_float_go_g(text, value);
  return text;
}

Labels oracle_without(const Labels& labels,
                      const std::vector<std::string>& names) {
  LabelsBuilder builder(labels);
  for (const std::string& name : names) builder.remove(name);
  return builder.build();
}

Labels oracle_only(const Labels& labels,
                   const std::vector<std::string>& names) {
  LabelsBuilder builder;
  for (const std::string& name : names) builder.set(name, labels.get(name));
  return builder.build();
}

bool oracle_same_labels_twice(const OracleVector& vector) {
  std::set<Labels> seen;
  return std::ranges::any_of(vector, [&](const OracleElement& element) {
    return !seen.insert(element.labels).second;
  });
}

const std::string& oracle_string(const Expr& expr) {
  return unwrap(expr).as<StringLiteral>()->value;
}

void OracleSum::add(double value) {
  const double total = sum + value;
  if (std::isinf(total)) {
    lost = 0;
  } else if (std::fabs(sum) >= std::fabs(value)) {
    lost += (sum - total) + value;
  } else {
    lost += (value - total) + sum;
  }
  sum = total;
}

// -- Names and notes

namespace {

Labels nameless(const Labels& labels) {
  return LabelsBuilder(labels)
      .remove(kMetricName)
      .remove("__type__")
      .remove("__unit__")
      .build();
}

// Only the count, sum and schema of these histograms are read.
bool is_stats_path(const std::vector<const Expr*>& path) {
  bool stats = false;
  for (auto it = path.rbegin(); it != path.rend(); ++it) {
    if ((*it)->as<Subquery>() != nullptr) return false;
    if (const auto* b = (*it)->as<Binary>()) {
      if (b->op == BinaryOp::kTrimLower || b->op == BinaryOp::kTrimUpper) {
        return false;
      }
    }
    const auto* call = (*it)->as<Call>();
    if (call == nullptr) continue;
    const std::string_view name = call->function->name;
    if (name == "histogram_count" || name == "histogram_sum" ||
        name == "histogram_avg") {
      stats = true;
    }
    if (name.starts_with("histogram_quantile") || name == "histogram_fraction")
      return false;
  }
  return stats;
}

void reduce_to_stats(OracleValue& value, const OracleHistogram* before) {
  OracleHistogram& h = *value.histogram;
  if (h.hint == CounterResetHint::kUnknown && before != nullptr) {
    h.hint = is_reset(h, *before) ? CounterResetHint::kReset
                                  : CounterResetHint::kNotReset;
  }
  h.positive.clear();
  h.negative.clear();
  h.bounds.clear();
  h.zero_threshold = 0;
  h.zero_count = 0;
}

bool is_stale(const OracleSample& sample) {
  return is_stale_nan(sample.value.histogram ? sample.value.histogram->sum
                                             : sample.value.number);
}

std::int64_t time_of(const At& at, const DurationValue& offset,
                     std::int64_t now) {
  return (at.is_set() ? at.ms : now) - offset.ms;
}

}  // namespace

Labels Oracle::renamed(const Labels& labels) const {
  return options_.delayed_name_removal ? labels : nameless(labels);
}

void Oracle::warn(const std::string& text, std::size_t where) {
  if (!silent_) warnings_.emplace(text, where);
}

void Oracle::info(const std::string& text, std::size_t where) {
  if (!silent_) infos_.emplace(text, where);
}

void Oracle::move_notes(OracleAnswer& into) {
  into.warnings = std::move(warnings_);
  into.infos = std::move(infos_);
}

double Oracle::inexact(double value, std::size_t where) const {
  if (options_.noise == 0) return value;
  const auto sign = static_cast<double>((where * 2654435761U) % 7) - 3.5;
  return value * (1 + options_.noise * sign);
}

void Oracle::inexact(OracleHistogram& h, std::size_t where) const {
  if (options_.noise == 0) return;
  const auto hint = h.hint;
  multiply(h, inexact(1, where));
  h.hint = hint;
}

void Oracle::finish(OracleVector& vector) const {
  for (OracleElement& element : vector) {
    if (element.drops_name) element.labels = nameless(element.labels);
  }
  if (oracle_same_labels_twice(vector)) {
    throw OracleFailure{"vector cannot contain metrics with the same labelset"};
  }
}

// -- Selectors

OracleVector Oracle::select(const VectorSelector& selector, bool stats,
                            std::int64_t at) {
  OracleVector out;
  for (const auto& [labels, samples] : data_) {
    if (!matches_all(selector.matchers, labels)) continue;
    auto next = samples.upper_bound(at);
    if (next == samples.begin()) continue;
    const auto found = std::prev(next);
    if (found->first <= at - options_.lookback_ms || is_stale(found->second)) {
      continue;
    }
    OracleElement element{labels, found->second.value, false, found->first,
                          found->second.start_ms};
    if (stats && element.is_histogram()) {
      const OracleHistogram* before = nullptr;
      for (auto it = found; it != samples.begin() && before == nullptr;) {
        --it;
        if (it->second.value.histogram && !is_stale(it->second)) {
          before = &*it->second.value.histogram;
        }
      }
      reduce_to_stats(element.value, before);
    }
    out.push_back(std::move(element));
  }
  return out;
}

OracleVector Oracle::select_smoothed(const VectorSelector& selector,
                                     std::size_t where, std::int64_t at) {
  OracleVector out;
  for (const auto& [labels, samples] : data_) {
    if (!matches_all(selector.matchers, labels)) continue;
    std::vector<OraclePoint> points;
    bool floats = false;
    bool histograms = false;
    for (const auto& [time, sample] : samples) {
      if (time <= at - options_.lookback_ms || time > at + options_.lookback_ms)
        continue;
      if (is_stale(sample)) continue;
      points.push_back({time, sample.value, sample.start_ms});
      (points.back().is_histogram() ? histograms : floats) = true;
    }
    const std::string metric(labels.metric_name());
    if (floats && histograms) {
      warn("encountered a mix of histograms and floats for metric name " +
               oracle_quoted(metric),
           where);
      continue;
    }
    const auto next = std::ranges::find_if(
        points, [&](const OraclePoint& p) { return p.time_ms >= at; });
    OracleElement element{labels, {}, false, at, 0};
    if (next != points.end() && next->time_ms == at) {
      element.value = next->value;
    } else if (next == points.begin()) {
      continue;
    } else if (next == points.end()) {
      element.value = std::prev(next)->value;
      if (histograms) element.value.histogram->hint = {};
    } else if (!histograms) {
      const OraclePoint& before = *std::prev(next);
      const auto part = static_cast<double>(at - before.time_ms) /
                        static_cast<double>(next->time_ms - before.time_ms);
      element.value.number =
          inexact(before.value.number +
                      (next->value.number - before.value.number) * part,
                  where);
    } else {
      const OraclePoint& before = *std::prev(next);
      const bool counter = !before.value.histogram->is_gauge() ||
                           !next->value.histogram->is_gauge();
      if (before.value.histogram->is_custom() !=
          next->value.histogram->is_custom()) {
        warn(
            "vector contains a mix of histograms with exponential and custom "
            "buckets schemas for metric name " +
                oracle_quoted(metric),
            where);
        continue;
      }
      auto between = interpolated(before, *next, at, counter, metric, where);
      if (!between) continue;
      element.value.histogram = std::move(between);
    }
    out.push_back(std::move(element));
  }
  return out;
}

OracleWindow Oracle::window(const Expr& expr, const Times& span,
                            std::int64_t now) {
  const Expr& inner = unwrap(expr);
  if (const auto* s = inner.as<Subquery>()) {
    path_.push_back(&inner);
    OracleWindow w = subquery(*s, span, now);
    path_.pop_back();
    w.where = inner.range.begin;
    return w;
  }
  const auto& node = *inner.as<MatrixSelector>();
  OracleWindow w;
  w.now_ms = now;
  w.where = inner.range.begin;
  w.end_ms = time_of(node.selector.at, node.selector.offset, now);
  w.start_ms = w.end_ms - node.range.ms;
  w.anchored = node.selector.anchored;
  w.smoothed = node.selector.smoothed;
  const bool extended = w.anchored || w.smoothed;
  const std::int64_t from = w.start_ms - (extended ? options_.lookback_ms : 0);
  const std::int64_t to = w.end_ms + (w.smoothed ? options_.lookback_ms : 0);
  const bool stats = is_stats_path(path_);
  for (const auto& [labels, samples] : data_) {
    if (!matches_all(node.selector.matchers, labels)) continue;
    OracleWindowSeries series{labels, false, {}};
    const OracleHistogram* before = nullptr;
    for (const auto& [time, sample] : samples) {
      if (time > to) break;
      if (is_stale(sample)) continue;
      const bool in = time > from;
      if (in) series.points.push_back({time, sample.value, sample.start_ms});
      if (!sample.value.histogram) continue;
      if (in && stats) reduce_to_stats(series.points.back().value, before);
      before = &*sample.value.histogram;
    }
    if (!series.points.empty()) w.series.push_back(std::move(series));
  }
  return w;
}

OracleWindow Oracle::subquery(const Subquery& node, const Times& span,
                              std::int64_t now) {
  const std::int64_t step =
      node.step.ms > 0 ? node.step.ms : options_.subquery_step_ms;
  const std::int64_t steps =
      span.step_ms == 0 ? 0 : (span.end_ms - span.start_ms) / span.step_ms;
  Times inner;
  inner.step_ms = step;
  const std::int64_t from =
      time_of(node.at, node.offset, span.start_ms) - node.range.ms;
  inner.start_ms = from / step * step;
  if (inner.start_ms <= from) inner.start_ms += step;
  inner.end_ms =
      time_of(node.at, node.offset, span.start_ms + steps * span.step_ms);

  const SubqueryKey key{&node, inner.start_ms, inner.end_ms, step};
  auto found = subqueries_.find(key);
  if (found == subqueries_.end()) {
    // One series for each label set; its times are those of its elements.
    std::vector<OracleWindowSeries> all;
    std::map<std::pair<Labels, bool>, std::size_t> places;
    for (std::int64_t t = inner.start_ms; t <= inner.end_ms; t += step) {
      OracleVector elements;
      if (node.expr->type == ValueType::kScalar) {
        elements.push_back(
            {Labels(), {scalar(*node.expr, inner, t), {}}, false, t, 0});
      } else {
        elements = vector(*node.expr, inner, t);
      }
      for (OracleElement& element : elements) {
        const auto [place, is_new] = places.try_emplace(
            {element.labels, element.drops_name}, all.size());
        if (is_new) all.push_back({element.labels, element.drops_name, {}});
        OracleValue value = std::move(element.value);
        if (value.histogram && !value.histogram->is_gauge()) {
          value.histogram->hint = CounterResetHint::kUnknown;
        }
        all[place->second].points.push_back({t, std::move(value), 0});
      }
    }
    found = subqueries_.emplace(key, std::move(all)).first;
  }
  OracleWindow w;
  w.now_ms = now;
  w.end_ms = time_of(node.at, node.offset, now);
  w.start_ms = w.end_ms - node.range.ms;
  for (const OracleWindowSeries& series : found->second) {
    OracleWindowSeries part{series.labels, series.drops_name, {}};
    for (const OraclePoint& p : series.points) {
      // As a sample, a stale marker is none.
      if (p.time_ms <= w.start_ms || p.time_ms > w.end_ms) continue;
      if (is_stale({p.value, 0})) continue;
      part.points.push_back(p);
    }
    if (!part.points.empty()) w.series.push_back(std::move(part));
  }
  return w;
}

// -- Nodes

double Oracle::scalar(const Expr& e, const Times& span, std::int64_t now) {
  if (const auto* n = e.as<NumberLiteral>()) return n->value;
  if (const auto* n = e.as<Paren>()) return scalar(*n->expr, span, now);
  if (const auto* n = e.as<StepInvariant>()) {
    return scalar(*n->expr, {span.start_ms, span.start_ms, span.step_ms}, now);
  }
  if (const auto* n = e.as<Unary>()) {
    const double v = scalar(*n->expr, span, now);
    return n->negative ? -v : v;
  }
  path_.push_back(&e);
  double result = 0;
  if (const auto* n = e.as<Binary>()) {
    const OracleValue a{scalar(*n->lhs, span, now), {}};
    const OracleValue b{scalar(*n->rhs, span, now), {}};
    const Outcome outcome = operate(e, *n, a, b);
    result =
        is_comparison(n->op) ? (outcome.keep ? 1 : 0) : outcome.value.number;
  } else {
    const auto& node = *e.as<Call>();
    const auto argument = [&](std::size_t i) {
      return scalar(*node.args[i], span, now);
    };
    switch (node.function->id) {
      case FunctionId::kTime:
        result = static_cast<double>(now) / 1000;
        break;
      case FunctionId::kPi:
        result = 3.141592653589793;
        break;
      case FunctionId::kMaxOf:
      case FunctionId::kMinOf: {
        const bool max = node.function->id == FunctionId::kMaxOf;
        const double a = argument(0);
        const double b = argument(1);
        const double limit = max ? kOracleInf : -kOracleInf;
        if (a == limit || b == limit) {
          result = limit;
        } else if (std::isnan(a) || std::isnan(b)) {
          result = kOracleNan;
        } else if (a == b) {
          result = std::signbit(a) == max ? b : a;
        } else {
          result = max ? std::max(a, b) : std::min(a, b);
        }
        break;
      }
      default: {  // scalar()
        std::vector<double> found;
        for (const auto& element : vector(*node.args[0], span, now)) {
          if (!element.is_histogram()) found.push_back(element.number());
        }
        result = found.size() == 1 ? found[0] : kOracleNan;
      }
    }
  }
  path_.pop_back();
  return result;
}

OracleVector Oracle::negate(OracleVector in) {
  for (OracleElement& element : in) {
    element.labels = renamed(element.labels);
    element.drops_name = true;
    if (element.is_histogram()) {
      multiply(*element.value.histogram, -1);
    } else {
      element.value.number = -element.value.number;
    }
  }
  if (!options_.delayed_name_removal && oracle_same_labels_twice(in)) {
    throw OracleFailure{"vector cannot contain metrics with the same labelset"};
  }
  return in;
}

OracleVector Oracle::vector(const Expr& e, const Times& span,
                            std::int64_t now) {
  if (const auto* n = e.as<Paren>()) return vector(*n->expr, span, now);
  if (const auto* n = e.as<StepInvariant>()) {
    // By definition it is the same at every step; evaluating it again shows
    // whether that is so.  It has its say once only.
    const bool was_silent = silent_;
    silent_ = silent_ || now != span.start_ms;
    OracleVector result =
        vector(*n->expr, {span.start_ms, span.start_ms, span.step_ms}, now);
    silent_ = was_silent;
    return result;
  }
  if (const auto* n = e.as<VectorSelector>()) {
    const std::int64_t at = time_of(n->at, n->offset, now);
    return n->smoothed ? select_smoothed(*n, e.range.begin, at)
                       : select(*n, is_stats_path(path_), at);
  }
  path_.push_back(&e);
  OracleVector result;
  if (const auto* a = e.as<Aggregate>()) {
    result = aggregate(e, *a, span, now);
  } else if (const auto* b = e.as<Binary>()) {
    result = binary(e, *b, span, now);
  } else if (const auto* u = e.as<Unary>()) {
    result = vector(*u->expr, span, now);
    if (u->negative) result = negate(std::move(result));
  } else {
    result = call(e, *e.as<Call>(), span, now);
    if (!options_.delayed_name_removal && oracle_same_labels_twice(result)) {
      throw OracleFailure{
          "vector cannot contain metrics with the same labelset"};
    }
  }
  path_.pop_back();
  return result;
}

OracleVector Oracle::call(const Expr& expr, const Call& node, const Times& span,
                          std::int64_t now) {
  for (const ExprPtr& argument : node.args) {
    if (argument->type == ValueType::kMatrix) {
      return range_call(node, span, now);
    }
  }
  const auto first = [&] { return vector(*node.args[0], span, now); };
  switch (node.function->id) {
    case FunctionId::kLabelReplace:
      return label_replace(node, first());
    case FunctionId::kLabelJoin:
      return label_join(node, first());
    case FunctionId::kSort:
    case FunctionId::kSortDesc:
    case FunctionId::kSortByLabel:
    case FunctionId::kSortByLabelDesc:
      return sort(expr, node, first(), span);
    case FunctionId::kInfo:
      return info_call(node, span, now);
    case FunctionId::kAbsent:
      if (!first().empty()) return {};
      return {{oracle_labels_of_absence(*node.args[0]), {1, {}}, false, 0, 0}};
    case FunctionId::kVector:
      return {{Labels(), {scalar(*node.args[0], span, now), {}}, false, 0, 0}};
    case FunctionId::kHistogramAvg:
    case FunctionId::kHistogramCount:
    case FunctionId::kHistogramSum:
    case FunctionId::kHistogramStddev:
    case FunctionId::kHistogramStdvar:
      return statistics(node.function->id, first(), expr.range.begin);
    case FunctionId::kHistogramFraction:
    case FunctionId::kHistogramQuantile:
    case FunctionId::kHistogramQuantiles:
      return histogram_call(node, span, now);
    default:
      return math_call(node, span, now);
  }
}

OracleAnswer oracle_evaluate(const Expr& original, const OracleData& data,
                             const OracleTimes& times,
                             const OracleOptions& options) {
  OracleAnswer answer;
  ExprPtr expr = clone(original);
  const auto ready =
      prepare(expr, {times.start_ms, times.end_ms, times.step_ms});
  if (!ready) {
    answer.error = ready.error().message;
    return answer;
  }
  Oracle oracle(data, options);
  const std::int64_t step = std::max<std::int64_t>(times.step_ms, 1);
  try {
    if (expr->type == ValueType::kString) {
      answer.text = oracle_string(*expr);
      return answer;
    }
    for (std::int64_t t = times.start_ms; t <= times.end_ms; t += step) {
      if (expr->type == ValueType::kScalar) {
        answer.series[Labels()][t].number = oracle.scalar(*expr, times, t);
        continue;
      }
      if (expr->type == ValueType::kMatrix) {
        for (auto& series : oracle.window(*expr, times, t).series) {
          for (OraclePoint& p : series.points) {
            answer.series[series.labels][p.time_ms] = std::move(p.value);
          }
        }
        break;
      }
      OracleVector vector = oracle.vector(*expr, times, t);
      oracle.finish(vector);
      for (OracleElement& element : vector) {
        answer.order.push_back(element.labels);
        answer.series[element.labels][t] = std::move(element.value);
      }
    }
  } catch (const OracleFailure& failure) {
    answer.error = failure.what;
  } catch (const OracleOpen& open) {
    answer.open = open.why;
  }
  oracle.move_notes(answer);
  return answer;
}

}  // namespace prom::test
