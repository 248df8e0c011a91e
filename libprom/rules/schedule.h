// When a group is evaluated: at times that are spread over the interval by the
// group's name, regular, and the same after a restart.
#pragma once

#include <cstdint>
#include <string_view>

namespace prom::rules {

// The latest time at or before `now_ns` at which the group is due, in
// nanoseconds since 1970: a multiple of the interval and an offset that is the
// hash of file and name.  REQUIRES: interval_ms > 0.
std::int64_t slot_before_ns(std::string_view file, std::string_view name,
                            std::int64_t interval_ms, std::int64_t now_ns);

}  // namespace prom::rules
