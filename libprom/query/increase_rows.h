// rate, increase and delta over all steps of a query at once, for what most
// series are: floats that never go down, without start timestamps.  Results
// are those of counter_functions.cc to the last bit.  Internal to query/.
//
// Where windows begin and end and how far their increase is extrapolated
// depends on the times of the samples alone, which the series of a target
// share: it is worked out once and used for all that follow with equal times.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "libprom/promql/functions.h"
#include "libprom/query/cells.h"
#include "libprom/query/context.h"

namespace prom::query {

// One thread.
class IncreaseRows {
 public:
  // `ends_ms`: of the windows, one per step, ascending.  nullopt for a
  // function that is none of the three.
  static std::optional<IncreaseRows> make(promql::FunctionId function,
                                          std::vector<std::int64_t> ends_ms,
                                          std::int64_t range_ms);

  // Fills the cells of one row from `at` on; false when no window holds two
  // samples.  REQUIRES: values that never go down, unless for delta, and no
  // stale markers among them.
  bool fill(std::span<const std::int64_t> t_ms, std::span<const double> values,
            Cells& into, std::size_t at);

  [[nodiscard]] bool is_counter() const { return is_counter_; }

 private:
  struct Window {
    std::uint32_t first = 0;  // samples
    std::uint32_t last = 0;   // none when not behind `first`
    double sampled_s = 0;
    double to_start_s = 0;
    double to_end_s = 0;
  };
  IncreaseRows() = default;
  void plan(std::span<const std::int64_t> t_ms);

  std::vector<std::int64_t> ends_ms_;
  std::int64_t range_ms_ = 0;
  double range_s_ = 0;
  bool is_counter_ = false;
  bool per_second_ = false;
  std::vector<std::int64_t> planned_ms_;  // the times of windows_
  std::vector<Window> windows_;
};

}  // namespace prom::query
