// Time, injectable.  Wall time for timestamps of samples, monotonic time for
// intervals and deadlines.  tests/support has a FakeClock.
#pragma once

#include <cstdint>

namespace prom::os {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t wall_ms() = 0;       // Unix time
  virtual std::int64_t monotonic_ns() = 0;  // since an arbitrary start
};

// Thread-safe; lives for the whole process.
Clock& real_clock();

}  // namespace prom::os
