// Random series and random, well-typed PromQL expressions over them, for tests
// that hold two evaluators to each other.  Equal seeds give equal output.
//
// Times are whole seconds and values short binary fractions, so that sums are
// exact and a case can be written down as a promqltest file.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <random>
#include <string>
#include <vector>

#include "tests/support/oracle.h"

namespace prom::test {

class QueryGenerator {
 public:
  explicit QueryGenerator(std::uint64_t seed) : random_(seed) {}

  // Counters, gauges, classic, native, custom and mixed histograms, info
  // series, odd names: an hour of them, with gaps, jitter, stale markers,
  // resets, NaN, infinities and negative zeros.
  OracleData data();
  // An instant vector or, now and then, a scalar.
  std::string expression();
  // Instant when step_ms is 0.
  OracleTimes times();
  bool chance(int percent) { return below(100) < percent; }

 private:
  int below(int count);
  std::string one_of(std::initializer_list<const char*> choices);
  // Fills in $v, $s and $r with a vector, a scalar and a range vector.
  std::string fill(std::string_view form, int depth);

  void add_floats(OracleData& data, bool counter);
  void add_histograms(OracleData& data);
  void add_classic(OracleData& data);
  void add_info(OracleData& data);
  double gauge_value();
  OracleHistogram histogram(bool custom);
  std::vector<std::int64_t> sample_times();

  std::string vector(int depth);
  std::string scalar(int depth);
  std::string range(int depth);
  std::string selector();
  std::string range_selector();
  std::string binary(int depth);
  std::string aggregate(int depth);
  std::string histogram_call(int depth);
  std::string label_call(int depth);
  std::string modifiers();
  std::string label_list();

  std::mt19937_64 random_;
};

}  // namespace prom::test
