// Functions of histograms, native and classic.
#include "libprom/base/number.h"

#include "tests/support/oracle_internal.h"

namespace prom::test {

using namespace promql;  // NOLINT: this file is about nothing else

namespace {

constexpr double kSmallDelta = 1e-12;

std::string for_metric(std::string text, std::string_view metric) {
  if (metric.empty()) return text;
  return text + " for metric name " + oracle_quoted(metric);
}

bool almost_equal(double a, double b) {
  const double sum = std::fabs(a) + std::fabs(b);
  const double difference = std::fabs(a - b);
  constexpr double kTiny = std::numeric_limits<double>::min();
  if (a == 0 || b == 0 || sum < kTiny) return difference < kSmallDelta * kTiny;
  return difference / std::min(sum, std::numeric_limits<double>::max()) <
         kSmallDelta;
}

using Buckets = std::vector<std::pair<double, double>>;

// Ascending, one for each bound.
Buckets coalesced(Buckets buckets) {
  std::map<double, double> counts;
  for (const auto& [bound, count] : buckets) counts[bound] += count;
  return {counts.begin(), counts.end()};
}

// The count of the observations up to `value`, by interpolation; `rank` is
// what is below the bucket.
struct Rank {
  double value = 0;
  bool is_set = false;
};

std::string open_metrics_float(double value) {
  if (value == 1) return "1.0";
  if (value == 0) return "0.0";
  if (value == -1) return "-1.0";
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::string text = oracle_go_g(value);
  if (text.find_first_of("e.") == std::string::npos) text += ".0";
  return text;
}

double part_below(const OracleBucket& b, double value) {
  const double low = std::log2(std::fabs(b.lower));
  const double high = std::log2(std::fabs(b.upper));
  const double at = std::log2(std::fabs(value));
  if (value > 0) return (at - low) / (high - low);
  return 1 - (at - high) / (low - high);
}

// The zero bucket ends at zero when only one side is used.
void narrow_zero(const OracleHistogram& h, OracleBucket& b) {
  if (h.negative.empty() && !h.positive.empty()) b.lower = 0;
  if (h.positive.empty() && !h.negative.empty()) b.upper = 0;
}

double classic_fraction(double lower, double upper, Buckets buckets) {
  buckets = coalesced(std::move(buckets));
  if (buckets.back().first != kOracleInf) return kOracleNan;
  const double total = buckets.back().second;
  if (total == 0 || std::isnan(lower) || std::isnan(upper)) return kOracleNan;
  if (lower >= upper) return 0;
  double begin = buckets[0].first <= 0 ? -kOracleInf : 0;
  double rank = 0;
  Rank low;
  Rank high;
  for (const auto& [end, count] : buckets) {
    for (auto [at, into] : {std::pair(lower, &low), std::pair(upper, &high)}) {
      if (into->is_set) continue;
      if (begin >= at) {
        *into = {rank, true};
      } else if (end > at) {
        *into = {begin == -kOracleInf
                     ? count
                     : rank + (count - rank) * (at - begin) / (end - begin),
                 true};
      }
    }
    rank = count;
    begin = end;
  }
  for (Rank* r : {&low, &high}) {
    if (!r->is_set || r->value > total) r->value = total;
  }
  return (high.value - low.value) / total;
}

}  // namespace

Oracle::Split Oracle::split(const OracleVector& in, std::size_t where) {
  const bool names = options_.delayed_name_removal;
  Split result;
  std::map<Labels, Classic> classic;
  for (const OracleElement& element : in) {
    if (element.is_histogram()) {
      result.native.push_back(element);
      continue;
    }
    const std::string_view le = element.labels.get("le");
    const std::string metric(names ? element.labels.metric_name() : "");
    const auto bound = parse_float(le);
    if (!bound) {
      warn(for_metric("bucket label \"le\" is missing or has a malformed value "
                      "of " +
                          oracle_quoted(le),
                      metric),
           where);
      continue;
    }
    if (std::isnan(*bound)) throw OracleOpen{"a bucket bound that is NaN"};
    const Labels key = oracle_without(element.labels, {"le"});
    Classic& group = classic[key];
    if (group.buckets.empty()) {
      group.labels = key;
    }
    group.drops_name = true;
    group.buckets.emplace_back(*bound, element.number());
  }
  std::erase_if(result.native, [&](const OracleElement& element) {
    if (classic.erase(element.labels) == 0) return false;
    warn(for_metric("vector contains a mix of classic and native histograms",
                    names ? element.labels.metric_name() : ""),
         where);
    return true;
  });
  for (auto& [key, group] : classic) result.classic.push_back(group);
  return result;
}

double Oracle::classic_quantile(double q, Classic classic, std::size_t where) {
  if (std::isnan(q)) return kOracleNan;
  if (q < 0) return -kOracleInf;
  if (q > 1) return kOracleInf;
  Buckets buckets = coalesced(std::move(classic.buckets));
  if (buckets.back().first != kOracleInf) return kOracleNan;
  double before = buckets[0].second;
  bool repaired = false;
  for (std::size_t i = 1; i < buckets.size(); ++i) {
    double& count = buckets[i].second;
    if (count == before) continue;
    if (almost_equal(before, count)) {
      count = before;
    } else if (count < before) {
      count = before;
      repaired = true;
    } else {
      before = count;
    }
  }
  if (repaired) {
    info(for_metric(
             "input to histogram_quantile needed to be fixed for monotonicity "
             "(see https://prometheus.io/docs/prometheus/latest/querying/"
             "functions/#histogram_quantile)",
             options_.delayed_name_removal ? classic.labels.metric_name() : ""),
         where);
  }
  if (buckets.size() < 2) return kOracleNan;
  const double total = buckets.back().second;
  if (total == 0) return kOracleNan;
  double rank = q * total;
  // By bisection, as the definition says: what NaN counts give depends on it.
  std::size_t at = 0;
  for (std::size_t end = buckets.size() - 1; at < end;) {
    const std::size_t mid = (at + end) / 2;
    if (buckets[mid].second >= rank) {
      end = mid;
    } else {
      at = mid + 1;
    }
  }
  if (at == buckets.size() - 1) return buckets[at - 1].first;
  if (at == 0 && buckets[0].first <= 0) return buckets[0].first;
  double begin = 0;
  double count = buckets[at].second;
  if (at > 0) {
    begin = buckets[at - 1].first;
    count -= buckets[at - 1].second;
    rank -= buckets[at - 1].second;
  }
  return inexact(begin + (buckets[at].first - begin) * (rank / count), where);
}

double Oracle::native_quantile(double q, const OracleElement& element,
                               std::size_t where) {
  const OracleHistogram& h = *element.value.histogram;
  if (q < 0) return -kOracleInf;
  if (q > 1) return kOracleInf;
  if (h.count == 0 || std::isnan(q)) return kOracleNan;
  const std::string metric(renamed(element.labels).metric_name());
  const bool forward = std::isnan(h.sum) || q < 0.5;
  std::vector<OracleBucket> buckets = buckets_of(h);
  if (!forward) std::ranges::reverse(buckets);
  double rank = (forward ? q : 1 - q) * h.count;
  double count = 0;
  OracleBucket bucket;
  std::size_t next = 0;
  while (next < buckets.size()) {
    bucket = buckets[next++];
    if (bucket.count == 0) continue;
    count += bucket.count;
    if (count >= rank) break;
  }
  if (!h.is_custom() && bucket.lower < 0 && bucket.upper > 0) {
    narrow_zero(h, bucket);
  } else if (h.is_custom()) {
    if (bucket.lower == -kOracleInf) {
      if (bucket.upper <= 0) return bucket.upper;
      bucket.lower = 0;
    } else if (bucket.upper == kOracleInf) {
      return bucket.lower;
    }
  }
  count = std::min(count, h.count);
  if (count < rank) {
    if (!std::isnan(h.sum)) return bucket.upper;
    info(for_metric(
             "input to histogram_quantile has NaN observations, result is NaN",
             metric),
         where);
    return kOracleNan;
  }
  rank = forward ? rank - (count - bucket.count) : count - rank;
  if (std::isnan(h.sum)) {
    for (; next < buckets.size(); ++next) count += buckets[next].count;
    if (count < h.count) {
      info(
          for_metric("input to histogram_quantile has NaN observations, result "
                     "is skewed higher",
                     metric),
          where);
    }
  }
  const double fraction = rank / bucket.count;
  if (h.is_custom() || (bucket.lower <= 0 && bucket.upper >= 0)) {
    return inexact(bucket.lower + (bucket.upper - bucket.lower) * fraction,
                   where);
  }
  const double low = std::log2(std::fabs(bucket.lower));
  const double high = std::log2(std::fabs(bucket.upper));
  if (bucket.lower > 0) {
    return inexact(std::exp2(low + (high - low) * fraction), where);
  }
  return inexact(-std::exp2(high + (low - high) * (1 - fraction)), where);
}

double Oracle::native_fraction(double lower, double upper,
                               const OracleElement& element,
                               std::size_t where) {
  const OracleHistogram& h = *element.value.histogram;
  if (h.count == 0 || std::isnan(lower) || std::isnan(upper)) {
    return kOracleNan;
  }
  if (lower >= upper) return 0;
  double observed = 0;
  for (const OracleBucket& b : buckets_of(h)) observed += b.count;
  const bool has_nan = std::isnan(h.sum) && observed < h.count;
  if (has_nan) {
    info(for_metric("input to histogram_fraction has NaN observations, which "
                    "are excluded from all fractions",
                    renamed(element.labels).metric_name()),
         where);
  }
  const double total = std::isnan(h.sum) ? observed : h.count;
  double rank = 0;
  Rank low;
  Rank high;
  for (OracleBucket b : buckets_of(h)) {
    const bool zero = b.lower <= 0 && b.upper >= 0;
    if (zero) narrow_zero(h, b);
    for (auto [at, into] : {std::pair(lower, &low), std::pair(upper, &high)}) {
      if (into->is_set) continue;
      if (b.lower >= at) {
        *into = {rank, true};
      } else if (b.upper > at) {
        double below = 0;
        if (!h.is_custom() && !zero) {
          below = rank + b.count * part_below(b, at);
        } else if (b.lower == -kOracleInf) {
          below = b.count;
        } else {
          below = rank + b.count * ((at - b.lower) / (b.upper - b.lower));
        }
        *into = {below, true};
      }
    }
    rank += b.count;
  }
  for (Rank* r : {&low, &high}) {
    if (!r->is_set || r->value > total) r->value = total;
  }
  return inexact((high.value - low.value) / h.count, where);
}

OracleVector Oracle::statistics(FunctionId id, const OracleVector& in,
                                std::size_t where) {
  OracleVector out;
  for (const OracleElement& element : in) {
    if (!element.is_histogram()) continue;
    const OracleHistogram& h = *element.value.histogram;
    double result = h.count;
    if (id == FunctionId::kHistogramSum) result = h.sum;
    if (id == FunctionId::kHistogramAvg) result = h.sum / h.count;
    if (id == FunctionId::kHistogramStddev ||
        id == FunctionId::kHistogramStdvar) {
      const double mean = h.sum / h.count;
      OracleSum squares;
      for (const OracleBucket& b : buckets_of(h)) {
        if (b.count == 0) continue;
        double at = 0;
        if (h.is_custom()) {
          at = (b.upper + b.lower) / 2;
        } else if (b.lower > 0 || b.upper < 0) {
          at = std::sqrt(b.upper * b.lower);
          if (b.upper < 0) at = -at;
        }
        squares.add(b.count * (at - mean) * (at - mean));
      }
      result = (squares.sum + squares.lost) / h.count;
      if (id == FunctionId::kHistogramStddev) result = std::sqrt(result);
      result = inexact(result, where);
    }
    // Upstream keeps __type__ and __unit__ here.
    Labels labels = element.labels;
    if (!options_.delayed_name_removal) {
      labels = LabelsBuilder(labels).remove(kMetricName).build();
    }
    out.push_back({labels, {result, {}}, true, 0, 0});
  }
  return out;
}

OracleVector Oracle::histogram_call(const Call& node, const Times& span,
                                    std::int64_t now) {
  const FunctionId id = node.function->id;
  const bool several = id == FunctionId::kHistogramQuantiles;
  const bool fraction = id == FunctionId::kHistogramFraction;
  const Expr& argument = several ? *node.args[0] : *node.args.back();
  const std::size_t where = argument.range.begin;
  std::vector<double> numbers;
  for (const ExprPtr& arg : node.args) {
    if (arg->type != ValueType::kScalar) continue;
    numbers.push_back(scalar(*arg, span, now));
    if (!fraction && !(numbers.back() >= 0 && numbers.back() <= 1)) {
      warn("quantile value should be between 0 and 1, got " +
               oracle_go_g(numbers.back()),
           arg->range.begin);
    }
  }
  const Split parts = split(vector(argument, span, now), where);
  OracleVector out;
  const auto add = [&](const Labels& labels, double value) {
    out.push_back({renamed(labels), {value, {}}, true, 0, 0});
  };
  if (fraction) {
    for (const OracleElement& element : parts.native) {
      add(element.labels,
          native_fraction(numbers[0], numbers[1], element, where));
    }
    for (const Classic& classic : parts.classic) {
      add(classic.labels,
          inexact(classic_fraction(numbers[0], numbers[1], classic.buckets),
                  where));
    }
    return out;
  }
  for (const double q : numbers) {
    const auto labelled = [&](const Labels& labels) {
      if (!several) return labels;
      return LabelsBuilder(renamed(labels))
          .set(oracle_string(*node.args[1]), open_metrics_float(q))
          .build();
    };
    for (const OracleElement& element : parts.native) {
      const double value = native_quantile(q, element, where);
      const Labels labels = labelled(element.labels);
      out.push_back(
          {several ? labels : renamed(labels), {value, {}}, true, 0, 0});
    }
    for (const Classic& classic : parts.classic) {
      const double value = classic_quantile(q, classic, where);
      const Labels labels = labelled(classic.labels);
      out.push_back(
          {several ? labels : renamed(labels), {value, {}}, true, 0, 0});
    }
  }
  if (several && oracle_same_labels_twice(out) &&
      span.start_ms != span.end_ms) {
    throw OracleFailure{"vector cannot contain metrics with the same labelset"};
  }
  return out;
}

}  // namespace prom::test
