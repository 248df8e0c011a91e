// One instance of an alerting rule: a label set for which the rule's
// expression has, or lately had, a value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libprom/model/labels.h"
#include "libprom/rules/sample.h"

namespace prom::rules {

enum class AlertState : std::uint8_t { kInactive, kPending, kFiring };
std::string_view to_string(AlertState state);

using Annotations = std::vector<std::pair<std::string, std::string>>;

// All times in milliseconds since 1970, or kNever.
struct Alert {
  AlertState state = AlertState::kPending;
  Labels labels;  // with alertname, without __name__
  Annotations annotations;
  double value = 0;
  std::int64_t active_at_ms = kNever;
  std::int64_t fired_at_ms = kNever;
  std::int64_t resolved_at_ms = kNever;
  std::int64_t last_sent_ms = kNever;
  std::int64_t valid_until_ms = kNever;
  std::int64_t keep_firing_since_ms = kNever;

  // Whether the Alertmanager should hear of it (again).
  [[nodiscard]] bool needs_sending(std::int64_t t_ms,
                                   std::int64_t resend_delay_ms) const;
};

}  // namespace prom::rules
