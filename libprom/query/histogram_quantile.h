// Quantiles and fractions of classic and native histograms: the arithmetic,
// without series and labels.  Internal to query/.
//
// https://prometheus.io/docs/prometheus/latest/querying/functions/
#pragma once

#include <vector>

#include "libprom/model/histogram.h"

namespace prom::query {

struct ClassicBucket {
  double upper = 0;
  double count = 0;  // cumulative
};

struct ClassicQuantile {
  double value = 0;
  // Counts that went down by more than rounding explains were lifted.
  bool repaired = false;
  double bucket_min = 0;  // bounds of the repaired buckets
  double bucket_max = 0;
  double difference_max = 0;
};

// REQUIRES: !buckets.empty().  In any order.
ClassicQuantile classic_quantile(double quantile,
                                 std::vector<ClassicBucket> buckets);
double classic_fraction(double lower, double upper,
                        std::vector<ClassicBucket> buckets);

enum class NanNote { kNone, kResultIsNan, kSkewed, kExcluded };
struct NativeValue {
  double value = 0;
  NanNote note = NanNote::kNone;
};
NativeValue native_quantile(double quantile, const FloatHistogram& histogram);
NativeValue native_fraction(double lower, double upper,
                            const FloatHistogram& histogram);

}  // namespace prom::query
