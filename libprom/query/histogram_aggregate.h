// Sums and means of native histograms, compensated, with what has to be said
// about them: for sum, avg, sum_over_time and avg_over_time.  Internal to
// query/.
#pragma once

#include <optional>

#include "libprom/model/histogram.h"

namespace prom::query {

class HistogramAggregate {
 public:
  explicit HistogramAggregate(bool is_mean) : is_mean_(is_mean) {}

  // False when exponential and custom buckets meet; the aggregate is of no
  // use then.
  bool add(const FloatHistogram& histogram);
  // Adds another aggregate, as if its histograms had been added after ours.
  bool add(const HistogramAggregate& other);

  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] bool is_broken() const { return broken_; }
  // REQUIRES: !empty() and !is_broken()
  [[nodiscard]] FloatHistogram result() const;

  [[nodiscard]] bool resets_conflict() const {
    return reset_seen_ && not_reset_seen_;
  }
  [[nodiscard]] bool bounds_reconciled() const { return bounds_reconciled_; }

 private:
  bool merge(FloatHistogram& into, FloatHistogram& lost,
             const FloatHistogram& other);
  void note_hint(CounterResetHint hint);
  void go_incremental();
  bool add_to_mean(const FloatHistogram& histogram);

  bool is_mean_;
  // The mean is updated instead of the sum, once the sum would overflow.
  bool incremental_ = false;
  bool broken_ = false;
  bool reset_seen_ = false;
  bool not_reset_seen_ = false;
  bool bounds_reconciled_ = false;
  double count_ = 0;
  FloatHistogram sum_;  // or the mean
  std::optional<FloatHistogram> lost_;
};

}  // namespace prom::query
