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
  if (std::fabs(total) > std::numeric_limits<double>::max()) {
    lost = 0;
  } else if (std::fabs(sum) >= std::fabs(value)) {
    lost += (sum - total) + value;
  } else {
    lost += (value - total) + sum;
  }
  sum = total;
}

struct KahanSum {
  double sum = 0;
  double lost = 0;

  void add(double value) { kahan_add(value, sum, lost); }
  [[nodiscard]] double value() const { return sum + lost; }
};

}  // namespace prom
