// Functions of range vectors, but for those of counters.
#include "tests/support/oracle_internal.h"

namespace prom::test {

using namespace promql;  // NOLINT: this file is about nothing else

namespace {

OracleValue number(double value) {
  return {value, std::nullopt};
}

double mean_of(const std::vector<double>& values) {
  OracleSum sum;
  for (const double v : values) sum.add(v);
  const auto n = static_cast<double>(values.size());
  if (!std::isinf(sum.sum)) return sum.sum / n + sum.lost / n;
  const bool finite =
      std::ranges::all_of(values, [](double v) { return std::isfinite(v); });
  if (!finite) return sum.sum;
  // Only the sum is too large.
  double mean = 0;
  for (const double v : values) mean += v / n;
  return mean;
}

double variance_of(const std::vector<double>& values) {
  double count = 0;
  OracleSum mean;
  OracleSum squares;
  for (const double v : values) {
    ++count;
    const double delta = v - (mean.sum + mean.lost);
    mean.add(delta / count);
    squares.add(delta * (v - (mean.sum + mean.lost)));
  }
  return (squares.sum + squares.lost) / count;
}

double deviation_of(const std::vector<double>& values) {
  if (std::ranges::any_of(values, [](double v) { return std::isnan(v); })) {
    return kOracleNan;
  }
  const double median = oracle_quantile(0.5, values);
  std::vector<double> distances;
  for (const double v : values) distances.push_back(std::fabs(v - median));
  return oracle_quantile(0.5, distances);
}

// The place of the smallest or largest value; of equals the first, or the last.
std::size_t extreme(const std::vector<double>& values, bool largest,
                    bool last) {
  std::size_t best = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double v = values[i];
    const double b = values[best];
    const bool beyond = largest ? v > b : v < b;
    if (std::isnan(b) || beyond || (last && v == b)) best = i;
  }
  return best;
}

struct Line {
  double slope = 0;
  double intercept = 0;
};

Line regression(const std::vector<std::pair<std::int64_t, double>>& points,
                std::int64_t origin_ms) {
  const double first = points.front().second;
  const bool constant = std::ranges::all_of(
      points, [&](const auto& p) { return p.second == first; });
  if (constant) {
    if (std::isinf(first)) return {kOracleNan, kOracleNan};
    return {0, first};
  }
  OracleSum x;
  OracleSum y;
  OracleSum xy;
  OracleSum xx;
  for (const auto& [time, value] : points) {
    const double t = static_cast<double>(time - origin_ms) / 1000;
    x.add(t);
    y.add(value);
    xy.add(t * value);
    xx.add(t * t);
  }
  const auto n = static_cast<double>(points.size());
  const double sum_x = x.sum + x.lost;
  const double sum_y = y.sum + y.lost;
  const double covariance = xy.sum + xy.lost - sum_x * sum_y / n;
  const double variance = xx.sum + xx.lost - sum_x * sum_x / n;
  const double slope = covariance / variance;
  return {slope, sum_y / n - slope * sum_x / n};
}

double smoothed(const std::vector<double>& values, double factor,
                double trend_factor) {
  double level = values[0];
  double before = 0;
  double trend = values[1] - values[0];
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (i > 1) {
      trend = trend_factor * (level - before) + (1 - trend_factor) * trend;
    }
    const double next = factor * values[i] + (1 - factor) * (level + trend);
    before = level;
    level = next;
  }
  return level;
}

bool keeps_name(FunctionId id) {
  return id == FunctionId::kLastOverTime || id == FunctionId::kFirstOverTime;
}

// Looks at floats only, and says so where there are histograms too.
bool is_of_floats(FunctionId id) {
  switch (id) {
    case FunctionId::kDeriv:
    case FunctionId::kDoubleExponentialSmoothing:
    case FunctionId::kMadOverTime:
    case FunctionId::kMaxOverTime:
    case FunctionId::kMinOverTime:
    case FunctionId::kPredictLinear:
    case FunctionId::kQuantileOverTime:
    case FunctionId::kStddevOverTime:
    case FunctionId::kStdvarOverTime:
    case FunctionId::kTsOfMaxOverTime:
    case FunctionId::kTsOfMinOverTime:
      return true;
    default:
      return false;
  }
}

bool is_quantile(double q) {
  return q >= 0 && q <= 1;
}

}  // namespace

OracleVector Oracle::range_call(const Call& node, const Times& span,
                                std::int64_t now) {
  const FunctionId id = node.function->id;
  std::vector<double> arguments;
  OracleWindow w;
  const Expr* selector = nullptr;
  for (const ExprPtr& argument : node.args) {
    if (argument->type == ValueType::kMatrix) {
      w = window(*argument, span, now);
      selector = argument.get();
    } else {
      arguments.push_back(scalar(*argument, span, now));
    }
  }
  if (w.anchored && !node.function->takes_anchored) {
    throw OracleFailure{
        "anchored modifier can only be used with: changes, delta, increase, "
        "rate, resets - not with " +
        std::string(node.function->name)};
  }
  if (w.smoothed && !node.function->takes_smoothed) {
    throw OracleFailure{
        "smoothed modifier can only be used with: delta, increase, rate - not "
        "with " +
        std::string(node.function->name)};
  }
  if (id == FunctionId::kAbsentOverTime) {
    if (!w.series.empty()) return {};
    return {{oracle_labels_of_absence(*selector), {1, {}}, false, 0, 0}};
  }
  OracleVector out;
  for (OracleWindowSeries& series : w.series) {
    OracleRange r;
    r.metric = series.labels.metric_name();
    r.points = std::move(series.points);
    r.window = &w;
    for (const OraclePoint& p : r.points) {
      if (p.is_histogram()) {
        r.histograms.push_back(p);
      } else {
        r.floats.emplace_back(p.time_ms, p.value.number);
      }
    }
    auto value = of_range(node, r, arguments);
    if (!value) continue;
    const bool rates = id == FunctionId::kRate || id == FunctionId::kIncrease;
    if (rates && !value->histogram && !r.metric.empty()) {
      const std::string type(series.labels.get("__type__"));
      const auto ends = [&](const char* end) {
        return r.metric.ends_with(end);
      };
      if (options_.type_and_unit_labels) {
        if (type != "counter" && type != "histogram") {
          info(
              "metric might not be a counter, __type__ label is not set to "
              "\"counter\" or \"histogram\", got " +
                  oracle_quoted(type) + ": " + oracle_quoted(r.metric),
              w.where);
        }
      } else if (!ends("_total") && !ends("_sum") && !ends("_count") &&
                 !ends("_bucket")) {
        info(
            "metric might not be a counter, name does not end in "
            "_total/_sum/_count/_bucket: " +
                oracle_quoted(r.metric),
            w.where);
      }
    }
    const bool drops = series.drops_name || !keeps_name(id);
    if (drops && !options_.delayed_name_removal) {
      auto& origins = origins_[{&node, span.start_ms, span.end_ms}];
      const auto [known, is_new] =
          origins.emplace(renamed(series.labels), series.labels);
      if (!is_new && known->second != series.labels) {
        throw OracleFailure{
            "vector cannot contain metrics with the same labelset"};
      }
    }
    out.push_back({drops ? renamed(series.labels) : series.labels,
                   std::move(*value), drops, 0, 0});
  }
  return out;
}

std::optional<OracleValue> Oracle::of_range(
    const Call& node, const OracleRange& r,
    const std::vector<double>& arguments) {
  const FunctionId id = node.function->id;
  const auto time = [](const OraclePoint& p) {
    return number(static_cast<double>(p.time_ms) / 1000);
  };
  switch (id) {
    case FunctionId::kCountOverTime:
      return number(static_cast<double>(r.points.size()));
    case FunctionId::kPresentOverTime:
      return number(1);
    case FunctionId::kFirstOverTime:
      return r.points.front().value;
    case FunctionId::kLastOverTime:
      return r.points.back().value;
    case FunctionId::kTsOfFirstOverTime:
      return time(r.points.front());
    case FunctionId::kTsOfLastOverTime:
      return time(r.points.back());
    case FunctionId::kSumOverTime:
      return sum_or_avg(r, false);
    case FunctionId::kAvgOverTime:
      return sum_or_avg(r, true);
    default:
      break;
  }
  if (is_of_floats(id)) return over_floats(node, r, arguments);
  return counter_call(id, r);
}

std::optional<OracleValue> Oracle::over_floats(
    const Call& node, const OracleRange& r,
    const std::vector<double>& arguments) {
  const FunctionId id = node.function->id;
  const std::size_t where = r.window->where;
  std::vector<double> values;
  for (const auto& [time, value] : r.floats) values.push_back(value);
  if (id == FunctionId::kDoubleExponentialSmoothing) {
    for (const double factor : arguments) {
      if (factor <= 0 || factor >= 1) throw OracleFailure{"invalid factor"};
    }
  }
  if (values.empty()) return std::nullopt;
  const bool wants_two = id == FunctionId::kDoubleExponentialSmoothing ||
                         id == FunctionId::kDeriv ||
                         id == FunctionId::kPredictLinear;
  if (id == FunctionId::kQuantileOverTime && !is_quantile(arguments[0])) {
    warn("quantile value should be between 0 and 1, got " +
             oracle_go_g(arguments[0]),
         node.args[0]->range.begin);
  }
  if (!r.histograms.empty()) {
    // Upstream points at the first argument, whatever that is.
    info(
        "ignored histograms in a range containing both floats and histograms "
        "for metric name " +
            oracle_quoted(r.metric),
        node.args[0]->range.begin);
  }
  if (wants_two && values.size() < 2) return std::nullopt;
  switch (id) {
    case FunctionId::kDeriv:
      return number(
          inexact(regression(r.floats, r.floats[0].first).slope, where));
    case FunctionId::kPredictLinear: {
      const Line line = regression(r.floats, r.window->now_ms);
      return number(inexact(line.slope, where) * arguments[0] +
                    inexact(line.intercept, where + 1));
    }
    case FunctionId::kDoubleExponentialSmoothing:
      return number(
          inexact(smoothed(values, arguments[0], arguments[1]), where));
    case FunctionId::kMadOverTime:
      return number(inexact(deviation_of(values), where));
    case FunctionId::kMaxOverTime:
      return number(values[extreme(values, true, false)]);
    case FunctionId::kMinOverTime:
      return number(values[extreme(values, false, false)]);
    case FunctionId::kTsOfMaxOverTime:
    case FunctionId::kTsOfMinOverTime: {
      const bool max = id == FunctionId::kTsOfMaxOverTime;
      const auto at = r.floats[extreme(values, max, true)].first;
      return number(static_cast<double>(at) / 1000);
    }
    case FunctionId::kQuantileOverTime:
      return number(inexact(oracle_quantile(arguments[0], values), where));
    case FunctionId::kStdvarOverTime:
      return number(inexact(variance_of(values), where));
    default:
      return number(inexact(std::sqrt(variance_of(values)), where));
  }
}

std::optional<OracleValue> Oracle::sum_or_avg(const OracleRange& r,
                                              bool average) {
  const std::size_t where = r.window->where;
  if (!r.floats.empty() && !r.histograms.empty()) {
    warn("encountered a mix of histograms and floats for metric name " +
             oracle_quoted(r.metric),
         where);
    return std::nullopt;
  }
  if (r.histograms.empty()) {
    std::vector<double> values;
    OracleSum sum;
    for (const auto& [time, value] : r.floats) {
      values.push_back(value);
      sum.add(value);
    }
    if (average) return number(inexact(mean_of(values), where));
    const double total = std::isinf(sum.sum) ? sum.sum : sum.sum + sum.lost;
    return number(inexact(total, where));
  }
  bool reset = false;
  bool no_reset = false;
  std::vector<const OracleHistogram*> all;
  for (const OraclePoint& p : r.histograms) {
    all.push_back(&*p.value.histogram);
    reset = reset || all.back()->hint == CounterResetHint::kReset;
    no_reset = no_reset || all.back()->hint == CounterResetHint::kNotReset;
  }
  OracleTotal total = total_of(all, average);
  if (total.merge.incompatible) {
    warn(
        "vector contains a mix of histograms with exponential and custom "
        "buckets schemas for metric name " +
            oracle_quoted(r.metric),
        where);
    return std::nullopt;
  }
  if (reset && no_reset) {
    warn("conflicting counter resets during histogram aggregation", where);
  }
  if (total.merge.reconciled) {
    info("mismatched custom buckets were reconciled during aggregation", where);
  }
  inexact(total.value, where);
  return OracleValue{0, std::move(total.value)};
}

}  // namespace prom::test
