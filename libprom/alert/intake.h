// Alerts from outside made complete: what their missing times mean and
// whether they can be stored.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libprom/alert/alert.h"
#include "libprom/alert/matcher.h"

namespace prom::alert {

struct Intake {
  std::vector<Alert> valid;
  std::vector<std::string> errors;  // one for each that is not
  std::size_t firing = 0;
  std::size_t resolved = 0;
};

Intake take_in(std::vector<Alert> alerts, std::int64_t resolve_timeout_ms,
               MatcherMode mode, std::int64_t now_ms);

}  // namespace prom::alert
