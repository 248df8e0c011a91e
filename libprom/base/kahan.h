// Sums that do not drift: Kahan's compensation with Neumaier's improvement, in
// the order of operations of upstream, so that results agree to the last bit.
// https://en.wikipedia.org/wiki/Kahan_summation_algorithm
#pragma once

#include <cmath>
#include <limits>

namespace prom {

// Adds `value` to `sum`; `lost` collects what rounding dropped.  An infinite
// sum forgets what was lost.
inline void kahan_add(double value, double& sum, double& lost) {
  const double total = sum + value;
  const bool sum_is_larger = std::fabs(sum) >= std::fabs(value);
  const double large = sum_is_larger ? sum : value;
  const double small = sum_is_larger ? value : sum;
  const double kept = lost + ((large - total) + small);
  const bool infinite = std::fabs(total) > std::numeric_limits<double>::max();
  lost = infinite ? 0 : kept;
  sum = total;
}

struct KahanSum {
  double sum = 0;
  double lost = 0;

  void add(double value) { kahan_add(value, sum, lost); }
  [[nodiscard]] double value() const { return sum + lost; }
};

}  // namespace prom
