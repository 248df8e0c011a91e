// Runs groups at their times on a few threads, and keeps their states over
// reloads and restarts.
//
// A group is evaluated by one thread at a time; different groups run at the
// same time, so that one whose queries are slow delays only itself.  A slot
// that has passed when a group is done is skipped and counted.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "libprom/exposition/registry.h"
#include "libprom/os/clock.h"
#include "libprom/query/engine.h"
#include "libprom/query/source.h"
#include "libprom/rules/group_runner.h"
#include "libprom/rules/recent_source.h"
#include "libprom/rules/restore.h"
#include "libprom/rules/state_file.h"

namespace prom::rules {

class Manager {
 public:
  struct Options {
    // Opens what rules read, anew for every evaluation of a group.  A failure
    // fails the evaluation: the states stay as they are.
    std::function<Result<std::shared_ptr<const query::Source>>()> open_source;
    // Both are called from any of the threads.
    std::function<void(std::uint64_t rule, std::span<const Sample>)> record;
    std::function<void(const Rule&, std::vector<Alert>)> notify;
    query::EngineOptions engine;
    std::string external_url;
    std::int64_t resend_delay_ms = 60'000;
    RestoreOptions restore;
    unsigned threads = 4;
  };

  // Borrows clock and registry.
  Manager(Options options, os::Clock& clock, exposition::Registry& registry);
  ~Manager();  // waits for evaluations that run
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  // Replaces the groups.  One that did not change runs on; one that changed
  // takes its states over; the series of one that is gone are marked stale
  // after two of its intervals.  Waits for evaluations that run.
  void set_groups(const std::vector<std::shared_ptr<const Group>>& groups,
                  const Labels& external_labels);
  // What an earlier process saved; before the first set_groups().
  void set_saved(SavedState state) { saved_.emplace(std::move(state)); }

  // The state as text when it changed since the last call, else "".  Of a group
  // that is being evaluated, the state before.
  std::string take_state();

 private:
  struct Slot {
    explicit Slot(std::shared_ptr<const Group> group)
        : runner(std::move(group)) {}
    GroupRunner runner;
    std::int64_t due_ns = 0;    // wall clock
    std::int64_t slot_ns = -1;  // of the last evaluation
    unsigned evaluations = 0;
    bool is_running = false;
    std::string state = {};  // as it was saved after the last evaluation
    // Totals that the metrics know already.
    GroupReport counted;
  };
  // Series of a group that is gone.
  struct Orphans {
    std::int64_t due_ns = 0;
    std::vector<Labels> series;
  };

  void work(const std::stop_token& stop);
  Slot* next_due(std::int64_t now_ns, std::int64_t& wait_ns);
  void evaluate(Slot& slot, std::int64_t slot_ns);
  void schedule_next(Slot& slot, std::int64_t now_ns);
  void mark_orphans(std::int64_t now_ns);
  void wait_until_idle(std::unique_lock<std::mutex>& lock);
  void publish(Slot& slot, std::int64_t missed);
  void forget_metrics(const Group& group);
  [[nodiscard]] std::int64_t now_ns() const {
    return clock_.wall_ms() * 1'000'000;
  }

  const Options options_;
  os::Clock& clock_;
  exposition::Registry& registry_;
  const std::shared_ptr<RecentSamples> recent_;
  std::optional<SavedState> saved_;

  std::mutex mutex_;  // guards what follows; a running slot is its thread's
  std::condition_variable_any wake_;
  std::list<Slot> slots_;
  std::vector<Orphans> orphans_;
  Labels external_labels_;
  bool state_changed_ = false;
  bool paused_ = false;

  std::vector<std::jthread> threads_;  // last: they use everything above
};

}  // namespace prom::rules
