// A classic histogram, gathered bucket by bucket, made a native one with custom
// buckets (NHCB).  For convert_classic_histograms_to_nhcb, whatever the format
// of the exposition.  The rules are upstream's util/convertnhcb.
#pragma once

#include <vector>

#include "libprom/base/result.h"
#include "libprom/model/histogram.h"

namespace prom::exposition {

// Reused from histogram to histogram.  One thread.
class CustomBuckets {
 public:
  void clear();
  // Bounds in any order; of two equal ones the first counts.
  void add_bucket(double upper_bound, double cumulative_count);
  void set_count(double count);
  void set_sum(double sum) { sum_ = sum; }

  // A missing +Inf bucket holds the count, a missing count is that of the
  // last bucket.  kBadData when the counts contradict each other.
  Result<FloatHistogram> convert();

 private:
  struct Bucket {
    double upper_bound = 0;
    double cumulative = 0;
  };
  std::vector<Bucket> buckets_;
  double count_ = 0;
  bool has_count_ = false;
  double sum_ = 0;
};

}  // namespace prom::exposition
