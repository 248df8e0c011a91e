#include "libprom/query/histogram_aggregate.h"

namespace prom::query {

void HistogramAggregate::note_hint(CounterResetHint hint) {
  reset_seen_ = reset_seen_ || hint == CounterResetHint::kReset;
  not_reset_seen_ = not_reset_seen_ || hint == CounterResetHint::kNotReset;
}

bool HistogramAggregate::merge(FloatHistogram& into, FloatHistogram& lost,
                               const FloatHistogram& other) {
  const auto merged = into.add(other, lost);
  if (!merged) {
    broken_ = true;
    return false;
  }
  bounds_reconciled_ = bounds_reconciled_ || merged->bounds_reconciled;
  return true;
}

void HistogramAggregate::go_incremental() {
  incremental_ = true;
  sum_.divide(count_);
  if (lost_) lost_->divide(count_);
}

// REQUIRES: count_ counts the histogram already.
bool HistogramAggregate::add_to_mean(const FloatHistogram& histogram) {
  const double keep = (count_ - 1) / count_;
  sum_.multiply(keep);
  if (lost_) {
    lost_->multiply(keep);
  } else {
    lost_ = FloatHistogram::compensation_for(sum_);
  }
  FloatHistogram part = histogram;
  part.divide(count_);
  return merge(sum_, *lost_, part);
}

bool HistogramAggregate::add(const FloatHistogram& histogram) {
  if (broken_) return false;
  note_hint(histogram.counter_reset_hint);
  if (count_ == 0) {
    count_ = 1;
    sum_ = histogram;
    return true;
  }
  if (!incremental_) {
    if (!lost_) lost_ = FloatHistogram::compensation_for(sum_);
    if (!is_mean_) {
      ++count_;
      return merge(sum_, *lost_, histogram);
    }
    FloatHistogram sum = sum_;
    FloatHistogram lost = *lost_;
    if (!merge(sum, lost, histogram)) return false;
    if (!sum.has_overflow()) {
      ++count_;
      sum_ = std::move(sum);
      lost_ = std::move(lost);
      return true;
    }
    go_incremental();
  }
  ++count_;
  return add_to_mean(histogram);
}

bool HistogramAggregate::add(const HistogramAggregate& other) {
  if (other.empty()) return !broken_;
  if (other.broken_) broken_ = true;
  if (broken_) return false;
  if (empty()) {
    *this = other;
    return true;
  }
  reset_seen_ = reset_seen_ || other.reset_seen_;
  not_reset_seen_ = not_reset_seen_ || other.not_reset_seen_;
  bounds_reconciled_ = bounds_reconciled_ || other.bounds_reconciled_;
  if (!lost_) lost_ = FloatHistogram::compensation_for(sum_);
  if (!incremental_ && !other.incremental_) {
    FloatHistogram sum = sum_;
    FloatHistogram lost = *lost_;
    if (!merge(sum, lost, other.sum_)) return false;
    if (other.lost_ && !merge(sum, lost, *other.lost_)) return false;
    if (!is_mean_ || !sum.has_overflow()) {
      sum_ = std::move(sum);
      lost_ = std::move(lost);
      count_ += other.count_;
      return true;
    }
  }
  if (!incremental_) go_incremental();
  HistogramAggregate theirs = other;
  if (!theirs.incremental_) theirs.go_incremental();
  const double total = count_ + other.count_;
  sum_.multiply(count_ / total);
  lost_->multiply(count_ / total);
  theirs.sum_.multiply(theirs.count_ / total);
  if (!merge(sum_, *lost_, theirs.sum_)) return false;
  if (theirs.lost_) {
    theirs.lost_->multiply(theirs.count_ / total);
    if (!merge(sum_, *lost_, *theirs.lost_)) return false;
  }
  count_ = total;
  return true;
}

FloatHistogram HistogramAggregate::result() const {
  FloatHistogram result = sum_;
  std::optional<FloatHistogram> lost = lost_;
  if (is_mean_ && !incremental_) {
    result.divide(count_);
    if (lost) lost->divide(count_);
  }
  // The layouts are the same, so that this cannot fail.
  if (lost) static_cast<void>(result.add(*lost));
  return result;
}

}  // namespace prom::query
