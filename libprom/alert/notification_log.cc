#include "libprom/alert/notification_log.h"

#include <algorithm>

namespace prom::alert {

std::string_view to_string(Reason reason) {
  switch (reason) {
    case Reason::kNone:
      return "";
    case Reason::kFirst:
      return "first notification";
    case Reason::kNewAlerts:
      return "new alerts added";
    case Reason::kAllResolved:
      return "all alerts resolved";
    case Reason::kSomeResolved:
      return "some alerts resolved";
    case Reason::kRepeat:
      return "repeat interval elapsed";
  }
  return "";
}

Reason why_notify(const LogEntry* entry, const AlertHashes& firing,
                  const AlertHashes& resolved, std::int64_t repeat_interval_ms,
                  bool send_resolved, std::int64_t now_ms) {
  if (entry == nullptr) return firing.empty() ? Reason::kNone : Reason::kFirst;
  const auto knows_all = [](const AlertHashes& known,
                            const AlertHashes& asked) {
    return std::includes(known.begin(), known.end(), asked.begin(),
                         asked.end());
  };
  if (!knows_all(entry->firing, firing))
    return entry->firing.empty() ? Reason::kFirst : Reason::kNewAlerts;
  // Even when resolved alerts are not sent: the next alert to fire is then
  // the first again.
  if (firing.empty())
    return entry->firing.empty() ? Reason::kNone : Reason::kAllResolved;
  if (send_resolved && !knows_all(entry->resolved, resolved))
    return Reason::kSomeResolved;
  if (entry->sent_at_ms < now_ms - repeat_interval_ms) return Reason::kRepeat;
  return Reason::kNone;
}

NotificationLog::NotificationLog(std::int64_t retention_ms, OnChange on_change)
    : retention_ms_(retention_ms), on_change_(std::move(on_change)) {}

void NotificationLog::record(LogEntry entry, std::int64_t repeat_interval_ms,
                             std::int64_t now_ms) {
  entry.sent_at_ms = now_ms;
  entry.expires_at_ms =
      now_ms + std::min(retention_ms_, 2 * repeat_interval_ms);
  if (const LogEntry* known = find(entry.key);
      known != nullptr && known->sent_at_ms > now_ms)
    return;
  on_change_(entry);
  restore(std::move(entry));
}

void NotificationLog::restore(LogEntry entry) {
  const auto known = by_key_.find(entry.key);
  if (known != by_key_.end() && known->second.sent_at_ms > entry.sent_at_ms)
    return;
  std::string key = entry.key;
  by_key_.insert_or_assign(std::move(key), std::move(entry));
}

std::size_t NotificationLog::collect(std::int64_t now_ms) {
  return std::erase_if(by_key_, [&](const auto& entry) {
    return entry.second.expires_at_ms <= now_ms;
  });
}

const LogEntry* NotificationLog::find(const std::string& key) const {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : &found->second;
}

std::unordered_set<std::uint64_t> NotificationLog::told_firing() const {
  std::unordered_set<std::uint64_t> all;
  for (const auto& [key, entry] : by_key_)
    all.insert(entry.firing.begin(), entry.firing.end());
  return all;
}

bool NotificationLog::told_firing(std::uint64_t alert_hash) const {
  return std::any_of(by_key_.begin(), by_key_.end(), [&](const auto& entry) {
    return entry.second.firing.contains(alert_hash);
  });
}

}  // namespace prom::alert
