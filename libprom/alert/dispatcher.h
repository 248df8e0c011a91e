// Groups alerts, decides when a group is due and what its receivers must be
// told, and tries again what failed.  A pure state machine: the caller gives
// the time, does the sending and reports how it went.
//
//   for (Delivery& d : dispatcher.advance(now)) send(d);
//   …
//   dispatcher.finish(d.id, outcome, now);
//
// Each integration of each group has a slot of its own with its own retries:
// one that is stuck delays no other.  A slot retries for a day with growing
// pauses, always with the newest state of its group.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "libprom/alert/alert.h"
#include "libprom/alert/inhibit.h"
#include "libprom/alert/notification_log.h"
#include "libprom/alert/notifier.h"
#include "libprom/alert/route.h"
#include "libprom/alert/silence.h"
#include "libprom/alert/time_interval.h"

namespace prom::alert {

// Wall time is what alerts carry; steady time, which never jumps, is what
// timers count.
struct Now {
  std::int64_t wall_ms = 0;
  std::int64_t steady_ms = 0;
};

// The part of a configuration that the dispatcher works by.  Immutable.
struct Plan {
  RouteNode routes;
  TimeIntervals intervals;
  std::map<std::string, std::vector<std::shared_ptr<const Integration>>>
      receivers;
};

struct DispatchOptions {
  std::int64_t start_delay_ms = 0;  // before the first group is due
  std::int64_t retry_min_ms = 500;
  std::int64_t retry_max_ms = 60'000;
  std::int64_t retry_after_max_ms = 5 * 60'000LL;
  std::int64_t retry_for_ms = 24 * 3'600'000LL;
  std::uint64_t seed = 1;  // of the pauses' jitter
};

struct Delivery {
  std::uint64_t id = 0;
  std::shared_ptr<const Integration> integration;
  std::shared_ptr<const Notification> notification;
};

// For metrics and for `explain`.
struct DispatchCounters {
  std::uint64_t suppressed_by_inhibition = 0;
  std::uint64_t suppressed_by_silence = 0;
  std::uint64_t suppressed_by_mute_interval = 0;
  std::uint64_t suppressed_by_active_interval = 0;
  std::uint64_t given_up = 0;  // after retrying for a day
};

// One thread.  Borrows everything but the plan.
class Dispatcher {
 public:
  Dispatcher(const Inhibitor& inhibitor, const Silences& silences,
             NotificationLog& log, DispatchOptions options);
  ~Dispatcher();

  // Groups `alerts` anew by another plan.  Deliveries that are on their way
  // are kept; their outcome counts.
  void set_plan(std::shared_ptr<const Plan> plan,
                const std::vector<AlertPtr>& alerts, Now now);
  // An alert that was stored, new or changed.
  void route(const AlertPtr& alert, Now now);

  // What is to be sent now.
  std::vector<Delivery> advance(Now now);
  // Reports how an attempt ended.  May make the next one due.
  void finish(std::uint64_t id, const Outcome& outcome, Now now);
  // Makes every group due whose receivers have not been told anything for
  // its group interval: how a run without a daemon behind it works.
  void hurry(Now now);

  // Steady time of the next thing to do; nullopt when there is none.
  [[nodiscard]] std::optional<std::int64_t> next_due_ms() const;
  // Attempts that are on their way or wait to be repeated.
  [[nodiscard]] std::size_t open_deliveries() const;

  // What the API shows of a group.
  struct GroupView {
    const RouteNode* route;
    const Labels* labels;
    const std::string* key;
    const std::vector<std::string>* muted_by;
    std::vector<AlertPtr> alerts;
    std::int64_t due_ms;  // steady time of the next flush
  };
  [[nodiscard]] std::vector<GroupView> groups() const;
  [[nodiscard]] const DispatchCounters& counters() const { return counters_; }
  [[nodiscard]] const Plan* plan() const { return plan_.get(); }
  // The last error of a group's integrations that are being retried.
  [[nodiscard]] std::vector<std::string> errors(
      const std::string& group_key) const;

 private:
  struct Group;
  struct Slot;
  struct Round;

  Group& group_for(const RouteNode& node, const AlertPtr& alert, Now now);
  // Lets go of everything that refers to a group.
  void forget(Group& group);
  void flush(Group& group, Now now, std::vector<Delivery>& out);
  std::vector<Alert> unmuted(Group& group, std::vector<Alert> alerts, Now now);
  void evaluate(Slot& slot, Now now, std::vector<Delivery>& out);
  std::shared_ptr<const Notification> compose(const Slot& slot,
                                              const LogEntry* entry,
                                              AlertHashes firing,
                                              AlertHashes resolved,
                                              Reason reason, Now now) const;
  void log_told(const Slot& slot, const Notification& told, TextMap data,
                Now now);
  void retry_later(Slot& slot, const Outcome& outcome, Now now);
  void close(Slot& slot, bool failed);
  void end_round(Group& group);
  void set_due(Group& group, std::int64_t steady_ms);
  void set_retry(Slot& slot, std::optional<std::int64_t> steady_ms);

  const Inhibitor& inhibitor_;
  const Silences& silences_;
  NotificationLog& log_;
  const DispatchOptions options_;
  std::mt19937_64 random_;
  std::shared_ptr<const Plan> plan_;
  std::optional<std::int64_t> begun_ms_;  // steady time of the first plan
  // By route id and group labels.
  std::map<std::pair<std::string, Labels>, std::unique_ptr<Group>,
           bool (*)(const std::pair<std::string, Labels>&,
                    const std::pair<std::string, Labels>&)>
      groups_;
  std::map<std::string, std::unique_ptr<Slot>> slots_;  // by log key
  std::map<std::uint64_t, Slot*> on_their_way_;         // by delivery
  std::set<std::pair<std::int64_t, Group*>> due_;
  std::set<std::pair<std::int64_t, Slot*>> retries_;
  std::vector<Slot*> reruns_;  // to be evaluated by the next advance()
  std::uint64_t next_id_ = 1;
  DispatchCounters counters_;
};

}  // namespace prom::alert
