#include "tests/support/oracle.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <set>

#include "libprom/base/number.h"
#include "libprom/model/sample.h"
#include "libprom/promql/functions.h"

namespace prom::test {

namespace {

using namespace promql;  // NOLINT: this file is about nothing else

using Vector = std::map<Labels, double>;
using Point = std::pair<std::int64_t, double>;
using Range = std::map<Labels, std::vector<Point>>;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr std::int64_t kLookbackMs = 300'000;
constexpr std::int64_t kDefaultStepMs = 60'000;

struct Failure {
  std::string what;
};
struct Ambiguous {};

Labels nameless(const Labels& labels) {
  return LabelsBuilder(labels).remove(kMetricName).build();
}

void put(Vector& into, const Labels& labels, double value) {
  if (!into.emplace(labels, value).second) throw Failure{"same labelset"};
}

bool listed(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

Labels key_of(const Labels& labels, const std::vector<std::string>& names,
              bool without) {
  LabelsBuilder builder;
  for (const LabelView& label : labels) {
    const bool keep =
        without ? !listed(names, label.name) && label.name != kMetricName
                : listed(names, label.name);
    if (keep) builder.set(label.name, label.value);
  }
  return builder.build();
}

double quantile(double q, std::vector<double> values) {
  if (values.empty() || std::isnan(q)) return kNan;
  if (q < 0) return -kInf;
  if (q > 1) return kInf;
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

double mean(const std::vector<double>& values) {
  long double sum = 0;
  for (const double v : values) sum += v;
  return static_cast<double>(sum / static_cast<long double>(values.size()));
}

double variance(const std::vector<double>& values) {
  const long double m = mean(values);
  long double sum = 0;
  for (const double v : values) sum += (v - m) * (v - m);
  return static_cast<double>(sum / static_cast<long double>(values.size()));
}

double extreme(const std::vector<double>& values, bool largest) {
  double best = kNan;
  for (const double v : values) {
    if (std::isnan(best) || (largest ? v > best : v < best)) best = v;
  }
  return best;
}

// -- Functions of one window

struct Window {
  std::vector<Point> points;
  std::int64_t start_ms = 0;
  std::int64_t end_ms = 0;
  std::int64_t now_ms = 0;
  double argument = 0;
};

std::vector<double> values_of(const Window& w) {
  std::vector<double> values;
  for (const Point& p : w.points) values.push_back(p.second);
  return values;
}

std::optional<double> extrapolated(const Window& w, bool counter, bool rate) {
  if (w.points.size() < 2) return std::nullopt;
  const auto [first_t, first] = w.points.front();
  const auto [last_t, last] = w.points.back();
  double increase = last - first;
  for (std::size_t i = 1; counter && i < w.points.size(); ++i) {
    if (w.points[i].second < w.points[i - 1].second) {
      increase += w.points[i - 1].second;
    }
  }
  const double sampled = static_cast<double>(last_t - first_t) / 1000;
  const double gap = sampled / static_cast<double>(w.points.size() - 1);
  double before = static_cast<double>(first_t - w.start_ms) / 1000;
  double after = static_cast<double>(w.end_ms - last_t) / 1000;
  if (before >= gap * 1.1) before = gap / 2;
  if (after >= gap * 1.1) after = gap / 2;
  if (counter && increase > 0 && first >= 0) {
    before = std::min(before, sampled * (first / increase));
  }
  double result = increase * ((sampled + before + after) / sampled);
  if (rate) result /= static_cast<double>(w.end_ms - w.start_ms) / 1000;
  return result;
}

std::optional<double> regression(const Window& w, std::int64_t origin_ms,
                                 double ahead, bool slope_only) {
  if (w.points.size() < 2) return std::nullopt;
  const bool constant = std::ranges::all_of(w.points, [&](const Point& p) {
    return p.second == w.points.front().second;
  });
  if (constant) {
    const double value = w.points.front().second;
    if (std::isinf(value)) return kNan;
    return slope_only ? 0 : value;
  }
  long double n = 0, x = 0, y = 0, xy = 0, xx = 0;
  for (const Point& p : w.points) {
    const long double t = static_cast<long double>(p.first - origin_ms) / 1000;
    n += 1;
    x += t;
    y += p.second;
    xy += t * p.second;
    xx += t * t;
  }
  const long double slope = (xy - x * y / n) / (xx - x * x / n);
  const long double intercept = y / n - slope * x / n;
  return static_cast<double>(slope_only ? slope : slope * ahead + intercept);
}

std::optional<double> window_function(FunctionId id, const Window& w) {
  const std::vector<double> values = values_of(w);
  const auto count = static_cast<double>(values.size());
  switch (id) {
    case FunctionId::kRate:
      return extrapolated(w, true, true);
    case FunctionId::kIncrease:
      return extrapolated(w, true, false);
    case FunctionId::kDelta:
      return extrapolated(w, false, false);
    case FunctionId::kIrate:
    case FunctionId::kIdelta: {
      if (values.size() < 2) return std::nullopt;
      const Point a = w.points[w.points.size() - 2];
      const Point b = w.points.back();
      if (id == FunctionId::kIdelta) return b.second - a.second;
      const double up = b.second < a.second ? b.second : b.second - a.second;
      return up / (static_cast<double>(b.first - a.first) / 1000);
    }
    case FunctionId::kResets:
    case FunctionId::kChanges: {
      double found = 0;
      for (std::size_t i = 1; i < values.size(); ++i) {
        const double a = values[i - 1];
        const double b = values[i];
        const bool hit = id == FunctionId::kResets
                             ? b < a
                             : b != a && !(std::isnan(a) && std::isnan(b));
        if (hit) ++found;
      }
      return found;
    }
    case FunctionId::kDeriv:
      return regression(w, w.points.front().first, 0, true);
    case FunctionId::kPredictLinear:
      return regression(w, w.now_ms, w.argument, false);
    case FunctionId::kSumOverTime: {
      long double sum = 0;
      for (const double v : values) sum += v;
      return static_cast<double>(sum);
    }
    case FunctionId::kAvgOverTime:
      return mean(values);
    case FunctionId::kCountOverTime:
      return count;
    case FunctionId::kPresentOverTime:
      return 1;
    case FunctionId::kMinOverTime:
      return extreme(values, false);
    case FunctionId::kMaxOverTime:
      return extreme(values, true);
    case FunctionId::kFirstOverTime:
      return values.front();
    case FunctionId::kLastOverTime:
      return values.back();
    case FunctionId::kStdvarOverTime:
      return variance(values);
    case FunctionId::kStddevOverTime:
      return std::sqrt(variance(values));
    case FunctionId::kQuantileOverTime:
      return quantile(w.argument, values);
    default:
      throw Failure{"oracle does not know this function"};
  }
}

// -- Operators

double arithmetic(BinaryOp op, double a, double b) {
  switch (op) {
    case BinaryOp::kAdd:
      return a + b;
    case BinaryOp::kSubtract:
      return a - b;
    case BinaryOp::kMultiply:
      return a * b;
    case BinaryOp::kDivide:
      return a / b;
    case BinaryOp::kModulo:
      return std::fmod(a, b);
    case BinaryOp::kPower:
      return std::pow(a, b);
    case BinaryOp::kAtan2:
      return std::atan2(a, b);
    default:
      throw Failure{"not arithmetic"};
  }
}

bool holds(BinaryOp op, double a, double b) {
  switch (op) {
    case BinaryOp::kEqual:
      return a == b;
    case BinaryOp::kNotEqual:
      return a != b;
    case BinaryOp::kLess:
      return a < b;
    case BinaryOp::kLessEqual:
      return a <= b;
    case BinaryOp::kGreater:
      return a > b;
    case BinaryOp::kGreaterEqual:
      return a >= b;
    default:
      throw Failure{"not a comparison"};
  }
}

class Oracle {
 public:
  explicit Oracle(const OracleSeries& data) : data_(data) {}

  double scalar(const Expr& e, std::int64_t now) {
    if (const auto* n = e.as<NumberLiteral>()) return n->value;
    if (const auto* n = e.as<Paren>()) return scalar(*n->expr, now);
    if (const auto* n = e.as<Unary>()) {
      const double v = scalar(*n->expr, now);
      return n->negative ? -v : v;
    }
    if (const auto* n = e.as<Binary>()) {
      const double a = scalar(*n->lhs, now);
      const double b = scalar(*n->rhs, now);
      if (is_comparison(n->op)) return holds(n->op, a, b) ? 1 : 0;
      return arithmetic(n->op, a, b);
    }
    const auto* call = e.as<Call>();
    if (call == nullptr) throw Failure{"not a scalar"};
    if (call->function->id == FunctionId::kTime) {
      return static_cast<double>(now) / 1000;
    }
    if (call->function->id == FunctionId::kScalar) {
      const Vector v = vector(*call->args[0], now);
      return v.size() == 1 ? v.begin()->second : kNan;
    }
    throw Failure{"unknown scalar function"};
  }

  Vector vector(const Expr& e, std::int64_t now) {
    if (const auto* n = e.as<Paren>()) return vector(*n->expr, now);
    if (const auto* n = e.as<VectorSelector>()) return select(*n, now);
    if (const auto* n = e.as<Aggregate>()) return aggregate(*n, now);
    if (const auto* n = e.as<Binary>()) return binary(*n, now);
    if (const auto* n = e.as<Call>()) return call(*n, now);
    if (const auto* n = e.as<Unary>()) {
      const Vector in = vector(*n->expr, now);
      if (!n->negative) return in;
      Vector out;
      for (const auto& [labels, value] : in) put(out, nameless(labels), -value);
      return out;
    }
    throw Failure{"not a vector"};
  }

 private:
  Vector select(const VectorSelector& s, std::int64_t now) const {
    const std::int64_t at = (s.at.is_set() ? s.at.ms : now) - s.offset.ms;
    Vector out;
    for (const auto& [labels, points] : data_) {
      if (!matches_all(s.matchers, labels)) continue;
      auto next = points.upper_bound(at);
      if (next == points.begin()) continue;
      const auto& [time, value] = *std::prev(next);
      if (time > at - kLookbackMs && !is_stale_nan(value)) {
        out[labels] = value;
      }
    }
    return out;
  }

  Range range(const Expr& e, std::int64_t now, std::int64_t& start,
              std::int64_t& end) {
    Range out;
    if (const auto* m = e.as<MatrixSelector>()) {
      const VectorSelector& s = m->selector;
      end = (s.at.is_set() ? s.at.ms : now) - s.offset.ms;
      start = end - m->range.ms;
      for (const auto& [labels, points] : data_) {
        if (!matches_all(s.matchers, labels)) continue;
        for (const auto& [time, value] : points) {
          if (time > start && time <= end && !is_stale_nan(value)) {
            out[labels].emplace_back(time, value);
          }
        }
      }
      return out;
    }
    const auto* q = e.as<Subquery>();
    if (q == nullptr) throw Failure{"not a range"};
    end = (q->at.is_set() ? q->at.ms : now) - q->offset.ms;
    start = end - q->range.ms;
    const std::int64_t step = q->step.ms > 0 ? q->step.ms : kDefaultStepMs;
    for (std::int64_t t = start + 1; t <= end; ++t) {
      if (t % step != 0) {
        t += step - 1 - ((t % step + step) % step);
        continue;
      }
      for (const auto& [labels, value] : vector(*q->expr, t)) {
        out[labels].emplace_back(t, value);
      }
    }
    return out;
  }

  Vector call(const Call& c, std::int64_t now) {
    const FunctionId id = c.function->id;
    for (std::size_t i = 0; i < c.args.size(); ++i) {
      if (c.args[i]->type == ValueType::kMatrix) return over_range(c, i, now);
    }
    if (id == FunctionId::kVector) {
      return {{Labels(), scalar(*c.args[0], now)}};
    }
    const Vector in = vector(*c.args[0], now);
    Vector out;
    if (id == FunctionId::kAbsent) {
      if (!in.empty()) return {};
      return {{absent_labels(*c.args[0]), 1}};
    }
    for (const auto& [labels, value] : in) {
      double result = 0;
      switch (id) {
        case FunctionId::kAbs:
          result = std::fabs(value);
          break;
        case FunctionId::kCeil:
          result = std::ceil(value);
          break;
        case FunctionId::kFloor:
          result = std::floor(value);
          break;
        case FunctionId::kSqrt:
          result = std::sqrt(value);
          break;
        case FunctionId::kSgn:
          result = value > 0 ? 1 : (value < 0 ? -1 : value);
          break;
        case FunctionId::kClampMin: {
          const double bound = scalar(*c.args[1], now);
          result = std::isnan(value) || std::isnan(bound)
                       ? kNan
                       : std::max(value, bound);
          break;
        }
        case FunctionId::kRound:
          result = std::floor(value + 0.5);
          break;
        default:
          throw Failure{"oracle does not know this function"};
      }
      put(out, nameless(labels), result);
    }
    return out;
  }

  static Labels absent_labels(const Expr& e) {
    const auto* s = e.as<VectorSelector>();
    if (const auto* m = e.as<MatrixSelector>()) s = &m->selector;
    LabelsBuilder builder;
    if (s == nullptr) return builder.build();
    for (const Matcher& m : s->matchers) {
      if (m.op() == MatchOp::kEqual && m.name() != kMetricName) {
        builder.set(m.name(), m.value());
      }
    }
    return builder.build();
  }

  Vector over_range(const Call& c, std::size_t matrix, std::int64_t now) {
    Window window;
    window.now_ms = now;
    for (std::size_t i = 0; i < c.args.size(); ++i) {
      if (i != matrix) window.argument = scalar(*c.args[i], now);
    }
    const Range in =
        range(*c.args[matrix], now, window.start_ms, window.end_ms);
    const FunctionId id = c.function->id;
    if (id == FunctionId::kAbsentOverTime) {
      if (!in.empty()) return {};
      return {{absent_labels(*c.args[matrix]), 1}};
    }
    const bool keeps =
        id == FunctionId::kLastOverTime || id == FunctionId::kFirstOverTime;
    Vector out;
    for (const auto& [labels, points] : in) {
      window.points = points;
      const auto value = window_function(id, window);
      if (value) put(out, keeps ? labels : nameless(labels), *value);
    }
    return out;
  }

  Vector aggregate(const Aggregate& a, std::int64_t now) {
    const double param =
        a.param != nullptr && a.param->type == ValueType::kScalar
            ? scalar(*a.param, now)
            : 0;
    std::map<Labels, Vector> groups;
    for (const auto& [labels, value] : vector(*a.expr, now)) {
      groups[key_of(labels, a.grouping, a.without)][labels] = value;
    }
    Vector out;
    for (const auto& [key, members] : groups) {
      std::vector<double> values;
      for (const auto& [labels, value] : members) values.push_back(value);
      switch (a.op) {
        case AggregateOp::kTopk:
        case AggregateOp::kBottomk:
          pick(a.op == AggregateOp::kTopk, param, members, out);
          continue;
        case AggregateOp::kSum: {
          long double sum = 0;
          for (const double v : values) sum += v;
          out[key] = static_cast<double>(sum);
          continue;
        }
        case AggregateOp::kAvg:
          out[key] = mean(values);
          continue;
        case AggregateOp::kCount:
          out[key] = static_cast<double>(values.size());
          continue;
        case AggregateOp::kGroup:
          out[key] = 1;
          continue;
        case AggregateOp::kMin:
          out[key] = extreme(values, false);
          continue;
        case AggregateOp::kMax:
          out[key] = extreme(values, true);
          continue;
        case AggregateOp::kStdvar:
          out[key] = variance(values);
          continue;
        case AggregateOp::kStddev:
          out[key] = std::sqrt(variance(values));
          continue;
        case AggregateOp::kQuantile:
          out[key] = quantile(param, values);
          continue;
        default:
          throw Failure{"oracle does not know this aggregation"};
      }
    }
    return out;
  }

  static void pick(bool largest, double param, const Vector& members,
                   Vector& out) {
    if (param < 1) return;
    std::vector<std::pair<double, Labels>> order;
    std::set<double> seen;
    for (const auto& [labels, value] : members) {
      if (std::isnan(value) || !seen.insert(value).second) throw Ambiguous{};
      order.emplace_back(largest ? -value : value, labels);
    }
    std::ranges::sort(order);
    for (std::size_t i = 0;
         i < order.size() && static_cast<double>(i) + 1 <= param; ++i) {
      out[order[i].second] = members.at(order[i].second);
    }
  }

  Vector binary(const Binary& b, std::int64_t now) {
    if (!b.matching) return with_scalar(b, now);
    const Vector lhs = vector(*b.lhs, now);
    const Vector rhs = vector(*b.rhs, now);
    const VectorMatching& m = *b.matching;
    const auto key = [&](const Labels& labels) {
      return key_of(labels, m.labels, !m.on);
    };
    if (is_set_operator(b.op)) {
      std::set<Labels> left;
      std::set<Labels> right;
      for (const auto& [labels, value] : lhs) left.insert(key(labels));
      for (const auto& [labels, value] : rhs) right.insert(key(labels));
      Vector out;
      for (const auto& [labels, value] : lhs) {
        if (b.op == BinaryOp::kOr ||
            right.contains(key(labels)) == (b.op == BinaryOp::kAnd)) {
          out[labels] = value;
        }
      }
      if (b.op != BinaryOp::kOr) return out;
      for (const auto& [labels, value] : rhs) {
        if (!left.contains(key(labels))) put(out, labels, value);
      }
      return out;
    }
    return match(b, lhs, rhs, key);
  }

  template <typename Key>
  static Vector match(const Binary& b, const Vector& lhs, const Vector& rhs,
                      const Key& key) {
    const VectorMatching& m = *b.matching;
    const bool swapped = m.cardinality == Cardinality::kOneToMany;
    const Vector& many = swapped ? rhs : lhs;
    const Vector& one = swapped ? lhs : rhs;
    if (lhs.empty() || rhs.empty()) return {};
    std::map<Labels, Labels> partner;
    for (const auto& [labels, value] : one) {
      if (!partner.emplace(key(labels), labels).second) {
        throw Failure{"many-to-many"};
      }
    }
    Vector out;
    std::set<Labels> matched;
    std::set<Labels> claimed;
    for (const auto& [labels, value] : many) {
      const auto found = partner.find(key(labels));
      if (found == partner.end()) continue;
      const double other = one.at(found->second);
      const double a = swapped ? other : value;
      const double c = swapped ? value : other;
      Labels result = labels;
      if (!is_comparison(b.op) || b.return_bool) result = nameless(result);
      if (m.cardinality == Cardinality::kOneToOne) {
        if (!matched.insert(key(labels)).second) throw Failure{"many-to-one"};
        LabelsBuilder builder;
        for (const LabelView& label : result) {
          const bool in = listed(m.labels, label.name);
          if (in == m.on) builder.set(label.name, label.value);
        }
        result = builder.build();
      } else {
        LabelsBuilder builder(result);
        for (const std::string& name : m.include) {
          builder.set(name, found->second.get(name));
        }
        result = builder.build();
        if (!claimed.insert(result).second) throw Failure{"not unique"};
      }
      if (!is_comparison(b.op)) {
        put(out, result, arithmetic(b.op, a, c));
      } else if (b.return_bool) {
        put(out, result, holds(b.op, a, c) ? 1 : 0);
      } else if (holds(b.op, a, c)) {
        put(out, result, a);
      }
    }
    return out;
  }

  Vector with_scalar(const Binary& b, std::int64_t now) {
    const bool left = b.lhs->type == ValueType::kScalar;
    const double s = scalar(left ? *b.lhs : *b.rhs, now);
    Vector out;
    for (const auto& [labels, value] : vector(left ? *b.rhs : *b.lhs, now)) {
      const double x = left ? s : value;
      const double y = left ? value : s;
      if (!is_comparison(b.op)) {
        put(out, nameless(labels), arithmetic(b.op, x, y));
      } else if (b.return_bool) {
        put(out, nameless(labels), holds(b.op, x, y) ? 1 : 0);
      } else if (holds(b.op, x, y)) {
        put(out, labels, value);
      }
    }
    return out;
  }

  const OracleSeries& data_;
};

}  // namespace

OracleAnswer oracle_evaluate(const Expr& expr, const OracleSeries& data,
                             const OracleTimes& times) {
  OracleAnswer answer;
  Oracle oracle(data);
  try {
    for (std::int64_t t = times.start_ms; t <= times.end_ms;
         t += times.step_ms) {
      if (expr.type == ValueType::kScalar) {
        answer.series[Labels()][t] = oracle.scalar(expr, t);
        continue;
      }
      for (const auto& [labels, value] : oracle.vector(expr, t)) {
        answer.series[labels][t] = value;
      }
    }
  } catch (const Failure& failure) {
    answer.error = failure.what;
  } catch (const Ambiguous&) {
    answer.ambiguous = true;
  }
  return answer;
}

}  // namespace prom::test
