#include "libprom/alert/intake.h"

#include "libprom/base/utf8.h"

namespace prom::alert {
namespace {

// "" when the alert can be stored.
std::string complaint(const Alert& alert, MatcherMode mode) {
  if (alert.ends_at_ms < alert.starts_at_ms)
    return "start time must be before end time";
  if (alert.labels.empty()) return "at least one label pair required";
  for (const LabelView label : alert.labels) {
    if (!is_valid_label_name(label.name, mode))
      return "invalid label set: invalid name " + quote(label.name);
    if (!is_valid_utf8(label.value))
      return "invalid label set: invalid value " + quote(label.value);
  }
  for (const auto& [name, value] : alert.annotations) {
    if (!is_valid_label_name(name, mode))
      return "invalid annotations: invalid name " + quote(name);
    if (!is_valid_utf8(value))
      return "invalid annotations: invalid value " + quote(value);
  }
  return {};
}

}  // namespace

Intake take_in(std::vector<Alert> alerts, std::int64_t resolve_timeout_ms,
               MatcherMode mode, std::int64_t now_ms) {
  Intake intake;
  for (Alert& alert : alerts) {
    alert.updated_at_ms = now_ms;
    if (alert.starts_at_ms == 0)
      alert.starts_at_ms = alert.ends_at_ms == 0 ? now_ms : alert.ends_at_ms;
    if (alert.ends_at_ms == 0) {
      alert.is_timeout = true;
      alert.ends_at_ms = now_ms + resolve_timeout_ms;
    }
    ++(alert.ends_at_ms > now_ms ? intake.firing : intake.resolved);
    std::string error = complaint(alert, mode);
    if (error.empty()) {
      intake.valid.push_back(std::move(alert));
    } else {
      intake.errors.push_back(std::move(error));
    }
  }
  return intake;
}

}  // namespace prom::alert
