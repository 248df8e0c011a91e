#include "libprom/tsdb/histogram_run.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "libprom/model/sample.h"
#include "libprom/tsdb/chunk.h"

namespace prom::tsdb {
namespace {

// Upstream ends a chunk near 1 KiB, but not before ten samples; a bucket that
// changes takes about three bits.
constexpr std::size_t kSamplesMin = 10;
constexpr std::size_t kBucketsTarget = kHistogramChunkBytesTarget * 8 / 3;

constexpr double kWholeMax = 9007199254740992.0;  // 2^53

bool is_whole(double count) {
  return count >= 0 && count <= kWholeMax && std::trunc(count) == count;
}

bool is_gauge(const FloatHistogram& histogram) {
  return histogram.counter_reset_hint == CounterResetHint::kGauge;
}

}  // namespace

bool is_whole(const FloatHistogram& histogram) {
  const auto all = [](const std::vector<double>& counts) {
    return std::ranges::all_of(counts, [](double c) { return is_whole(c); });
  };
  return histogram.integer && is_whole(histogram.count) &&
         is_whole(histogram.zero_count) && all(histogram.positive_buckets) &&
         all(histogram.negative_buckets);
}

bool HistogramRun::accepts(const FloatHistogram& next) const {
  if (samples_.empty()) return true;
  const std::size_t buckets = samples_.size() * layout_.bucket_count();
  if (samples_.size() >= kChunkSamplesTarget ||
      (samples_.size() >= kSamplesMin && buckets >= kBucketsTarget)) {
    return false;
  }
  if (is_stale_nan(next.sum)) return true;
  const FloatHistogram& last = samples_.back().value;
  if (is_stale_nan(last.sum)) return false;
  if (is_whole(next) != is_integer_ || !layout_.can_hold(next)) return false;
  if (is_gauge(next) != is_gauge(last)) return false;
  return is_gauge(next) || !next.is_reset_since(last);
}

void HistogramRun::add(HistogramSample sample) {
  const bool is_stale = is_stale_nan(sample.value.sum);
  if (samples_.empty()) is_integer_ = is_stale || is_whole(sample.value);
  if (is_stale) {
    // Only its sum says something.
    FloatHistogram marker;
    marker.sum = sample.value.sum;
    marker.counter_reset_hint = sample.value.counter_reset_hint;
    sample.value = std::move(marker);
  } else if (has_layout_) {
    layout_.widen(sample.value);
  } else {
    layout_ = HistogramLayout::of(sample.value);
    has_layout_ = true;
  }
  samples_.push_back(std::move(sample));
}

void HistogramRun::clear() {
  samples_.clear();
  layout_ = {};
  has_layout_ = false;
}

}  // namespace prom::tsdb
