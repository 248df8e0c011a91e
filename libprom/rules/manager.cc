#include "libprom/rules/manager.h"

#include <algorithm>
#include <chrono>

#include "libprom/base/checksum.h"
#include "libprom/model/sample.h"
#include "libprom/os/log.h"
#include "libprom/rules/engine_glue.h"
#include "libprom/rules/schedule.h"

namespace prom::rules {
namespace {

constexpr std::int64_t kMsNs = 1'000'000;
// Until then the store has certainly taken what went into the pipe.
constexpr std::int64_t kRecentMs = 5 * 60'000LL;
// Threads look at the clock at least so often, in case it is set.
constexpr std::int64_t kWaitNsMax = 1'000'000'000;

Labels group_label(const Group& group) {
  return {{"rule_group", group.key()}};
}

}  // namespace

Manager::Manager(Options options, os::Clock& clock,
                 exposition::Registry& registry)
    : options_(std::move(options)),
      clock_(clock),
      registry_(registry),
      recent_(std::make_shared<RecentSamples>()) {
  for (unsigned i = 0; i < std::max(1U, options_.threads); ++i)
    threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
}

Manager::~Manager() {
  for (std::jthread& thread : threads_) thread.request_stop();
  wake_.notify_all();
  threads_.clear();
}

void Manager::wait_until_idle(std::unique_lock<std::mutex>& lock) {
  paused_ = true;
  wake_.wait(
      lock, [this] { return std::ranges::none_of(slots_, &Slot::is_running); });
  paused_ = false;
}

// ---- groups

void Manager::set_groups(
    const std::vector<std::shared_ptr<const Group>>& groups,
    const Labels& external_labels) {
  std::unique_lock lock(mutex_);
  wait_until_idle(lock);
  external_labels_ = external_labels;
  std::list<Slot> before = std::exchange(slots_, {});
  for (const auto& group : groups) {
    const auto known = std::ranges::find_if(before, [&](const Slot& slot) {
      return slot.runner.group().key() == group->key();
    });
    if (known != before.end() &&
        known->runner.group().fingerprint == group->fingerprint) {
      slots_.splice(slots_.end(), before, known);
      continue;
    }
    Slot& slot = slots_.emplace_back(group);
    slot.due_ns =
        slot_before_ns(group->file, group->name, group->interval_ms, now_ns()) +
        group->interval_ms * kMsNs;
    if (known != before.end()) {
      slot.runner.take_over(known->runner);
      slot.evaluations = known->evaluations;
      slot.counted = known->counted;
      before.erase(known);
    } else if (saved_) {
      saved_->apply(slot.runner, clock_.wall_ms(),
                    options_.restore.for_grace_ms);
    }
    slot.state = group_state(slot.runner);
    publish(slot, 0);
  }
  for (const Slot& gone : before) {
    orphans_.push_back({now_ns() + 2 * gone.runner.group().interval_ms * kMsNs,
                        gone.runner.live_series()});
    forget_metrics(gone.runner.group());
  }
  saved_.reset();
  state_changed_ = true;
  lock.unlock();
  wake_.notify_all();
}

std::string Manager::take_state() {
  const std::lock_guard lock(mutex_);
  if (!state_changed_) return {};
  state_changed_ = false;
  std::vector<std::string> states;
  for (const Slot& slot : slots_) states.push_back(slot.state);
  return state_text(states, clock_.wall_ms());
}

// ---- threads

void Manager::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const std::int64_t now = now_ns();
    std::int64_t wait_ns = kWaitNsMax;
    Slot* const slot = paused_ ? nullptr : next_due(now, wait_ns);
    if (slot == nullptr) {
      mark_orphans(now);
      wake_.wait_for(lock, stop, std::chrono::nanoseconds(wait_ns),
                     [] { return false; });
      continue;
    }
    const std::int64_t slot_ns = slot->due_ns;
    slot->is_running = true;
    lock.unlock();
    evaluate(*slot, slot_ns);
    std::string state = group_state(slot->runner);
    lock.lock();
    slot->state = std::move(state);
    slot->is_running = false;
    state_changed_ = true;
    schedule_next(*slot, now_ns());
    wake_.notify_all();
  }
}

// The group that is due the longest; else how long to wait for the next.
Manager::Slot* Manager::next_due(std::int64_t now, std::int64_t& wait_ns) {
  Slot* best = nullptr;
  for (Slot& slot : slots_)
    if (!slot.is_running && (best == nullptr || slot.due_ns < best->due_ns))
      best = &slot;
  if (best == nullptr || best->due_ns <= now) return best;
  wait_ns = std::min(wait_ns, best->due_ns - now);
  return nullptr;
}

void Manager::schedule_next(Slot& slot, std::int64_t now) {
  const std::int64_t interval_ns = slot.runner.group().interval_ms * kMsNs;
  // Slots that passed meanwhile are skipped, all but the latest.
  const std::int64_t missed =
      std::max<std::int64_t>(0, (now - slot.due_ns) / interval_ns - 1);
  slot.slot_ns = slot.due_ns;
  slot.due_ns += (missed + 1) * interval_ns;
  publish(slot, missed);
}

void Manager::evaluate(Slot& slot, std::int64_t slot_ns) {
  const Group& group = slot.runner.group();
  const std::int64_t t_ms = slot_ns / kMsNs;
  recent_->forget_before(clock_.wall_ms() - kRecentMs - group.query_offset_ms);
  auto below = options_.open_source();
  GroupContext context;
  std::shared_ptr<const query::Source> source;
  if (below) {
    source = std::make_shared<RecentSource>(std::move(*below), recent_);
    context.evaluate = make_evaluate(source, options_.engine);
  } else {
    context.evaluate = [error = below.error()](const Expression&, std::int64_t)
        -> Result<std::vector<Element>> { return fail(error); };
  }
  const std::uint64_t base = hash64(group.key());
  std::uint64_t rule = 0;
  context.record = [&](std::span<const Sample> samples) {
    recent_->add(samples);
    options_.record(base + ++rule, samples);
  };
  context.notify = options_.notify;
  context.clock_ns = [this] { return clock_.monotonic_ns(); };
  context.external_labels = external_labels_;
  context.external_url = options_.external_url;
  context.resend_delay_ms = options_.resend_delay_ms;
  slot.runner.evaluate(t_ms, context);
  ++slot.evaluations;
  // Twice, as upstream: at first there may not be enough data yet.
  if (slot.evaluations < 2 || slot.runner.is_restored() || source == nullptr)
    return;
  auto restored =
      restore(slot.runner, *source, clock_.wall_ms(), options_.restore);
  if (!restored)
    os::log_error("restoring the state of alerts failed",
                  {{"group", group.key()}, {"err", restored.error().message}});
}

void Manager::mark_orphans(std::int64_t now) {
  for (auto at = orphans_.begin(); at != orphans_.end();) {
    if (at->due_ns > now) {
      ++at;
      continue;
    }
    std::vector<Sample> stale;
    for (Labels& labels : at->series) {
      // Another rule may produce the series by now.
      const bool alive = std::ranges::any_of(slots_, [&](const Slot& slot) {
        if (slot.is_running) return false;
        const auto live = slot.runner.live_series();
        return std::ranges::find(live, labels) != live.end();
      });
      if (!alive)
        stale.push_back({std::move(labels), now / kMsNs, stale_nan()});
    }
    if (!stale.empty()) options_.record(hash64("orphans"), stale);
    at = orphans_.erase(at);
  }
}

// ---- metrics

void Manager::publish(Slot& slot, std::int64_t missed) {
  const Group& group = slot.runner.group();
  const GroupReport& report = slot.runner.report();
  GroupReport& counted = slot.counted;
  const Labels labels = group_label(group);
  const auto count = [&](std::string_view name, std::string_view help,
                         std::uint64_t total, std::uint64_t before) {
    registry_.counter(name, help, labels)
        .add(static_cast<double>(total - before));
  };
  count("prometheus_rule_evaluations_total",
        "The total number of rule evaluations.", report.evaluations,
        counted.evaluations);
  count("prometheus_rule_evaluation_failures_total",
        "The total number of rule evaluation failures.", report.failures,
        counted.failures);
  const bool iterated = report.last_evaluation_ms != counted.last_evaluation_ms;
  const auto iterations = static_cast<double>(iterated ? 1 + missed : 0);
  registry_
      .counter("prometheus_rule_group_iterations_total",
               "The total number of scheduled rule group evaluations, whether "
               "executed or missed.",
               labels)
      .add(iterations);
  registry_
      .counter("prometheus_rule_group_iterations_missed_total",
               "The total number of rule group evaluations missed due to slow "
               "rule group evaluation.",
               labels)
      .add(static_cast<double>(missed));
  registry_
      .counter("prometheus_template_text_expansions_total",
               "The total number of template text expansions.")
      .add(static_cast<double>(report.expansions - counted.expansions));
  registry_
      .counter("prometheus_template_text_expansion_failures_total",
               "The total number of template text expansion failures.")
      .add(static_cast<double>(report.expansion_failures -
                               counted.expansion_failures));
  const auto gauge = [&](std::string_view name, std::string_view help,
                         double value) {
    registry_.gauge(name, help, labels).set(value);
  };
  gauge("prometheus_rule_group_rules", "The number of rules.",
        static_cast<double>(group.rules.size()));
  gauge("prometheus_rule_group_interval_seconds",
        "The interval of a rule group.",
        static_cast<double>(group.interval_ms) / 1000);
  if (iterated) {
    const double seconds = static_cast<double>(report.duration_ns) / 1e9;
    gauge("prometheus_rule_group_last_duration_seconds",
          "The duration of the last rule group evaluation.", seconds);
    gauge("prometheus_rule_group_last_evaluation_timestamp_seconds",
          "The timestamp of the last rule group evaluation in seconds.",
          static_cast<double>(report.last_evaluation_ms) / 1000);
    gauge("prometheus_rule_group_last_evaluation_samples",
          "The number of samples returned during the last rule group "
          "evaluation.",
          static_cast<double>(report.samples));
    registry_
        .summary("prometheus_rule_group_duration_seconds",
                 "The duration of rule group evaluations.",
                 {0.01, 0.05, 0.5, 0.9, 0.99})
        .observe(seconds);
  }
  counted = report;
}

void Manager::forget_metrics(const Group& group) {
  const std::string key = group.key();
  registry_.remove_all({"rule_group", key});
}

}  // namespace prom::rules
