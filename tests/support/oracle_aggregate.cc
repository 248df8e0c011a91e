// Aggregations.
#include "libprom/base/checksum.h"
#include "libprom/base/number.h"
#include "libprom/base/utf8.h"

#include "tests/support/oracle_internal.h"

namespace prom::test {

using namespace promql;  // NOLINT: this file is about nothing else

namespace {

Labels group_of(const Labels& labels, const Aggregate& node) {
  if (!node.without) return oracle_only(labels, node.grouping);
  return LabelsBuilder(oracle_without(labels, node.grouping))
      .remove(kMetricName)
      .build();
}

double mean_of(const std::vector<double>& values) {
  OracleSum sum;
  for (const double v : values) sum.add(v);
  const auto n = static_cast<double>(values.size());
  if (!std::isinf(sum.sum)) return sum.sum / n + sum.lost / n;
  const bool finite =
      std::ranges::all_of(values, [](double v) { return std::isfinite(v); });
  if (!finite) return sum.sum;
  double mean = 0;
  for (const double v : values) mean += v / n;
  return mean;
}

double variance_of(const std::vector<double>& values) {
  if (std::ranges::any_of(values, [](double v) { return !std::isfinite(v); })) {
    return kOracleNan;
  }
  double mean = values[0];
  double squares = 0;
  double count = 1;
  for (std::size_t i = 1; i < values.size(); ++i) {
    ++count;
    const double delta = values[i] - mean;
    mean += delta / count;
    squares += delta * (values[i] - mean);
  }
  return squares / count;
}

// A place in [0, 1) that depends on the labels only: the hash of every name
// and value behind its length.
double place_of(const Labels& labels) {
  std::string text;
  for (const LabelView& label : labels) {
    for (const std::string_view part : {label.name, label.value}) {
      if (part.size() > 254) throw OracleOpen{"hash of a very long label"};
      text += static_cast<char>(part.size());
      text += part;
    }
  }
  return static_cast<double>(xxh64(text)) /
         static_cast<double>(std::numeric_limits<std::uint64_t>::max());
}

bool is_pick(AggregateOp op) {
  return op == AggregateOp::kTopk || op == AggregateOp::kBottomk ||
         op == AggregateOp::kLimitk || op == AggregateOp::kLimitRatio;
}

}  // namespace

// Looks at the parameter of all steps; false when nothing is picked at any.
bool Oracle::check_parameter(const Aggregate& node, const Times& span) {
  std::vector<double> values;
  const std::int64_t step = std::max<std::int64_t>(span.step_ms, 1);
  for (std::int64_t t = span.start_ms; t <= span.end_ms; t += step) {
    values.push_back(scalar(*node.param, span, t));
  }
  const bool nan =
      std::ranges::any_of(values, [](double v) { return std::isnan(v); });
  const auto below = [&](double limit) {
    return std::ranges::any_of(values, [&](double v) { return v < limit; });
  };
  const auto above = [&](double limit) {
    return std::ranges::any_of(values, [&](double v) { return v > limit; });
  };
  double min = kOracleInf;
  double max = -kOracleInf;
  for (const double v : values) {
    if (v < min) min = v;
    if (v > max) max = v;
  }
  const std::size_t where = node.param->range.begin;
  if (node.op == AggregateOp::kQuantile) {
    const std::string text = "quantile value should be between 0 and 1, got ";
    if (nan) warn(text + "NaN", where);
    if (above(1)) warn(text + oracle_go_g(max), where);
    if (below(0)) warn(text + oracle_go_g(min), where);
    return true;
  }
  if (node.op == AggregateOp::kLimitRatio) {
    if (nan) throw OracleFailure{"Ratio value is NaN"};
    const std::string text = "ratio value should be between -1 and 1, got ";
    if (above(1)) warn(text + oracle_go_g(max) + ", capping to 1", where);
    if (below(-1)) warn(text + oracle_go_g(min) + ", capping to -1", where);
    return max != 0 || min != 0;
  }
  if (nan) throw OracleFailure{"Parameter value is NaN"};
  if (max < 1) return false;
  constexpr double kLimit = 9223372036854775808.0;
  if (min <= -kLimit) {
    throw OracleFailure{"Scalar value " + format_float(min) +
                        " underflows int64"};
  }
  if (max >= kLimit) {
    throw OracleFailure{"Scalar value " + format_float(max) +
                        " overflows int64"};
  }
  return true;
}

OracleVector Oracle::aggregate(const Expr& expr, const Aggregate& node,
                               const Times& span, std::int64_t now) {
  const OracleVector in = vector(*node.expr, span, now);
  if (node.op == AggregateOp::kCountValues) {
    OracleVector out = count_values(node, in);
    if (oracle_same_labels_twice(out)) {
      throw OracleFailure{
          "vector cannot contain metrics with the same labelset"};
    }
    return out;
  }
  double parameter = 0;
  if (takes_parameter(node.op)) {
    const bool any = check_parameter(node, span);
    parameter = scalar(*node.param, span, now);
    if (!any) return {};
  }
  std::vector<Group> groups;
  std::map<Labels, std::size_t> places;
  for (const OracleElement& element : in) {
    const Labels key = group_of(element.labels, node);
    const auto [place, is_new] = places.try_emplace(key, groups.size());
    if (is_new) groups.push_back({key, {}});
    groups[place->second].members.push_back(element);
  }
  OracleVector out;
  for (const Group& group : groups) {
    if (is_pick(node.op)) {
      std::ranges::move(pick(expr, node, group.members, parameter),
                        std::back_inserter(out));
    } else if (auto folded = fold(node, group, parameter)) {
      out.push_back(std::move(*folded));
    }
  }
  return out;
}

std::optional<OracleElement> Oracle::fold(const Aggregate& node,
                                          const Group& group,
                                          double parameter) {
  const std::size_t where = node.expr->range.begin;
  std::vector<double> values;
  bool has_histogram = false;
  bool drops_name = false;
  for (const OracleElement& member : group.members) {
    drops_name = drops_name || member.drops_name;
    if (member.is_histogram()) {
      has_histogram = true;
    } else {
      values.push_back(member.number());
    }
  }
  const auto made = [&](OracleValue value) {
    return OracleElement{group.labels, std::move(value), drops_name, 0, 0};
  };
  switch (node.op) {
    case AggregateOp::kGroup:
      return made({1, {}});
    case AggregateOp::kCount:
      return made({static_cast<double>(group.members.size()), {}});
    case AggregateOp::kSum:
    case AggregateOp::kAvg: {
      auto total = add_up(node, group);
      if (!total) return std::nullopt;
      return made(std::move(*total));
    }
    default:
      break;
  }
  if (has_histogram) {
    info("ignored histogram in " + std::string(to_string(node.op)) +
             " aggregation",
         where);
  }
  if (values.empty()) return std::nullopt;
  double result = values[0];
  switch (node.op) {
    case AggregateOp::kMin:
      for (const double v : values) {
        if (v < result || std::isnan(result)) result = v;
      }
      break;
    case AggregateOp::kMax:
      for (const double v : values) {
        if (v > result || std::isnan(result)) result = v;
      }
      break;
    case AggregateOp::kQuantile:
      result = inexact(oracle_quantile(parameter, values), where);
      break;
    case AggregateOp::kStdvar:
      result = inexact(variance_of(values), where);
      break;
    default:
      result = inexact(std::sqrt(variance_of(values)), where);
  }
  return made({result, {}});
}

std::optional<OracleValue> Oracle::add_up(const Aggregate& node,
                                          const Group& group) {
  const std::size_t where = node.expr->range.begin;
  const bool average = node.op == AggregateOp::kAvg;
  std::vector<double> values;
  OracleSum sum;
  std::vector<const OracleHistogram*> histograms;
  std::vector<std::string> metrics;
  bool has_histogram = false;
  bool mixed_schemas = false;
  // What upstream says of a group of everything depends on the order of its
  // members; here all of it is said.
  for (const OracleElement& member : group.members) {
    if (!member.is_histogram()) {
      values.push_back(member.number());
      sum.add(member.number());
      continue;
    }
    has_histogram = true;
    histograms.push_back(&*member.value.histogram);
    if (mixed_schemas ||
        histograms.front()->is_custom() == histograms.back()->is_custom()) {
      continue;
    }
    warn(
        "vector contains a mix of histograms with exponential and custom "
        "buckets schemas for metric name " +
            oracle_quoted(member.labels.metric_name()),
        where);
    mixed_schemas = true;
  }
  std::optional<OracleTotal> total;
  if (!histograms.empty()) total = total_of(histograms, average);
  if (total && total->merge.reconciled) {
    info("mismatched custom buckets were reconciled during aggregation", where);
  }
  if (!values.empty() && has_histogram) {
    warn("encountered a mix of histograms and floats for aggregation", where);
    return std::nullopt;
  }
  if (mixed_schemas) return std::nullopt;
  if (total) {
    const auto has = [&](CounterResetHint hint) {
      return std::ranges::any_of(histograms,
                                 [&](auto* h) { return h->hint == hint; });
    };
    if (has(CounterResetHint::kReset) && has(CounterResetHint::kNotReset)) {
      warn("conflicting counter resets during histogram aggregation", where);
    }
    inexact(total->value, where);
    compact(total->value);
    return OracleValue{0, std::move(total->value)};
  }
  const double result = average ? mean_of(values) : sum.sum + sum.lost;
  return OracleValue{inexact(result, where), {}};
}

OracleVector Oracle::pick(const Expr& expr, const Aggregate& node,
                          const OracleVector& members, double parameter) {
  OracleVector found = members;
  const auto truncated = [&] {
    return parameter < 1
               ? std::size_t{0}
               : static_cast<std::size_t>(std::min(
                     std::trunc(parameter), static_cast<double>(found.size())));
  };
  switch (node.op) {
    case AggregateOp::kLimitk:
      found.resize(truncated());
      return found;
    case AggregateOp::kLimitRatio:
      std::erase_if(found, [&](const OracleElement& element) {
        const double place = place_of(element.labels);
        const double r = std::clamp(parameter, -1.0, 1.0);
        return r >= 0 ? place >= r : place < 1 + r;
      });
      return found;
    default:
      break;
  }
  const bool largest = node.op == AggregateOp::kTopk;
  if (parameter < 1) return {};
  if (std::erase_if(found, [](const auto& e) { return e.is_histogram(); }) >
      0) {
    info("ignored histogram in " + std::string(to_string(node.op)) +
             " aggregation",
         expr.range.begin);
  }
  // NaN is last in both; of equals the first stays first.
  std::ranges::stable_sort(found, [&](const auto& a, const auto& b) {
    if (std::isnan(a.number()) || std::isnan(b.number())) {
      return !std::isnan(a.number()) && std::isnan(b.number());
    }
    return largest ? a.number() > b.number() : a.number() < b.number();
  });
  found.resize(truncated());
  return found;
}

OracleVector Oracle::count_values(const Aggregate& node,
                                  const OracleVector& in) const {
  const std::string& name = oracle_string(*node.param);
  if (name.empty() || !is_valid_utf8(name)) {
    throw OracleFailure{"invalid label name " + oracle_quoted(name)};
  }
  std::vector<std::pair<Labels, double>> counts;
  std::map<Labels, std::size_t> places;
  for (const OracleElement& element : in) {
    const std::string text =
        element.is_histogram() ? to_model(*element.value.histogram).to_string()
                               : format_float_fixed(element.number());
    const Labels with = LabelsBuilder(element.labels).set(name, text).build();
    Labels key = group_of(with, node);
    if (!node.without) key = LabelsBuilder(key).set(name, text).build();
    const auto [place, is_new] = places.try_emplace(key, counts.size());
    if (is_new) counts.emplace_back(key, 0);
    ++counts[place->second].second;
  }
  OracleVector out;
  for (auto& [labels, count] : counts) {
    out.push_back({labels, {count, {}}, false, 0, 0});
  }
  return out;
}

}  // namespace prom::test
