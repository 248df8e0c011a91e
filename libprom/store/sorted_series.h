// Series in ascending order of their labels, each with its samples: what blocks
// are written from, whether it comes from a sorted import, a Prometheus data
// directory or a store.
#pragma once

#include "libprom/base/result.h"
#include "libprom/model/labels.h"
#include "libprom/model/samples.h"

namespace prom::store {

// One thread.
class SortedSeries {
 public:
  virtual ~SortedSeries() = default;
  // The next series and its samples, ascending without duplicates, as the only
  // series of `samples`; false at the end.
  virtual Result<bool> next(Labels& labels, Samples& samples) = 0;
};

}  // namespace prom::store
