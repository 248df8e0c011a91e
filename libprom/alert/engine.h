// Everything that prom-alert knows: alerts, silences, what was told to whom,
// and what is to be done next.  Keeps its state on disk through a StateLog.
// The parts are pure; this class puts them together and owns the order of
// things: on disk first, answered then.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "libprom/alert/dispatcher.h"
#include "libprom/alert/inhibit.h"
#include "libprom/alert/notification_log.h"
#include "libprom/alert/silence.h"
#include "libprom/alert/state_log.h"

namespace prom::alert {

struct EngineOptions {
  std::int64_t retention_ms = 120 * 3'600'000LL;  // of ended silences, entries
  std::int64_t alerts_gc_ms = 30 * 60'000LL;
  std::int64_t maintenance_ms = 15 * 60'000LL;
  std::uint64_t alerts_per_name_max = 0;  // 0: any
  SilenceLimits silence_limits = {};
  MatcherMode matcher_mode = MatcherMode::kFallback;
  DispatchOptions dispatch = {};
};

// One thread at a time; the service guards it with a mutex.
class Engine {
 public:
  explicit Engine(EngineOptions options);

  // Reads the state under `directory` and keeps it there from now on.  The
  // caller holds the directory's lock.  Without it nothing is kept.
  Status open_state(os::FileSystem& files, const std::string& directory);

  // Takes in the state under `directory` without keeping or changing it; works
  // beside the process that does.
  Status read_state(const std::string& directory);

  // Works by another configuration from now on.
  void set_plan(std::shared_ptr<const Plan> plan,
                std::vector<InhibitRule> rules, Now now);

  // Stores alerts that are complete and valid: times and labels are set.  On
  // disk when it returns well.  How many were refused by the limit on alerts
  // of one name comes back.
  Result<std::size_t> put(std::vector<Alert> alerts, Now now);

  // Both are on disk when they return well; see Silences.
  Result<std::string> set_silence(Silence silence, Now now);
  Status expire_silence(const std::string& id, Now now);

  // What is to be sent now; also forgets and compacts what is outdated.
  std::vector<Delivery> advance(Now now);
  // Ends an attempt; on disk when it returns well.
  Status finish(std::uint64_t id, const Outcome& outcome, Now now);
  void hurry(Now now) { dispatcher_.hurry(now); }
  // Steady time at which advance() has something to do.
  [[nodiscard]] std::int64_t next_due_ms() const;

  // Forgets alerts that are resolved and whose end nobody waits for.
  void collect_alerts(Now now);
  // Forgets outdated silences and log entries and rewrites the state.
  Status compact(Now now);

  [[nodiscard]] const std::unordered_map<std::uint64_t, AlertPtr>& alerts()
      const {
    return alerts_;
  }
  [[nodiscard]] const Silences& silences() const { return silences_; }
  [[nodiscard]] const NotificationLog& log() const { return log_; }
  [[nodiscard]] const Inhibitor& inhibitor() const { return inhibitor_; }
  [[nodiscard]] const Dispatcher& dispatcher() const { return dispatcher_; }
  [[nodiscard]] const EngineOptions& options() const { return options_; }
  [[nodiscard]] const StateLog* state() const { return state_.get(); }

 private:
  void note(RecordKind kind, const std::string& payload);
  Status commit(Now now);
  void load(RecordKind kind, std::string_view payload);
  bool store(Alert alert, Now now);
  bool has_room(const Alert& alert, std::int64_t now_ms);
  // Alerts that fell due while nobody could refresh them get time for it.
  void extend_expired(Now now);

  const EngineOptions options_;
  std::unique_ptr<StateLog> state_;
  std::unordered_map<std::uint64_t, AlertPtr> alerts_;
  Silences silences_;
  NotificationLog log_;
  Inhibitor inhibitor_;
  Dispatcher dispatcher_;
  std::uint64_t unreadable_ = 0;  // records of the state
  bool restored_ = false;         // alerts of a former process are among ours
  std::int64_t collected_ms_ = INT64_MIN;   // steady
  std::int64_t maintained_ms_ = INT64_MIN;  // steady
};

}  // namespace prom::alert
