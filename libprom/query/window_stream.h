// A function of range vectors, applied to every series and step.  Internal to
// query/.
#pragma once

#include <optional>
#include <vector>

#include "libprom/query/evaluator.h"
#include "libprom/query/window.h"

namespace prom::query {

// The samples of one series apart by kind and without stale markers; points
// into the batch where that is possible, else into memory of its own.
class SplitSamples {
 public:
  // `with_start`: keeps start timestamps.  `fills_hints`: works out counter
  // reset hints that are unknown.
  void set(const SeriesSamples& samples, bool with_start, bool fills_hints);

  [[nodiscard]] const FloatSamples& floats() const { return floats_; }
  [[nodiscard]] const HistogramSamples& histograms() const {
    return histograms_;
  }

 private:
  FloatSamples floats_;
  HistogramSamples histograms_;
  std::vector<std::int64_t> float_t_;
  std::vector<double> float_value_;
  std::vector<std::int64_t> float_start_;
  std::vector<std::int64_t> histogram_t_;
  std::vector<const FloatHistogram*> histogram_value_;
  std::vector<std::int64_t> histogram_start_;
  std::vector<std::unique_ptr<FloatHistogram>> hinted_;
};

struct WindowOptions {
  WindowFunction function = nullptr;
  // Of a function that IncreaseRows may know.
  std::optional<promql::FunctionId> id = {};
  ScalarValues arguments = {};  // one per step, or empty
  ScalarValues arguments_2 = {};
  bool with_start = false;
  // Says so when float results come of metrics that are not named or typed as
  // counters.
  bool expects_counters = false;
};

// Sets vector.selection for what its windows need at these steps.
Status select_for_windows(Evaluator& evaluator, RangeVector& vector,
                          const Steps& steps);

// The series keep their names.
StreamPtr window_stream(Evaluator& evaluator, RangeVector vector,
                        const Steps& steps, WindowOptions options);

}  // namespace prom::query
