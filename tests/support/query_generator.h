// Random series and random, well-typed PromQL expressions over them, for tests
// that hold two evaluators to each other.  Equal seeds give equal output.
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "tests/support/oracle.h"

namespace prom::test {

class QueryGenerator {
 public:
  explicit QueryGenerator(std::uint64_t seed) : random_(seed) {}

  // A few metrics over an hour: gaps, jitter, stale markers, resets, NaN.
  OracleSeries series();
  // An instant vector or, now and then, a scalar.
  std::string expression();

 private:
  int below(int count);
  bool chance(int percent) { return below(100) < percent; }
  template <typename... T>
  std::string one_of(T... choices) {
    const std::string all[] = {std::string(choices)...};
    return all[below(static_cast<int>(sizeof...(choices)))];
  }

  std::string vector(int depth);
  std::string scalar(int depth);
  std::string selector();
  std::string window(int depth);
  std::string binary(int depth);
  std::string aggregate(int depth);
  std::string modifiers();

  std::mt19937_64 random_;
};

}  // namespace prom::test
