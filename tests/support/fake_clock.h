// A clock that moves only when a test says so.
#pragma once

#include "libprom/os/clock.h"

namespace prom {

class FakeClock final : public os::Clock {
 public:
  std::int64_t wall_ms() override { return wall_ms_; }
  std::int64_t monotonic_ns() override { return monotonic_ns_; }

  void set_wall_ms(std::int64_t wall_ms) { wall_ms_ = wall_ms; }
  void advance_ms(std::int64_t by_ms) {
    wall_ms_ += by_ms;
    monotonic_ns_ += by_ms * 1'000'000;
  }

 private:
  std::int64_t wall_ms_ = 0;
  std::int64_t monotonic_ns_ = 0;
};

}  // namespace prom
