#include "libprom/alert/notifier.h"

namespace prom::alert {

std::string_view Notification::status() const {
  for (const Alert& alert : alerts)
    if (!alert.resolved_at(now_ms)) return "firing";
  return "resolved";
}

Outcome delivered(TextMap data) {
  return {.ok = true, .retry = false, .error = {}, .data = std::move(data)};
}

Outcome rejected(std::string error) {
  return {.ok = false,
          .retry = false,
          .error = std::move(error),
          .reason = "other",
          .retry_after_ms = 0,
          .data = {}};
}

std::string Integration::key() const {
  return receiver + "/" + kind + "/" + std::to_string(index);
}

}  // namespace prom::alert
