#include "libprom/alert/dispatcher.h"

#include <algorithm>
#include <cassert>

#include "libprom/alert/digest.h"
#include "libprom/base/bytes.h"

namespace prom::alert {

// One flush of a group: what its slots are about until the next.
struct Dispatcher::Round {
  std::vector<Alert> alerts;  // not muted
  // Fingerprint and update time of what was resolved: forgotten once every
  // integration is done, unless it fired again meanwhile.
  std::vector<std::pair<std::uint64_t, std::int64_t>> resolved;
  std::size_t open_slots = 0;
  bool failed = false;
};

struct Dispatcher::Group {
  const RouteNode* route = nullptr;
  Labels labels;
  std::string key;
  std::map<std::uint64_t, AlertPtr> alerts;
  std::vector<std::string> muted_by;  // time intervals, at the last flush
  std::int64_t due_ms = 0;
  Round round;
  bool ended = false;  // empty; removed at the end of advance()
};

struct Dispatcher::Slot {
  std::string key;
  std::shared_ptr<const Integration> integration;
  Group* group = nullptr;    // null after a reload that dropped it
  bool is_open = false;      // counted in its group's round
  std::uint64_t flying = 0;  // id of the attempt on its way; 0: none
  std::shared_ptr<const Notification> attempt;
  bool rerun = false;  // the group was flushed while an attempt was flying
  std::optional<std::int64_t> retry_ms;  // waiting until then
  std::int64_t pause_ms = 0;
  std::optional<std::int64_t> trying_since_ms;
  std::int64_t repeat_interval_ms = 0;
  std::string error;
};

namespace {

constexpr double kPauseGrowth = 1.5;
constexpr double kPauseJitter = 0.5;

bool group_order(const std::pair<std::string, Labels>& a,
                 const std::pair<std::string, Labels>& b) {
  if (a.first != b.first) return a.first < b.first;
  return a.second.encoded() < b.second.encoded();
}

std::string state_digest(const std::string& key, const AlertHashes& firing,
                         const AlertHashes& resolved,
                         std::int64_t told_before_ms) {
  std::string bytes = key;
  for (const AlertHashes* hashes : {&firing, &resolved}) {
    append_le(bytes, static_cast<std::uint64_t>(hashes->size()));
    for (const std::uint64_t hash : *hashes) append_le(bytes, hash);
  }
  // A repetition is another message than what it repeats.
  append_le(bytes, told_before_ms);
  return sha256_hex(bytes);
}

}  // namespace

Dispatcher::Dispatcher(const Inhibitor& inhibitor, const Silences& silences,
                       NotificationLog& log, DispatchOptions options)
    : inhibitor_(inhibitor),
      silences_(silences),
      log_(log),
      options_(options),
      random_(options.seed),
      groups_(group_order) {}

Dispatcher::~Dispatcher() = default;

void Dispatcher::set_plan(std::shared_ptr<const Plan> plan,
                          const std::vector<AlertPtr>& alerts, Now now) {
  due_.clear();
  groups_.clear();
  retries_.clear();
  reruns_.clear();
  for (auto slot = slots_.begin(); slot != slots_.end();) {
    slot->second->group = nullptr;
    slot->second->is_open = false;
    slot->second->rerun = false;
    slot->second->retry_ms.reset();
    slot = slot->second->flying == 0 ? slots_.erase(slot) : std::next(slot);
  }
  plan_ = std::move(plan);
  if (!begun_ms_) begun_ms_ = now.steady_ms;
  for (const AlertPtr& alert : alerts) {
    // The end of an alert is news only to those who know of its beginning.
    if (alert->resolved_at(now.wall_ms) &&
        !log_.told_firing(alert->labels.hash()))
      continue;
    route(alert, now);
  }
}

void Dispatcher::route(const AlertPtr& alert, Now now) {
  assert(plan_);
  for (const RouteNode* node : match_routes(plan_->routes, alert->labels)) {
    Group& group = group_for(*node, alert, now);
    group.alerts.insert_or_assign(alert->fingerprint, alert);
    group.ended = false;
  }
}

Dispatcher::Group& Dispatcher::group_for(const RouteNode& node,
                                         const AlertPtr& alert, Now now) {
  Labels labels = node.group_labels(alert->labels);
  auto& place = groups_[{node.id, labels}];
  if (place && !place->ended) return *place;
  // A group that has nothing left begins anew, with its first wait.
  if (place) forget(*place);
  place = std::make_unique<Group>();
  Group& group = *place;
  group.route = &node;
  group.key = node.key + ":" + format_label_set(labels);
  group.labels = std::move(labels);
  // Who waited long enough elsewhere does not wait again.
  const std::int64_t wait = node.options.group_wait_ms;
  const bool old = alert->starts_at_ms + wait < now.wall_ms;
  const std::int64_t due = old ? now.steady_ms : now.steady_ms + wait;
  set_due(group, std::max(due, *begun_ms_ + options_.start_delay_ms));
  return group;
}

void Dispatcher::set_due(Group& group, std::int64_t steady_ms) {
  due_.erase({group.due_ms, &group});
  group.due_ms = steady_ms;
  due_.insert({steady_ms, &group});
}

void Dispatcher::set_retry(Slot& slot, std::optional<std::int64_t> steady_ms) {
  if (slot.retry_ms) retries_.erase({*slot.retry_ms, &slot});
  slot.retry_ms = steady_ms;
  if (steady_ms) retries_.insert({*steady_ms, &slot});
}

std::vector<Delivery> Dispatcher::advance(Now now) {
  std::vector<Delivery> out;
  for (Slot* slot : std::exchange(reruns_, {})) evaluate(*slot, now, out);
  while (!retries_.empty() && retries_.begin()->first <= now.steady_ms) {
    Slot& slot = *retries_.begin()->second;
    set_retry(slot, std::nullopt);
    evaluate(slot, now, out);
  }
  while (!due_.empty() && due_.begin()->first <= now.steady_ms) {
    Group& group = *due_.begin()->second;
    set_due(group,
            now.steady_ms + std::max<std::int64_t>(
                                group.route->options.group_interval_ms, 1));
    flush(group, now, out);
  }
  std::erase_if(groups_, [&](const auto& entry) {
    if (!entry.second->ended) return false;
    forget(*entry.second);
    return true;
  });
  return out;
}

void Dispatcher::forget(Group& group) {
  due_.erase({group.due_ms, &group});
  const auto receiver = plan_->receivers.find(group.route->options.receiver);
  if (receiver == plan_->receivers.end()) return;
  for (const auto& integration : receiver->second) {
    const auto slot = slots_.find(group.key + ":" + integration->key());
    // Routes with equal matchers share keys, and so slots.
    if (slot == slots_.end() || slot->second->group != &group) continue;
    set_retry(*slot->second, std::nullopt);
    std::erase(reruns_, slot->second.get());
    slot->second->group = nullptr;
    if (slot->second->flying == 0) slots_.erase(slot);
  }
}

// Upstream's pipeline up to the receivers.
void Dispatcher::flush(Group& group, Now now, std::vector<Delivery>& out) {
  Round round;
  std::vector<Alert> alerts;
  for (const auto& [fingerprint, alert] : group.alerts) {
    alerts.push_back(*alert);
    if (alert->resolved_at(now.wall_ms)) {
      round.resolved.emplace_back(fingerprint, alert->updated_at_ms);
    } else {
      alerts.back().ends_at_ms = 0;  // it is not known when it will end
    }
  }
  sort_for_message(alerts);
  round.alerts = unmuted(group, std::move(alerts), now);
  // Slots of the round before that are still busy belong to this one now.
  group.round = std::move(round);

  const auto receiver = plan_->receivers.find(group.route->options.receiver);
  if (receiver != plan_->receivers.end()) {
    for (const auto& integration : receiver->second) {
      const std::string key = group.key + ":" + integration->key();
      auto& slot = slots_[key];
      if (!slot) slot = std::make_unique<Slot>();
      slot->key = key;
      slot->integration = integration;
      slot->group = &group;
      slot->repeat_interval_ms = group.route->options.repeat_interval_ms;
      slot->is_open = false;
      evaluate(*slot, now, out);
    }
  }
  if (group.round.open_slots == 0) end_round(group);
}

// What is left after inhibition, time intervals and silences.  Upstream stops
// at the first stage that leaves nothing, and so do the counts.
std::vector<Alert> Dispatcher::unmuted(Group& group, std::vector<Alert> alerts,
                                       Now now) {
  counters_.suppressed_by_inhibition +=
      std::erase_if(alerts, [&](const Alert& alert) {
        return inhibitor_.inhibited_by(alert.labels, now.wall_ms).has_value();
      });
  const RouteOptions& options = group.route->options;
  group.muted_by.clear();
  if (!options.active_time_intervals.empty() &&
      plan_->intervals.containing(options.active_time_intervals, now.wall_ms)
          .empty()) {
    counters_.suppressed_by_active_interval += alerts.size();
    group.muted_by = options.active_time_intervals;
    return {};
  }
  group.muted_by =
      plan_->intervals.containing(options.mute_time_intervals, now.wall_ms);
  if (!group.muted_by.empty()) {
    counters_.suppressed_by_mute_interval += alerts.size();
    return {};
  }
  counters_.suppressed_by_silence +=
      std::erase_if(alerts, [&](const Alert& alert) {
        return !silences_.silenced_by(alert.labels, now.wall_ms).empty();
      });
  return alerts;
}

// Decides by its group's round whether a slot has something to tell.
void Dispatcher::evaluate(Slot& slot, Now now, std::vector<Delivery>& out) {
  if (slot.group == nullptr) return;
  Round& round = slot.group->round;
  if (slot.flying != 0) {
    slot.rerun = true;
    if (!slot.is_open) ++round.open_slots;
    slot.is_open = true;
    return;
  }
  set_retry(slot, std::nullopt);
  slot.rerun = false;
  AlertHashes firing;
  AlertHashes resolved;
  for (const Alert& alert : round.alerts)
    (alert.ends_at_ms == 0 ? firing : resolved).insert(alert.labels.hash());
  const LogEntry* entry = log_.find(slot.key);
  const bool send_resolved = slot.integration->send_resolved;
  const Reason reason =
      round.alerts.empty()
          ? Reason::kNone
          : why_notify(entry, firing, resolved, slot.repeat_interval_ms,
                       send_resolved, now.wall_ms);
  if (reason == Reason::kNone) return close(slot, false);

  slot.attempt =
      compose(slot, entry, std::move(firing), std::move(resolved), reason, now);
  if (slot.attempt->alerts.empty()) {
    log_told(slot, *slot.attempt, slot.attempt->data, now);
    return close(slot, false);
  }
  slot.flying = next_id_++;
  on_their_way_[slot.flying] = &slot;
  if (!slot.trying_since_ms) slot.trying_since_ms = now.steady_ms;
  if (!slot.is_open) ++round.open_slots;
  slot.is_open = true;
  out.push_back({.id = slot.flying,
                 .integration = slot.integration,
                 .notification = slot.attempt});
}

std::shared_ptr<const Notification> Dispatcher::compose(
    const Slot& slot, const LogEntry* entry, AlertHashes firing,
    AlertHashes resolved, Reason reason, Now now) const {
  const Group& group = *slot.group;
  auto made = std::make_shared<Notification>();
  made->group_key = group.key;
  made->receiver = slot.integration->receiver;
  made->group_labels = group.labels;
  made->route_labels = group.route->options.labels;
  made->alerts = group.round.alerts;
  if (!slot.integration->send_resolved)
    std::erase_if(made->alerts,
                  [](const Alert& alert) { return alert.ends_at_ms != 0; });
  made->reason = reason;
  made->now_ms = now.wall_ms;
  made->idempotency_key =
      state_digest(slot.key, firing, resolved, entry ? entry->sent_at_ms : 0);
  // What a receiver remembers belongs to one episode of firing.
  if (entry != nullptr && reason != Reason::kFirst) made->data = entry->data;
  made->firing = std::move(firing);
  made->resolved = std::move(resolved);
  return made;
}

void Dispatcher::log_told(const Slot& slot, const Notification& told,
                          TextMap data, Now now) {
  log_.record({.key = slot.key,
               .firing = told.firing,
               .resolved = told.resolved,
               .sent_at_ms = 0,
               .expires_at_ms = 0,
               .data = std::move(data)},
              slot.repeat_interval_ms, now.wall_ms);
}

void Dispatcher::finish(std::uint64_t id, const Outcome& outcome, Now now) {
  const auto found = on_their_way_.find(id);
  if (found == on_their_way_.end()) return;
  Slot& slot = *found->second;
  on_their_way_.erase(found);
  slot.flying = 0;
  slot.error = outcome.error;
  if (outcome.ok) {
    TextMap data = slot.attempt->data;
    for (const auto& [name, value] : outcome.data)
      data.insert_or_assign(name, value);
    log_told(slot, *slot.attempt, std::move(data), now);
  }
  if (slot.group == nullptr) {
    slots_.erase(std::string(slot.key));
    return;
  }
  if (!outcome.ok && outcome.retry) return retry_later(slot, outcome, now);
  slot.pause_ms = 0;
  slot.trying_since_ms.reset();
  if (slot.rerun) {
    reruns_.push_back(&slot);
    return;
  }
  close(slot, !outcome.ok);
}

void Dispatcher::retry_later(Slot& slot, const Outcome& outcome, Now now) {
  const std::int64_t begun = slot.trying_since_ms.value_or(now.steady_ms);
  if (now.steady_ms - begun >= options_.retry_for_ms) {
    ++counters_.given_up;
    slot.pause_ms = 0;
    slot.trying_since_ms.reset();
    close(slot, true);  // the group's next flush begins anew
    return;
  }
  slot.pause_ms =
      slot.pause_ms == 0
          ? options_.retry_min_ms
          : std::min(static_cast<std::int64_t>(
                         static_cast<double>(slot.pause_ms) * kPauseGrowth),
                     options_.retry_max_ms);
  std::uniform_real_distribution<double> jitter(1 - kPauseJitter,
                                                1 + kPauseJitter);
  const auto pause = static_cast<std::int64_t>(
      static_cast<double>(slot.pause_ms) * jitter(random_));
  const std::int64_t asked =
      std::min(outcome.retry_after_ms, options_.retry_after_max_ms);
  set_retry(slot, now.steady_ms + std::max(pause, asked));
}

// The slot has nothing more to do in this round.
void Dispatcher::close(Slot& slot, bool failed) {
  Round& round = slot.group->round;
  round.failed = round.failed || failed;
  if (!slot.is_open) return;
  slot.is_open = false;
  if (--round.open_slots == 0) end_round(*slot.group);
}

void Dispatcher::end_round(Group& group) {
  if (group.round.failed) return;
  for (const auto& [fingerprint, updated_at_ms] : group.round.resolved) {
    const auto alert = group.alerts.find(fingerprint);
    if (alert != group.alerts.end() &&
        alert->second->updated_at_ms == updated_at_ms)
      group.alerts.erase(alert);
  }
  group.round.resolved.clear();
  group.ended = group.alerts.empty();
}

void Dispatcher::hurry(Now now) {
  for (const auto& [place, group] : groups_) {
    std::int64_t told_ms = 0;
    const auto receiver = plan_->receivers.find(group->route->options.receiver);
    if (receiver != plan_->receivers.end())
      for (const auto& integration : receiver->second)
        if (const LogEntry* entry =
                log_.find(group->key + ":" + integration->key());
            entry != nullptr)
          told_ms = std::max(told_ms, entry->sent_at_ms);
    const std::int64_t wait =
        told_ms + group->route->options.group_interval_ms - now.wall_ms;
    set_due(*group, now.steady_ms + std::max<std::int64_t>(wait, 0));
  }
}

std::optional<std::int64_t> Dispatcher::next_due_ms() const {
  std::optional<std::int64_t> due;
  if (!reruns_.empty()) return INT64_MIN;
  if (!due_.empty()) due = due_.begin()->first;
  if (!retries_.empty())
    due = std::min(due.value_or(INT64_MAX), retries_.begin()->first);
  return due;
}

std::size_t Dispatcher::open_deliveries() const {
  return on_their_way_.size() + retries_.size() + reruns_.size();
}

std::vector<Dispatcher::GroupView> Dispatcher::groups() const {
  std::vector<GroupView> views;
  for (const auto& [place, group] : groups_) {
    GroupView view{.route = group->route,
                   .labels = &group->labels,
                   .key = &group->key,
                   .muted_by = &group->muted_by,
                   .alerts = {},
                   .due_ms = group->due_ms};
    for (const auto& [fingerprint, alert] : group->alerts)
      view.alerts.push_back(alert);
    views.push_back(std::move(view));
  }
  return views;
}

std::vector<std::string> Dispatcher::errors(
    const std::string& group_key) const {
  std::vector<std::string> found;
  for (const auto& [key, slot] : slots_)
    if (slot->group != nullptr && slot->group->key == group_key &&
        !slot->error.empty())
      found.push_back(slot->integration->key() + ": " + slot->error);
  return found;
}

}  // namespace prom::alert
