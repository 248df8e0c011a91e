#include "libprom/model/histogram_hints.h"

#include <functional>
#include <utility>

namespace prom {
namespace {

bool some_less(const std::vector<double>& now,
               const std::vector<double>& before) {
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (now[i] < before[i]) return true;
  }
  return false;
}

bool is_reset(const FloatHistogram& now, const FloatHistogram& before) {
  // Nearly always the buckets are the same, which takes no search.
  if (now.positive_spans == before.positive_spans &&
      now.negative_spans == before.negative_spans &&
      now.custom_values == before.custom_values)
    return now.count < before.count || now.zero_count < before.zero_count ||
           some_less(now.positive_buckets, before.positive_buckets) ||
           some_less(now.negative_buckets, before.negative_buckets);
  return now.is_reset_since(before);
}

}  // namespace

void HistogramHints::set(FloatHistogram& histogram) {
  using enum CounterResetHint;
  const FloatHistogram* const before = std::exchange(before_, nullptr);
  if (histogram.counter_reset_hint == kGauge) return;
  before_ = &histogram;
  const bool said = histogram.counter_reset_hint == kReset;
  histogram.counter_reset_hint = kUnknown;
  const bool continues = !said && before != nullptr &&
                         histogram.schema == before->schema &&
                         histogram.zero_threshold == before->zero_threshold &&
                         !is_reset(histogram, *before);
  if (continues) histogram.counter_reset_hint = kNotReset;
}

}  // namespace prom
