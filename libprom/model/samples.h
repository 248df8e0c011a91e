// Samples in columns: how stores, blocks, Prometheus data directories and
// pipes hand them to each other and to the engine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "libprom/model/histogram.h"

namespace prom {

// The samples of one series, ascending in time without duplicates.  Floats and
// native histograms share the time axis.  Borrows; who hands it out says for
// how long.
struct SeriesSamples {
  std::span<const std::int64_t> t_ms;
  std::span<const double> value;  // stale markers are stale NaNs
  // Empty, or one per sample: null where the sample is a float.
  std::span<const FloatHistogram* const> histogram;
  // Empty, or one per sample: when its counter started, 0 where unknown.
  std::span<const std::int64_t> start_ms;
};

// The samples of several series, one after the other; reused from call to
// call.  One thread.
struct Samples {
  std::vector<std::int64_t> t_ms;
  // Of a native histogram: its sum, so that a stale one is a stale NaN too.
  std::vector<double> value;
  // Each empty while no sample has one, else as long as t_ms.
  std::vector<const FloatHistogram*> histogram;
  std::vector<std::int64_t> start_ms;
  std::vector<std::size_t> end;  // of each series in the four above

  // Where the histograms live that this object owns; addresses stay.
  std::deque<FloatHistogram> histograms;

  void clear();
  [[nodiscard]] std::size_t series_count() const { return end.size(); }
  [[nodiscard]] std::size_t begin_of(std::size_t series) const {
    return series == 0 ? 0 : end[series - 1];
  }
  // Valid until this object changes.
  [[nodiscard]] SeriesSamples of(std::size_t series) const;

  // Behind the samples of the series that is being filled.  Between calls the
  // optional columns are either empty or complete.
  void push(std::int64_t time_ms, double sample);
  void push(std::int64_t time_ms, FloatHistogram sample);
  // Of the sample pushed last; 0 is "unknown".
  void set_start(std::int64_t time_ms);
  void end_series() { end.push_back(t_ms.size()); }
};

}  // namespace prom
