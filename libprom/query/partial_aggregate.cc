#include "libprom/query/partial_aggregate.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "libprom/base/kahan.h"
#include "libprom/query/window.h"

namespace prom::query {

using promql::AggregateOp;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

bool needs_value(AggregateOp op) {
  return op != AggregateOp::kCount && op != AggregateOp::kGroup &&
         op != AggregateOp::kQuantile;
}
bool needs_extra(AggregateOp op) {
  return op == AggregateOp::kSum || op == AggregateOp::kAvg ||
         op == AggregateOp::kStddev || op == AggregateOp::kStdvar;
}
bool needs_count(AggregateOp op) {
  return op == AggregateOp::kAvg || op == AggregateOp::kStddev ||
         op == AggregateOp::kStdvar || op == AggregateOp::kCount;
}
bool sums_histograms(AggregateOp op) {
  return op == AggregateOp::kSum || op == AggregateOp::kAvg;
}
bool counts_histograms(AggregateOp op) {
  return op == AggregateOp::kCount || op == AggregateOp::kGroup;
}

}  // namespace

PartialAggregate::PartialAggregate(AggregateOp op, std::size_t groups,
                                   std::size_t steps)
    : op_(op),
      steps_(steps),
      first_series_(groups, kNever),
      drops_(groups),
      flags_(groups * steps),
      value_(needs_value(op) ? groups * steps : 0),
      extra_(needs_extra(op) ? groups * steps : 0),
      count_(needs_count(op) ? groups * steps : 0),
      all_(op == AggregateOp::kQuantile ? groups * steps : 0) {}

std::size_t PartialAggregate::bytes_per_cell(AggregateOp op) {
  std::size_t bytes = sizeof(std::uint8_t);
  if (needs_value(op)) bytes += sizeof(double);
  if (needs_extra(op)) bytes += sizeof(double);
  if (needs_count(op)) bytes += sizeof(double);
  if (op == AggregateOp::kQuantile) bytes += sizeof(std::vector<double>);
  return bytes;
}

void PartialAggregate::add_row(std::size_t group, std::size_t series,
                               bool drops, const Cells& cells, std::size_t row,
                               const Complaints& complaints) {
  const auto kinds = cells.kinds().subspan(row * steps_, steps_);
  bool any =
      op_ == AggregateOp::kSum &&
      add_sums(group, kinds, cells.values().subspan(row * steps_, steps_));
  if (any) {
    first_series_[group] = std::min(first_series_[group], series);
    if (drops) drops_[group] = 1;
    return;
  }
  for (std::size_t step = 0; step < steps_; ++step) {
    if (kinds[step] == CellKind::kNone) continue;
    any = true;
    const std::size_t from = row * steps_ + step;
    const std::size_t at = group * steps_ + step;
    if (kinds[step] == CellKind::kFloat) {
      add_float(at, cells.value(from));
    } else if (sums_histograms(op_)) {
      if (!add_histogram(at, *cells.histogram(from))) complaints.broken();
    } else if (counts_histograms(op_)) {
      flags_[at] |= kHistogram;
      if (op_ == AggregateOp::kCount) ++count_[at];
    } else {
      complaints.ignored();
    }
  }
  if (!any) return;
  first_series_[group] = std::min(first_series_[group], series);
  if (drops) drops_[group] = 1;
}

// What most rows are: a float at every step, of a group that has one already.
bool PartialAggregate::add_sums(std::size_t group,
                                std::span<const CellKind> kinds,
                                std::span<const double> values) {
  bool usual = !kinds.empty();
  const std::size_t at = group * steps_;
  for (std::size_t step = 0; step < steps_; ++step)
    usual &=
        kinds[step] == CellKind::kFloat && (flags_[at + step] & kFloat) != 0;
  if (!usual) return false;
  double* const sums = value_.data() + at;
  double* const lost = extra_.data() + at;
  for (std::size_t step = 0; step < steps_; ++step)
    kahan_add(values[step], sums[step], lost[step]);
  return true;
}

void PartialAggregate::add_float(std::size_t at, double value) {
  const bool first = (flags_[at] & kFloat) == 0;
  switch (op_) {
    case AggregateOp::kSum:
      if (first) {
        value_[at] = value;
      } else {
        add_sum(at, value);
      }
      break;
    case AggregateOp::kAvg:
      add_mean(at, value);
      break;
    case AggregateOp::kCount:
      ++count_[at];
      break;
    case AggregateOp::kMin:
      if (first || value_[at] > value || std::isnan(value_[at])) {
        value_[at] = value;
      }
      break;
    case AggregateOp::kMax:
      if (first || value_[at] < value || std::isnan(value_[at])) {
        value_[at] = value;
      }
      break;
    case AggregateOp::kStddev:
    case AggregateOp::kStdvar:
      add_deviation(at, value);
      break;
    case AggregateOp::kQuantile:
      all_[at].push_back(value);
      break;
    default:  // group: that there is one is all it says
      break;
  }
  flags_[at] |= kFloat;
}

void PartialAggregate::add_sum(std::size_t at, double value) {
  kahan_add(value, value_[at], extra_[at]);
}

// The sum, until it would overflow; then the mean, step by step.
void PartialAggregate::add_mean(std::size_t at, double value) {
  const double count = ++count_[at];
  if (count == 1) {
    value_[at] = value;
    return;
  }
  if ((flags_[at] & kIncremental) == 0) {
    double sum = value_[at];
    double lost = extra_[at];
    kahan_add(value, sum, lost);
    if (!std::isinf(sum)) {
      value_[at] = sum;
      extra_[at] = lost;
      return;
    }
    flags_[at] |= kIncremental;
    value_[at] /= count - 1;
    extra_[at] /= count - 1;
  }
  const double keep = (count - 1) / count;
  value_[at] *= keep;
  extra_[at] *= keep;
  kahan_add(value / count, value_[at], extra_[at]);
}

void PartialAggregate::add_deviation(std::size_t at, double value) {
  const double count = ++count_[at];
  if (count == 1) {
    extra_[at] = value;
    value_[at] = std::isfinite(value) ? 0 : kNan;
    return;
  }
  const double off = value - extra_[at];
  extra_[at] += off / count;
  value_[at] += off * (value - extra_[at]);
}

bool PartialAggregate::add_histogram(std::size_t at,
                                     const FloatHistogram& histogram) {
  flags_[at] |= kHistogram;
  const auto [found, is_new] =
      histograms_.try_emplace(at, op_ == AggregateOp::kAvg);
  const bool was_broken = found->second.is_broken();
  return found->second.add(histogram) || was_broken;
}

void PartialAggregate::merge(PartialAggregate&& later) {
  for (std::size_t i = 0; i < first_series_.size(); ++i) {
    first_series_[i] = std::min(first_series_[i], later.first_series_[i]);
    drops_[i] |= later.drops_[i];
  }
  for (std::size_t at = 0; at < flags_.size(); ++at) {
    if ((later.flags_[at] & kFloat) == 0) {
      if (op_ == AggregateOp::kCount) count_[at] += later.count_[at];
      flags_[at] |= later.flags_[at];
      continue;
    }
    switch (op_) {
      case AggregateOp::kSum:
        add_float(at, later.value_[at]);
        add_sum(at, later.extra_[at]);
        break;
      case AggregateOp::kAvg:
        merge_mean(at, later);
        break;
      case AggregateOp::kStddev:
      case AggregateOp::kStdvar:
        merge_deviation(at, later);
        break;
      case AggregateOp::kCount:
        count_[at] += later.count_[at];
        break;
      case AggregateOp::kQuantile:
        all_[at].insert(all_[at].end(), later.all_[at].begin(),
                        later.all_[at].end());
        break;
      default:
        add_float(at, needs_value(op_) ? later.value_[at] : 0);
        break;
    }
    flags_[at] |= later.flags_[at];
  }
  for (auto& [at, aggregate] : later.histograms_) {
    const auto [found, is_new] = histograms_.try_emplace(at, aggregate);
    if (!is_new) static_cast<void>(found->second.add(aggregate));
  }
}

void PartialAggregate::merge_mean(std::size_t at,
                                  const PartialAggregate& later) {
  if (count_[at] == 0) {
    value_[at] = later.value_[at];
    extra_[at] = later.extra_[at];
    count_[at] = later.count_[at];
    return;
  }
  const bool ours = (flags_[at] & kIncremental) != 0;
  const bool theirs = (later.flags_[at] & kIncremental) != 0;
  double sum = value_[at];
  double lost = extra_[at];
  if (!ours && !theirs) {
    kahan_add(later.value_[at], sum, lost);
    kahan_add(later.extra_[at], sum, lost);
    if (!std::isinf(sum)) {
      value_[at] = sum;
      extra_[at] = lost;
      count_[at] += later.count_[at];
      return;
    }
  }
  const double total = count_[at] + later.count_[at];
  const double our_part = (ours ? count_[at] : 1) / total;
  const double their_part = (theirs ? later.count_[at] : 1) / total;
  value_[at] *= our_part;
  extra_[at] *= our_part;
  kahan_add(later.value_[at] * their_part, value_[at], extra_[at]);
  kahan_add(later.extra_[at] * their_part, value_[at], extra_[at]);
  count_[at] = total;
  flags_[at] |= kIncremental;
}

// Chan, Golub and LeVeque's rule for joining two variances.
void PartialAggregate::merge_deviation(std::size_t at,
                                       const PartialAggregate& later) {
  const double n = count_[at];
  const double m = later.count_[at];
  if (n == 0) {
    value_[at] = later.value_[at];
    extra_[at] = later.extra_[at];
  } else {
    const double off = later.extra_[at] - extra_[at];
    extra_[at] += off * (m / (n + m));
    value_[at] += later.value_[at] + off * off * (n * m / (n + m));
  }
  count_[at] = n + m;
}

PartialAggregate::Value PartialAggregate::finish(std::size_t group,
                                                 std::size_t step,
                                                 double parameter) {
  const std::size_t at = group * steps_ + step;
  const std::uint8_t flags = flags_[at];
  Value result;
  if ((flags & (kFloat | kHistogram)) == 0) return result;
  if (sums_histograms(op_) && (flags & kHistogram) != 0) {
    if ((flags & kFloat) != 0) {
      result.outcome = Outcome::kMixed;
      return result;
    }
    const HistogramAggregate& aggregate = histograms_.at(at);
    if (aggregate.is_broken()) return result;
    result.outcome = Outcome::kHistogram;
    result.histogram = &aggregate;
    return result;
  }
  result.outcome = Outcome::kFloat;
  switch (op_) {
    case AggregateOp::kSum:
      result.value = value_[at] + extra_[at];
      break;
    case AggregateOp::kAvg: {
      const double by = (flags & kIncremental) != 0 ? 1 : count_[at];
      result.value = value_[at] / by + extra_[at] / by;
      break;
    }
    case AggregateOp::kCount:
      result.value = count_[at];
      break;
    case AggregateOp::kStdvar:
      result.value = value_[at] / count_[at];
      break;
    case AggregateOp::kStddev:
      result.value = std::sqrt(value_[at] / count_[at]);
      break;
    case AggregateOp::kQuantile:
      result.value = quantile_of(parameter, all_[at]);
      break;
    case AggregateOp::kGroup:
      result.value = 1;
      break;
    default:
      result.value = value_[at];
      break;
  }
  return result;
}

}  // namespace prom::query
