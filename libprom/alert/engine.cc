#include "libprom/alert/engine.h"

#include <algorithm>

#include "libprom/alert/record.h"
#include "libprom/os/log.h"

namespace prom::alert {
namespace {

// How long an alert that fell due while prom-alert was not running still
// counts as firing: the time in which its source would send it again.
constexpr std::int64_t kRefreshMs = 5 * 60'000LL;

}  // namespace

Engine::Engine(EngineOptions options)
    : options_(options),
      silences_(options.retention_ms, options.silence_limits,
                options.matcher_mode,
                [this](const Silence& silence) {
                  note(RecordKind::kSilence, encode(silence));
                }),
      log_(options.retention_ms,
           [this](const LogEntry& entry) {
             note(RecordKind::kNotification, encode(entry));
           }),
      dispatcher_(inhibitor_, silences_, log_, options.dispatch) {}

Status Engine::open_state(os::FileSystem& files, const std::string& directory) {
  auto log = StateLog::open(files, directory,
                            [this](RecordKind kind, std::string_view payload) {
                              load(kind, payload);
                            });
  if (!log) return fail(std::move(log).error().in("open state"));
  state_ = std::move(*log);
  restored_ = !alerts_.empty();
  for (const Damage& damage : state_->damage())
    os::log_error("state is damaged, the bytes are set aside",
                  {{"directory", directory},
                   {"offset", std::to_string(damage.offset)},
                   {"bytes", std::to_string(damage.bytes)}});
  if (unreadable_ > 0)
    os::log_error(
        "records of the state are not readable",
        {{"directory", directory}, {"count", std::to_string(unreadable_)}});
  return {};
}

Status Engine::read_state(const std::string& directory) {
  Status read = read_state_log(
      directory, [this](RecordKind kind, std::string_view payload) {
        load(kind, payload);
      });
  if (!read) return fail(std::move(read).error().in("read state"));
  return {};
}

void Engine::load(RecordKind kind, std::string_view payload) {
  switch (kind) {
    case RecordKind::kAlert: {
      auto alert = decode_alert(payload);
      if (!alert) break;
      const std::uint64_t key = alert->fingerprint;
      alerts_[key] = std::make_shared<const Alert>(std::move(*alert));
      return;
    }
    case RecordKind::kSilence: {
      auto silence = decode_silence(payload);
      if (!silence) break;
      return silences_.restore(std::move(*silence));
    }
    case RecordKind::kNotification: {
      auto entry = decode_log_entry(payload);
      if (!entry) break;
      return log_.restore(std::move(*entry));
    }
  }
  ++unreadable_;
}

void Engine::note(RecordKind kind, const std::string& payload) {
  if (state_) state_->add(kind, payload);
}

Status Engine::commit(Now now) {
  if (!state_) return {};
  if (Status done = state_->commit(); done) return {};
  // A file that failed is not written to again; all that is known goes into a
  // new one.
  return compact(now);
}

void Engine::set_plan(std::shared_ptr<const Plan> plan,
                      std::vector<InhibitRule> rules, Now now) {
  if (std::exchange(restored_, false)) extend_expired(now);
  inhibitor_ = Inhibitor(std::move(rules));
  std::vector<AlertPtr> all;
  for (const auto& [fingerprint, alert] : alerts_) {
    inhibitor_.update(alert);
    all.push_back(alert);
  }
  // The order of creation decides nothing, but tests and people like it fixed.
  std::sort(all.begin(), all.end(), [](const AlertPtr& a, const AlertPtr& b) {
    return a->fingerprint < b->fingerprint;
  });
  dispatcher_.set_plan(std::move(plan), all, now);
}

void Engine::extend_expired(Now now) {
  for (auto& [fingerprint, alert] : alerts_) {
    const bool was_to_end_later = alert->ends_at_ms > alert->updated_at_ms;
    if (!alert->resolved_at(now.wall_ms) || !was_to_end_later ||
        !log_.told_firing(alert->labels.hash()))
      continue;
    Alert extended = *alert;
    extended.ends_at_ms = now.wall_ms + kRefreshMs;
    extended.is_timeout = true;
    alert = std::make_shared<const Alert>(std::move(extended));
  }
}

Result<std::size_t> Engine::put(std::vector<Alert> alerts, Now now) {
  std::size_t refused = 0;
  std::vector<std::uint64_t> stored;
  for (Alert& alert : alerts) {
    alert.fingerprint = fingerprint(alert.labels);
    const std::uint64_t key = alert.fingerprint;
    if (store(std::move(alert), now)) {
      stored.push_back(key);
    } else {
      ++refused;
    }
  }
  if (Status kept = commit(now); !kept) return fail(std::move(kept).error());
  for (const std::uint64_t key : stored) {
    const AlertPtr& alert = alerts_.at(key);
    inhibitor_.update(alert);
    if (dispatcher_.plan() != nullptr) dispatcher_.route(alert, now);
  }
  return refused;
}

bool Engine::store(Alert alert, Now now) {
  auto known = alerts_.find(alert.fingerprint);
  if (known != alerts_.end()) {
    if (overlaps(*known->second, alert))
      alert = merge(*known->second, alert, now.wall_ms);
  } else if (!has_room(alert, now.wall_ms)) {
    return false;
  }
  note(RecordKind::kAlert, encode(alert));
  const std::uint64_t key = alert.fingerprint;
  alerts_[key] = std::make_shared<const Alert>(std::move(alert));
  return true;
}

bool Engine::has_room(const Alert& alert, std::int64_t now_ms) {
  if (options_.alerts_per_name_max == 0) return true;
  const std::string_view name = alert.labels.get("alertname");
  const auto count =
      std::count_if(alerts_.begin(), alerts_.end(), [&](const auto& entry) {
        return !entry.second->resolved_at(now_ms) &&
               entry.second->labels.get("alertname") == name;
      });
  return static_cast<std::uint64_t>(count) < options_.alerts_per_name_max;
}

Result<std::string> Engine::set_silence(Silence silence, Now now) {
  auto id = silences_.set(std::move(silence), now.wall_ms);
  if (!id) return id;
  if (Status kept = commit(now); !kept) return fail(std::move(kept).error());
  return id;
}

Status Engine::expire_silence(const std::string& id, Now now) {
  if (Status done = silences_.expire(id, now.wall_ms); !done) return done;
  return commit(now);
}

std::vector<Delivery> Engine::advance(Now now) {
  std::vector<Delivery> deliveries;
  if (dispatcher_.plan() != nullptr) deliveries = dispatcher_.advance(now);
  if (Status kept = commit(now); !kept)
    os::log_error("state is not kept", {{"err", kept.error().message}});
  if (collected_ms_ == INT64_MIN) collected_ms_ = now.steady_ms;
  if (maintained_ms_ == INT64_MIN) maintained_ms_ = now.steady_ms;
  if (now.steady_ms - collected_ms_ >= options_.alerts_gc_ms)
    collect_alerts(now);
  const bool due = now.steady_ms - maintained_ms_ >= options_.maintenance_ms;
  if (due || (state_ && state_->wants_rewrite())) {
    maintained_ms_ = now.steady_ms;
    if (Status kept = compact(now); !kept)
      os::log_error("state is not kept", {{"err", kept.error().message}});
  }
  return deliveries;
}

Status Engine::finish(std::uint64_t id, const Outcome& outcome, Now now) {
  dispatcher_.finish(id, outcome, now);
  return commit(now);
}

std::int64_t Engine::next_due_ms() const {
  std::int64_t due = dispatcher_.next_due_ms().value_or(INT64_MAX);
  if (maintained_ms_ != INT64_MIN)
    due = std::min(due, maintained_ms_ + options_.maintenance_ms);
  return due;
}

void Engine::collect_alerts(Now now) {
  collected_ms_ = now.steady_ms;
  // Who was told of the beginning must still be told of the end, be it by the
  // next process.
  const auto told = log_.told_firing();
  std::erase_if(alerts_, [&](const auto& entry) {
    if (!entry.second->resolved_at(now.wall_ms) ||
        told.contains(entry.second->labels.hash()))
      return false;
    inhibitor_.remove(*entry.second);
    return true;
  });
}

Status Engine::compact(Now now) {
  silences_.collect(now.wall_ms);
  log_.collect(now.wall_ms);
  if (!state_) return {};
  std::vector<Record> records;
  for (const auto& [id, silence] : silences_.all())
    records.push_back(
        {.kind = RecordKind::kSilence, .payload = encode(silence)});
  for (const auto& [key, entry] : log_.all())
    records.push_back(
        {.kind = RecordKind::kNotification, .payload = encode(entry)});
  for (const auto& [fingerprint, alert] : alerts_)
    records.push_back({.kind = RecordKind::kAlert, .payload = encode(*alert)});
  return state_->rewrite(records);
}

}  // namespace prom::alert
