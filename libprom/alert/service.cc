#include "libprom/alert/service.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "libprom/config/load.h"
#include "libprom/os/log.h"

namespace prom::alert {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;
// Longest wait of one turn; wakes and deadlines end it sooner.
constexpr std::int64_t kTurnMs = 60'000;

std::size_t count_in_state(const Engine& engine, Now now, bool suppressed) {
  return static_cast<std::size_t>(std::count_if(
      engine.alerts().begin(), engine.alerts().end(), [&](const auto& entry) {
        const Alert& alert = *entry.second;
        if (alert.resolved_at(now.wall_ms)) return false;
        const bool quiet =
            engine.inhibitor().inhibited_by(alert.labels, now.wall_ms) ||
            !engine.silences().silenced_by(alert.labels, now.wall_ms).empty();
        return quiet == suppressed;
      }));
}

}  // namespace

Service::Service(ServiceOptions options, os::Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      started_ms_(clock.wall_ms()),
      engine_(options_.engine),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  describe_metrics();
}

Service::~Service() = default;

Now Service::now() const {
  return {.wall_ms = clock_.wall_ms(),
          .steady_ms = clock_.monotonic_ns() / kNsPerMs};
}

Status Service::open(Diagnostics& findings) {
  if (!options_.storage_path.empty()) {
    os::FileSystem& files = os::real_file_system();
    if (Status made = os::make_directories(files, options_.storage_path); !made)
      return made;
    auto lock =
        os::FileLock::acquire(os::join_path(options_.storage_path, "LOCK"));
    if (!lock) return fail(std::move(lock).error().in("state is in use"));
    lock_ = std::move(*lock);
    if (Status opened = engine_.open_state(files, options_.storage_path);
        !opened)
      return opened;
    auto history = History::open(options_.storage_path);
    if (!history) return fail(std::move(history).error());
    history_ = std::move(*history);
  }
  return reload(findings);
}

Status Service::reload(Diagnostics& findings) {
  const std::lock_guard one_at_a_time(reload_mutex_);
  exposition::Gauge& good = registry_.gauge(
      "alertmanager_config_last_reload_successful",
      "Whether the last configuration reload attempt was successful.");
  good.set(0);
  auto config = config::load_alertmanager(options_.config_file);
  if (!config) {
    findings = std::move(config).error();
    return fail(config::to_error(findings));
  }
  auto compiled = compile(*config, options_.engine.matcher_mode);
  if (!compiled) {
    findings = std::move(compiled).error();
    return fail(config::to_error(findings));
  }
  findings = config->warnings;
  findings.insert(findings.end(), compiled->warnings.begin(),
                  compiled->warnings.end());
  auto loaded = std::make_shared<const Loaded>(
      Loaded{.config = std::move(*config), .compiled = std::move(*compiled)});
  {
    const std::lock_guard lock(mutex_);
    engine_.set_plan(loaded->compiled.plan, loaded->compiled.inhibit_rules,
                     now());
    loaded_ = loaded;
  }
  good.set(1);
  registry_
      .gauge("alertmanager_config_last_reload_success_timestamp_seconds",
             "Timestamp of the last successful configuration reload.")
      .set(static_cast<double>(clock_.wall_ms()) / 1000);
  registry_.gauge("alertmanager_receivers", "Number of configured receivers.")
      .set(static_cast<double>(loaded->config.receivers.size()));
  registry_
      .gauge("alertmanager_integrations", "Number of configured integrations.")
      .set(static_cast<double>(loaded->compiled.integrations));
  registry_
      .gauge("alertmanager_inhibition_rules",
             "Number of configured inhibition rules.")
      .set(static_cast<double>(loaded->compiled.inhibit_rules.size()));
  wake();
  return {};
}

std::shared_ptr<const Loaded> Service::loaded() const {
  const std::lock_guard lock(mutex_);
  return loaded_;
}

void Service::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_.get(), &one, sizeof one);
}

void Service::turn(std::int64_t timeout_ms, const std::vector<int>& wake_fds) {
  std::vector<Delivery> deliveries;
  std::int64_t due_ms = 0;
  {
    const std::lock_guard lock(mutex_);
    deliveries = engine_.advance(now());
    due_ms = engine_.next_due_ms();
  }
  for (Delivery& delivery : deliveries) send(std::move(delivery));

  std::int64_t wait = timeout_ms < 0 ? kTurnMs : std::min(timeout_ms, kTurnMs);
  const std::int64_t now_ms = now().steady_ms;
  wait = due_ms <= now_ms ? 0 : std::min(wait, due_ms - now_ms);
  if (!ended_.empty()) wait = 0;
  std::vector<int> fds = wake_fds;
  fds.push_back(wake_.get());
  fds.push_back(blocking_.fd());
  client_.perform(static_cast<int>(wait), fds);
  std::uint64_t wakes = 0;
  [[maybe_unused]] const ssize_t got = read(wake_.get(), &wakes, sizeof wakes);
  blocking_.collect();
  for (const Ended& ended : std::exchange(ended_, {})) take(ended);
}

void Service::send(Delivery delivery) {
  ++sending_;
  const std::shared_ptr<const Loaded> in_force = loaded();
  Transport transport{.client = client_,
                      .templates = *in_force->compiled.templates,
                      .external_url = options_.external_url,
                      .blocking = blocking_};
  const std::int64_t begun_ms = now().steady_ms;
  const Integration& integration = *delivery.integration;
  const Notification& notification = *delivery.notification;
  integration.notifier->send(
      notification, transport,
      [this, begun_ms, delivery = std::move(delivery)](Outcome outcome) {
        ended_.push_back({.delivery = delivery,
                          .outcome = std::move(outcome),
                          .took_ms = now().steady_ms - begun_ms});
      });
}

void Service::take(const Ended& ended) {
  --sending_;
  const Outcome& outcome = ended.outcome;
  const Labels kind{{"integration", ended.delivery.integration->kind}};
  registry_
      .counter("alertmanager_notification_requests_total",
               "The total number of attempted notification requests.", kind)
      .add();
  registry_
      .histogram("alertmanager_notification_latency_seconds",
                 "The latency of notifications in seconds.", {1, 5, 10, 15, 20},
                 kind)
      .observe(static_cast<double>(ended.took_ms) / 1000);
  registry_
      .counter("alertmanager_notifications_total",
               "The total number of attempted notifications.", kind)
      .add();
  if (!outcome.ok) {
    if (!outcome.retry) ++failed_;
    registry_
        .counter("alertmanager_notification_requests_failed_total",
                 "The total number of failed notification requests.", kind)
        .add();
    registry_
        .counter("alertmanager_notifications_failed_total",
                 "The total number of failed notifications.",
                 Labels{{"integration", ended.delivery.integration->kind},
                        {"reason", outcome.reason}})
        .add();
    os::log_warn("notification failed",
                 {{"receiver", ended.delivery.notification->receiver},
                  {"integration", ended.delivery.integration->key()},
                  {"retry", outcome.retry ? "true" : "false"},
                  {"err", outcome.error}});
  }
  if (history_)
    history_->add(ended.delivery, outcome, clock_.wall_ms(), ended.took_ms);
  const std::lock_guard lock(mutex_);
  if (Status kept = engine_.finish(ended.delivery.id, outcome, now()); !kept)
    os::log_error("state is not kept", {{"err", kept.error().message}});
}

// Values that the engine knows are asked for when the text is written.
void Service::describe_metrics() {
  registry_
      .gauge("alertmanager_build_info",
             "A metric with a constant '1' value labeled by version.",
             Labels{{"version", PROM_VERSION}})
      .set(1);
  registry_.gauge("alertmanager_cluster_enabled",
                  "Indicates whether the clustering is enabled or not.");
  const auto gauge = [&](std::string_view name, std::string_view help,
                         const Labels& labels, auto read) {
    registry_.gauge_from(name, help, labels, [this, read] {
      return static_cast<double>(look(read));
    });
  };
  for (const bool suppressed : {false, true})
    gauge("alertmanager_alerts", "How many alerts by state.",
          Labels{{"state", suppressed ? "suppressed" : "active"}},
          [suppressed](const Engine& engine, Now at) {
            return count_in_state(engine, at, suppressed);
          });
  for (const SilenceState state :
       {SilenceState::kActive, SilenceState::kPending, SilenceState::kExpired})
    gauge("alertmanager_silences", "How many silences by state.",
          Labels{{"state", to_string(state)}},
          [state](const Engine& engine, Now at) {
            const auto& all = engine.silences().all();
            return std::count_if(all.begin(), all.end(), [&](const auto& s) {
              return s.second.state_at(at.wall_ms) == state;
            });
          });
  gauge("alertmanager_dispatcher_aggregation_groups",
        "Number of active aggregation groups", {},
        [](const Engine& engine, Now) {
          return engine.dispatcher().groups().size();
        });
  gauge("prom_alert_state_bytes", "Size of the state on disk.", {},
        [](const Engine& engine, Now) -> std::uint64_t {
          return engine.state() == nullptr ? 0 : engine.state()->size();
        });
  gauge("prom_alert_deliveries_open",
        "Notifications on their way or waiting to be repeated.", {},
        [](const Engine& engine, Now) {
          return engine.dispatcher().open_deliveries();
        });
  const auto suppressed = [&](std::string_view reason,
                              std::uint64_t DispatchCounters::* field) {
    registry_.counter_from(
        "alertmanager_notifications_suppressed_total",
        "The total number of notifications suppressed for being silenced, "
        "inhibited, outside of active time intervals or within muted time "
        "intervals.",
        Labels{{"reason", reason}}, [this, field] {
          return look([&](const Engine& engine, Now) {
            return static_cast<double>(engine.dispatcher().counters().*field);
          });
        });
  };
  suppressed("inhibition", &DispatchCounters::suppressed_by_inhibition);
  suppressed("silence", &DispatchCounters::suppressed_by_silence);
  suppressed("mute_time_interval",
             &DispatchCounters::suppressed_by_mute_interval);
  suppressed("active_time_interval",
             &DispatchCounters::suppressed_by_active_interval);
  registry_.counter_from(
      "prom_alert_notifications_given_up_total",
      "Notifications that no attempt of a day could deliver.", {}, [this] {
        return look([](const Engine& engine, Now) {
          return static_cast<double>(engine.dispatcher().counters().given_up);
        });
      });
}

}  // namespace prom::alert
