#include "libprom/rules/run_command.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <mutex>
#include <optional>
#include <span>

#include "libprom/cli/diagnostics.h"
#include "libprom/config/load.h"
#include "libprom/os/file.h"
#include "libprom/os/lock.h"
#include "libprom/os/log.h"
#include "libprom/query/store_source.h"
#include "libprom/rules/check_command.h"
#include "libprom/rules/eval_command.h"
#include "libprom/rules/load.h"
#include "libprom/rules/manager.h"
#include "libprom/rules/notifier.h"
#include "libprom/rules/sample_output.h"
#include "libprom/service/service.h"

namespace prom::rules {
namespace {

using cli::Exit;

constexpr int kTurnMs = 1000;
constexpr std::int64_t kTargetsEveryNs = 30'000'000'000;
constexpr std::int64_t kCloseMs = 5000;

bool is_url(std::string_view text) {
  return text.starts_with("http://") || text.starts_with("https://");
}

// A descriptor to write to: standard output, or a file at its end.
Result<os::Fd> open_output(const std::string& name) {
  const int fd = name == "-"
                     ? ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
                     : ::open(name.c_str(),
                              O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (fd < 0) return fail(os::system_error("open " + name, errno));
  return os::Fd(fd);
}

class Daemon {
 public:
  Daemon(const RunOptions& options, cli::Io& io)
      : options_(options),
        io_(io),
        service_("prom-rules", options.service, registry_, io.clock) {}
  Exit run();

 private:
  Status start();
  Status load(bool at_start);
  void load_saved_state();
  Result<std::shared_ptr<const query::Source>> open_source() const;
  void notify(const Rule& rule, const std::vector<Alert>& alerts);
  void refresh_targets();
  bool handle_requests();
  void save();
  void loop();
  Exit end();

  const RunOptions& options_;
  cli::Io& io_;
  exposition::Registry registry_;
  std::string store_;
  std::string state_path_;
  std::optional<os::FileLock> state_lock_;
  os::Fd samples_fd_;
  os::Fd alerts_fd_;
  std::mutex config_mutex_;  // guards config_ and writing to alerts_fd_
  config::PrometheusConfig config_;
  std::int64_t targets_read_ns_ = 0;
  std::optional<SampleOutput> output_;
  std::optional<Notifier> notifier_;
  std::optional<Manager> manager_;  // uses those above
  service::Service service_;        // likewise
};

Status Daemon::load(bool at_start) {
  config::PrometheusConfig config;
  if (!options_.config_file.empty()) {
    auto loaded = config::load_prometheus(options_.config_file);
    if (!loaded) {
      if (at_start) cli::show(loaded.error(), io_.err, io_.color);
      return fail(config::to_error(loaded.error()));
    }
    config = std::move(*loaded);
  }
  const auto paths = rule_paths(options_.files, options_.config_file);
  if (!paths) return fail(paths.error());
  const LoadedRules rules =
      load_rule_files(*paths,
                      {.interval_ms = config.global.evaluation_interval_ms,
                       .query_offset_ms = config.global.rule_query_offset_ms,
                       .parse = parse_options(options_.features)},
                      false, config.global.validation);
  if (rules.has_errors()) {
    if (at_start) cli::show(rules.all_errors(), io_.err, io_.color);
    return fail(to_error(rules.all_errors()));
  }
  const Labels external_labels = config.global.external_labels;
  {
    const std::lock_guard lock(config_mutex_);
    config_ = std::move(config);
  }
  refresh_targets();
  manager_->set_groups(rules.groups, external_labels);
  os::log_info("rules loaded",
               {{"groups", std::to_string(rules.groups.size())}});
  return {};
}

void Daemon::refresh_targets() {
  if (!notifier_) return;
  targets_read_ns_ = io_.clock.monotonic_ns();
  if (is_url(options_.alerts)) {
    notifier_->set_targets({alertmanager_at(options_.alerts)});
    return;
  }
  std::vector<std::string> problems;
  const std::lock_guard lock(config_mutex_);
  notifier_->set_targets(alertmanager_targets(config_.alerting, problems));
  for (const std::string& problem : problems)
    os::log_warn("alertmanager targets", {{"err", problem}});
}

Result<std::shared_ptr<const query::Source>> Daemon::open_source() const {
  // A store that nobody writes to answers as if all targets were gone; rules
  // must not take that for the truth.
  if (!options_.without_writer) {
    const auto held = os::FileLock::is_held(store_ + "/LOCK");
    if (held && !*held)
      return fail(Code::kUnavailable,
                  "nothing writes to " + store_ +
                      " now; alerts keep their states until prom-store is "
                      "back");
  }
  auto source = query::StoreSource::open(store_);
  if (!source) return fail(std::move(source).error());
  return std::shared_ptr<const query::Source>(std::move(*source));
}

void Daemon::notify(const Rule& rule, const std::vector<Alert>& alerts) {
  std::vector<OutgoingAlert> ready;
  const std::lock_guard lock(config_mutex_);
  for (const Alert& alert : alerts) {
    auto out = outgoing(alert, rule.expression.printed, options_.external_url,
                        config_.global.external_labels,
                        config_.alerting.alert_relabel_configs);
    if (out) ready.push_back(std::move(*out));
  }
  if (notifier_) {
    notifier_->push(ready);
    return;
  }
  os::Output lines(alerts_fd_.get());
  for (const OutgoingAlert& alert : ready) {
    std::string line;
    append_json(line, alert);
    lines.write(line + "\n");
  }
  if (auto done = lines.flush(); !done)
    os::log_error("writing alerts failed", {{"err", done.error().message}});
}

void Daemon::load_saved_state() {
  auto saved = SavedState::load(state_path_);
  if (saved) {
    manager_->set_saved(std::move(*saved));
  } else if (saved.error().code != Code::kMissing) {
    // Alerts begin anew, or from ALERTS_FOR_STATE; better than not at all.
    os::log_error("the saved state is not usable",
                  {{"err", saved.error().message}});
  }
}

Status Daemon::start() {
  if (auto done = service_.take_signals(); !done) return done;
  store_ = store_path(options_.store);
  state_path_ = state_path(options_.state, store_);
  auto lock = os::FileLock::acquire(state_path_ + ".lock");
  if (!lock) return fail(std::move(lock).error());
  state_lock_.emplace(std::move(*lock));
  auto samples = open_output(options_.samples);
  if (!samples) return fail(std::move(samples).error());
  samples_fd_ = std::move(*samples);
  output_.emplace(samples_fd_.get(), options_.wire,
                  io_.clock.wall_ms() * 1'000'000);
  registry_.counter_from(
      "prom_rules_samples_dropped_total",
      "Samples that were not written: the reader is slow, or histograms are "
      "invalid.",
      {}, [this] { return static_cast<double>(output_->samples_dropped()); });
  if (options_.alerts.empty() || is_url(options_.alerts)) {
    notifier_.emplace(
        Notifier::Options{.queue_alerts_max = static_cast<std::size_t>(
                              options_.queue_capacity)},
        registry_);
  } else {
    auto alerts = open_output(options_.alerts);
    if (!alerts) return fail(std::move(alerts).error());
    alerts_fd_ = std::move(*alerts);
  }
  Manager::Options manager;
  manager.open_source = [this] { return open_source(); };
  manager.record = [this](std::uint64_t rule, std::span<const Sample> all) {
    output_->add(rule, all);
  };
  manager.notify = [this](const Rule& rule, const std::vector<Alert>& alerts) {
    notify(rule, alerts);
  };
  manager.engine.parse = parse_options(options_.features);
  for (const std::string& feature : options_.features)
    manager.engine.enable(feature);
  manager.external_url = options_.external_url;
  manager.resend_delay_ms = options_.resend_delay_ms;
  manager.restore = {.outage_tolerance_ms = options_.outage_tolerance_ms,
                     .for_grace_ms = options_.for_grace_ms};
  manager.threads = static_cast<unsigned>(options_.concurrent_evals);
  manager_.emplace(std::move(manager), io_.clock, registry_);
  load_saved_state();
  if (auto done = load(true); !done) return done;
  service_.loaded(true);
  return service_.listen();
}

bool Daemon::handle_requests() {
  while (const auto asked = service_.next_request()) {
    if (*asked == service::Request::kStop) return false;
    service_.reload([this] { return load(false); });
  }
  return true;
}

void Daemon::save() {
  const std::string text = manager_->take_state();
  if (text.empty()) return;
  auto done = save_state(os::real_file_system(), state_path_, text);
  if (!done) os::log_error("saving failed", {{"err", done.error().message}});
}

void Daemon::loop() {
  while (handle_requests() && output_->status()) {
    std::array<pollfd, 2> ready = {
        pollfd{.fd = service_.fd(), .events = POLLIN, .revents = 0},
        pollfd{.fd = output_->failure_fd(), .events = POLLIN, .revents = 0}};
    (void)::poll(ready.data(), ready.size(), kTurnMs);
    save();
    service_.turn();
    if (io_.clock.monotonic_ns() - targets_read_ns_ > kTargetsEveryNs)
      refresh_targets();
  }
}

Exit Daemon::end() {
  service_.stop();
  save();
  manager_.reset();
  notifier_.reset();  // sends what is queued
  const Status written = output_->close(kCloseMs);
  service_.write_metrics();
  if (written || output_->reader_gone()) return Exit::kOk;
  io_.complain(written.error().message);
  return cli::exit_for(written.error().code);
}

Exit Daemon::run() {
  if (auto done = start(); !done) {
    manager_.reset();
    io_.complain(done.error().message);
    return cli::exit_for(done.error().code);
  }
  service_.ready();
  loop();
  return end();
}

}  // namespace

cli::Exit run(const RunOptions& given, cli::Io& io) {
  RunOptions options = given;
  Status usable = service::resolve(options.service);
  if (options.files.empty() && options.config_file.empty()) {
    usable = fail(Code::kUsage, "--config.file or FILE is needed");
  } else if (options.samples == "-" && options.alerts == "-") {
    usable = fail(Code::kUsage, "only one of --samples and --alerts can be -");
  }
  if (!usable) {
    io.complain(usable.error().message);
    return Exit::kUsage;
  }
  return Daemon(options, io).run();
}

}  // namespace prom::rules
