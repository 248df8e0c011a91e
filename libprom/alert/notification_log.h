// What each receiver was told last, so that nothing is told twice and nothing
// is forgotten.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>

#include "libprom/alert/alert.h"

namespace prom::alert {

using AlertHashes = std::set<std::uint64_t>;

// One entry per group and integration.
struct LogEntry {
  std::string key;  // "<group key>:<receiver>/<integration>/<index>"
  AlertHashes firing = {};
  AlertHashes resolved = {};
  std::int64_t sent_at_ms = 0;
  std::int64_t expires_at_ms = 0;
  TextMap data = {};  // the receiver's own, such as a thread to answer in
};

// Why a notification is sent, in upstream's words ("" for kNone).
enum class Reason {
  kNone,
  kFirst,
  kNewAlerts,
  kAllResolved,
  kSomeResolved,
  kRepeat,
};
std::string_view to_string(Reason reason);

// Whether and why a receiver must be told about this state of a group.
// `entry` is null when it was never told.
Reason why_notify(const LogEntry* entry, const AlertHashes& firing,
                  const AlertHashes& resolved, std::int64_t repeat_interval_ms,
                  bool send_resolved, std::int64_t now_ms);

// One thread.  Every change is given to `on_change`, which puts it on disk.
class NotificationLog {
 public:
  using OnChange = std::function<void(const LogEntry&)>;
  NotificationLog(std::int64_t retention_ms, OnChange on_change);

  // After a receiver took it.  Expires after twice the repeat interval or the
  // retention, whichever is sooner.
  void record(LogEntry entry, std::int64_t repeat_interval_ms,
              std::int64_t now_ms);
  // As it was on disk; an older entry does not replace a newer one.
  void restore(LogEntry entry);
  std::size_t collect(std::int64_t now_ms);

  [[nodiscard]] const LogEntry* find(const std::string& key) const;
  [[nodiscard]] const std::map<std::string, LogEntry>& all() const {
    return by_key_;
  }
  // Whether some receiver was told last that this alert fires.
  [[nodiscard]] bool told_firing(std::uint64_t alert_hash) const;
  // All alerts of which that is so.
  [[nodiscard]] std::unordered_set<std::uint64_t> told_firing() const;

 private:
  const std::int64_t retention_ms_;
  const OnChange on_change_;
  std::map<std::string, LogEntry> by_key_;
};

}  // namespace prom::alert
