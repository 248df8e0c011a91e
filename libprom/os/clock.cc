#include "libprom/os/clock.h"

#include <ctime>

namespace prom::os {
namespace {

std::int64_t read_ns(clockid_t id) {
  timespec now{};
  ::clock_gettime(id, &now);
  return now.tv_sec * 1'000'000'000L + now.tv_nsec;
}

class RealClock final : public Clock {
 public:
  std::int64_t wall_ms() override {
    return read_ns(CLOCK_REALTIME) / 1'000'000;
  }
  std::int64_t monotonic_ns() override { return read_ns(CLOCK_MONOTONIC); }
};

}  // namespace

Clock& real_clock() {
  static RealClock clock;
  return clock;
}

}  // namespace prom::os
