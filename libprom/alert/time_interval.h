// Named time intervals, which mute or activate routes.  The only file of the
// module that sees the date library and the system's time zones.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/config/alertmanager.h"

namespace prom::alert {

// kBadData when the zone is not known on this machine.
Status check_location(const std::string& location);

// Whether every restriction of `spec` holds at a time; true when it has none.
// A zone that became unknown counts as UTC.
bool contains(const config::TimeIntervalSpec& spec, std::int64_t time_ms);
// Whether any of them does.
bool contains(const std::vector<config::TimeIntervalSpec>& specs,
              std::int64_t time_ms);

// The intervals of a configuration by name.
class TimeIntervals {
 public:
  TimeIntervals() = default;
  explicit TimeIntervals(const std::vector<config::TimeInterval>& intervals);

  [[nodiscard]] bool knows(const std::string& name) const {
    return by_name_.contains(name);
  }
  // Those of `names` that contain the time, in their order.
  [[nodiscard]] std::vector<std::string> containing(
      const std::vector<std::string>& names, std::int64_t time_ms) const;

 private:
  std::map<std::string, std::vector<config::TimeIntervalSpec>> by_name_;
};

}  // namespace prom::alert
