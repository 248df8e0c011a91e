// What Prometheus' storage answers about counter resets between histograms of
// one series: nothing about the first one, about the first one after a reset,
// a gap or a change of layout, and "no reset" about the others.  Gauges stay
// gauges.  Sources of samples that keep histograms as they came run them
// through this on the way to the engine.
#pragma once

#include "libprom/model/histogram.h"

namespace prom {

// For the samples of one series, ascending in time.  One thread.
class HistogramHints {
 public:
  // A float, or a stale marker, stands between histograms.
  void see_other() { before_ = nullptr; }
  // Sets the hint of the next histogram, which must stay where it is until the
  // one after it has come.
  void set(FloatHistogram& histogram);

 private:
  const FloatHistogram* before_ = nullptr;  // no gauge
};

}  // namespace prom
