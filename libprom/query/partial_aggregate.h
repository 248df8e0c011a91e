// The running state of an aggregation: one cell per group and step.  Threads
// fill partials of their own, which are merged in order.  Internal to query/.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <unordered_map>
#include <vector>

#include "libprom/promql/ast.h"
#include "libprom/query/cells.h"
#include "libprom/query/histogram_aggregate.h"

namespace prom::query {

class PartialAggregate {
 public:
  static constexpr std::size_t kNever = ~std::size_t{0};

  PartialAggregate(promql::AggregateOp op, std::size_t groups,
                   std::size_t steps);

  // Adds one series to a group.  Calls `broken` when its histogram cannot be
  // added to those before, `ignored` when the operation has no use for
  // histograms.
  struct Complaints {
    std::function<void()> broken;
    std::function<void()> ignored;
  };
  // `drops`: the name of the series is to be dropped at the end.
  void add_row(std::size_t group, std::size_t series, bool drops,
               const Cells& cells, std::size_t row,
               const Complaints& complaints);
  // As if the series of `later` had been added after ours.
  void merge(PartialAggregate&& later);

  // The first series that had a value in the group; kNever when none had.
  [[nodiscard]] std::size_t first_series(std::size_t group) const {
    return first_series_[group];
  }

  // Whether the name of any series of the group is to be dropped.
  [[nodiscard]] bool drops_name(std::size_t group) const {
    return drops_[group] != 0;
  }

  enum class Outcome { kNone, kFloat, kHistogram, kMixed };
  struct Value {
    Outcome outcome = Outcome::kNone;
    double value = 0;
    const HistogramAggregate* histogram = nullptr;
  };
  // `parameter`: of quantile.  May reorder what is kept for a quantile.
  Value finish(std::size_t group, std::size_t step, double parameter);

  // Memory of one cell, to be multiplied by groups and steps.
  static std::size_t bytes_per_cell(promql::AggregateOp op);

 private:
  enum Flag : std::uint8_t { kFloat = 1, kHistogram = 2, kIncremental = 4 };

  bool add_sums(std::size_t group, std::span<const CellKind> kinds,
                std::span<const double> values);
  void add_float(std::size_t at, double value);
  void add_sum(std::size_t at, double value);
  void add_mean(std::size_t at, double value);
  void add_deviation(std::size_t at, double value);
  bool add_histogram(std::size_t at, const FloatHistogram& histogram);
  void merge_mean(std::size_t at, const PartialAggregate& later);
  void merge_deviation(std::size_t at, const PartialAggregate& later);

  const promql::AggregateOp op_;
  const std::size_t steps_;
  std::vector<std::size_t> first_series_;  // by group
  std::vector<std::uint8_t> drops_;        // by group
  std::vector<std::uint8_t> flags_;        // by cell
  std::vector<double> value_;  // sum, mean, extreme or squared deviations
  std::vector<double> extra_;  // what the sum lost; the mean of a deviation
  std::vector<double> count_;
  std::vector<std::vector<double>> all_;  // quantile
  std::unordered_map<std::size_t, HistogramAggregate> histograms_;
};

}  // namespace prom::query
