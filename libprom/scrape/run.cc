#include "libprom/scrape/run.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <map>

#include "libprom/base/utf8.h"
#include "libprom/config/watch.h"
#include "libprom/os/host.h"
#include "libprom/os/log.h"
#include "libprom/scrape/failure_log.h"
#include "libprom/scrape/jobs.h"
#include "libprom/scrape/metrics.h"
#include "libprom/scrape/recording.h"
#include "libprom/scrape/replay.h"
#include "libprom/scrape/scraper.h"
#include "libprom/scrape/sender.h"
#include "libprom/scrape/target_input.h"
#include "libprom/scrape/targets_page.h"
#include "libprom/service/service.h"

namespace prom::scrape {
namespace {

using cli::Exit;

constexpr int kTurnMs = 5000;  // at most, so that the metrics file stays fresh
constexpr std::size_t kDescriptorsSpare = 64;
constexpr std::string_view kDefaultJob = "scrape";
constexpr std::size_t kUnclaimedJobsMax = 1000;

// As many connections as the system lets us have at most.
std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
  (void)::getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<std::size_t>(limit.rlim_cur);
}

bool is_stream(int fd) {
  struct stat info{};
  return ::fstat(fd, &info) == 0 &&
         (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode) ||
          S_ISREG(info.st_mode));
}

Result<http::AddressPolicy> address_policy(const Options& options) {
  http::AddressPolicy policy;
  for (const std::string& range : options.allow)
    if (auto ok = policy.allow(range); !ok)
      return fail(std::move(ok).error().in("--allow-address"));
  for (const std::string& range : options.deny)
    if (auto ok = policy.deny(range); !ok)
      return fail(std::move(ok).error().in("--deny-address"));
  return policy;
}

// One run of the tool.
class Session {
 public:
  Session(const Options& options, cli::Io& io)
      : options_(options),
        io_(io),
        service_("prom-scrape", options.service, metrics_.registry, io.clock) {}

  Exit run();

 private:
  Status check() const;
  Status load_jobs();
  Status open_targets();
  Status start();
  void loop();
  void take_targets(const config::TargetSet& set);
  void claim_targets();
  Status start_recording();
  void reload_when_changed();
  void on_outcome(const Outcome& outcome);
  Status reload();
  bool handle_requests();
  Exit end();
  [[nodiscard]] bool has_count() const { return options_.count > 0; }

  const Options& options_;
  cli::Io& io_;
  Metrics metrics_;
  FailureLogs failure_logs_;
  std::vector<JobPointer> jobs_;
  Labels external_labels_;
  std::vector<int> wake_fds_;  // reused each turn
  os::Fd targets_file_;
  std::optional<TargetInput> input_;
  std::optional<Sender> sender_;
  std::optional<RecordingWriter> recording_;
  std::optional<Scraper> scraper_;
  // Target sets of jobs that the configuration does not have, or not yet.
  std::map<std::string, config::TargetSet> unclaimed_;
  config::ConfigWatch watch_;
  TargetsPage page_;
  bool stopping_ = false;
  service::Service service_;  // uses those above
};

Status Session::check() const {
  if (!options_.urls.empty() &&
      (!options_.config_file.empty() || !options_.targets.empty()))
    return fail(Code::kUsage, "either URLs or a configuration and targets");
  if (options_.interval_ms > 0 && options_.timeout_ms > options_.interval_ms)
    return fail(Code::kUsage, "--timeout is longer than --interval");
  if (options_.urls.empty() && options_.config_file.empty() &&
      options_.targets.empty() && !is_stream(io_.in_fd))
    return fail(Code::kUsage, "no URL, no configuration and no targets");
  if (options_.native_histograms && !options_.config_file.empty())
    return fail(Code::kUsage,
                "--native-histograms is for URLs; a configuration says it "
                "with scrape_native_histograms");
  return {};
}

Status Session::load_jobs() {
  if (options_.config_file.empty()) return {};
  watch_.begin_load(options_.config_file);
  auto loaded = scrape::load_jobs(options_);
  if (!loaded) return fail(std::move(loaded).error());
  watch_.watch(loaded->config);
  jobs_ = std::move(loaded->jobs);
  external_labels_ = std::move(loaded->config.global.external_labels);
  return {};
}

Status Session::open_targets() {
  if (!options_.urls.empty()) {
    config::TargetSet set{
        .job = options_.job.empty() ? std::string(kDefaultJob) : options_.job,
        .targets = {}};
    for (const std::string& url : options_.urls) {
      auto target = target_of_argument(url, set.job);
      if (!target) return fail(std::move(target).error());
      target->scrape_native_histograms = options_.native_histograms;
      set.targets.push_back(*std::move(target));
    }
    take_targets(set);
    return {};
  }
  const bool from_stdin = options_.targets == "-" ||
                          (options_.targets.empty() && is_stream(io_.in_fd));
  if (from_stdin) {
    input_.emplace(io_.in_fd);
  } else if (!options_.targets.empty()) {
    targets_file_ =
        os::Fd(::open(options_.targets.c_str(), O_RDONLY | O_CLOEXEC));
    if (!targets_file_.valid())
      return fail(os::system_error(options_.targets, errno));
    input_.emplace(targets_file_.get());
  } else {
    std::vector<std::string> arguments = {"--config.file",
                                          options_.config_file};
    if (!options_.job.empty())
      arguments.insert(arguments.end(), {"--job", options_.job});
    if (has_count()) arguments.emplace_back("--once");
    auto discover = TargetInput::discover(std::move(arguments));
    if (!discover) return fail(std::move(discover).error());
    input_.emplace(*std::move(discover));
  }
  return {};
}

void Session::take_targets(const config::TargetSet& set) {
  if (!options_.job.empty() && set.job != options_.job) return;
  // Without a configuration every job has the same settings.
  if (options_.config_file.empty() &&
      std::ranges::none_of(jobs_, [&](const JobPointer& job) {
        return job->config.job_name == set.job;
      })) {
    jobs_.push_back(
        std::make_shared<const Job>(default_config(options_, set.job)));
    scraper_->set_jobs(jobs_);
  }
  if (auto ok = scraper_->set_targets(set); !ok) {
    // prom-discover may have read a new configuration before us.
    if (unclaimed_.size() < kUnclaimedJobsMax || unclaimed_.contains(set.job))
      unclaimed_[set.job] = set;
    os::log_warn("targets of an unknown job", {{"err", ok.error().message}});
  }
}

// Targets of jobs that were not known before.
void Session::claim_targets() {
  for (const auto& [job, set] : std::exchange(unclaimed_, {}))
    take_targets(set);
}

Status Session::start() {
  auto policy = address_policy(options_);
  if (!policy) return fail(std::move(policy).error());
  if (auto ok = service_.take_signals(); !ok) return ok;
  if (auto ok = load_jobs(); !ok) return ok;
  service_.loaded(true);

  sender_.emplace(io_.out.fd(),
                  Sender::Options{.format = options_.wire ? StreamFormat::kWire
                                                          : StreamFormat::kText,
                                  .queue_bytes_max = options_.queue_bytes_max});
  metrics_.registry.counter_from(
      "prom_scrape_dropped_total",
      "Scrapes that were dropped before they were written.",
      {{"reason", "store_slow"}},
      [this] { return static_cast<double>(sender_->scrapes_dropped()); });
  metrics_.registry.counter_from(
      "prom_scrape_written_bytes_total", "Bytes written to the output.", {},
      [this] { return static_cast<double>(sender_->bytes_written()); });
  metrics_.registry.gauge_from(
      "prom_scrape_queue_bytes", "Memory of scrapes not yet written.", {},
      [this] { return static_cast<double>(sender_->queue_bytes()); });

  if (auto ok = start_recording(); !ok) return ok;
  const std::size_t descriptors = raise_descriptor_limit();
  const std::string run_dir = options_.service.run_dir;
  scraper_.emplace(
      Scraper::Options{
          .count = options_.count,
          .seed = offset_seed(os::kernel_name().node, external_labels_),
          .addresses = *std::move(policy),
          // Whoever types a path may read it; discovery may only
          // name the metrics files of our own tools.
          .file_directory = options_.urls.empty() ? run_dir : "/",
          .in_flight_max = descriptors > 2 * kDescriptorsSpare
                               ? descriptors - kDescriptorsSpare
                               : kDescriptorsSpare,
          .recorder = recording_ ? &*recording_ : nullptr},
      io_.clock, metrics_,
      [this](Batch batch) { sender_->push(std::move(batch)); },
      [this](const Outcome& outcome) { on_outcome(outcome); });
  scraper_->set_jobs(jobs_);
  if (auto ok = open_targets(); !ok) return ok;
  const auto page = [this](const http::ServerRequest& request) {
    return page_.answer(request);
  };
  if (auto ok = service_.listen(page); !ok) return ok;
  // A few scrapes of some URLs beside the service are not worth a socket.
  if (!has_count() && options_.urls.empty()) service_.listen_locally(page);
  return {};
}

Status Session::start_recording() {
  if (options_.record.empty()) return {};
  auto recording = RecordingWriter::create(options_.record);
  if (!recording) return fail(std::move(recording).error().in("--record"));
  recording_.emplace(*std::move(recording));
  return {};
}

void Session::on_outcome(const Outcome& outcome) {
  if (outcome.error != nullptr) {
    for (const JobPointer& job : jobs_)
      if (job->config.job_name == outcome.job)
        failure_logs_.write(job->config.scrape_failure_log_file,
                            io_.clock.wall_ms(), outcome.job, outcome.url,
                            outcome.error->message);
  }
  if (has_count()) {
    if (outcome.error != nullptr)
      io_.complain(outcome.url + ": " + outcome.error->message);
    return;
  }
  if (!outcome.changed) return;
  if (outcome.error != nullptr) {
    os::log_warn("target is down", {{"job", outcome.job},
                                    {"target", outcome.url},
                                    {"err", outcome.error->message}});
  } else {
    os::log_info("target is back",
                 {{"job", outcome.job}, {"target", outcome.url}});
  }
}

Status Session::reload() {
  if (auto ok = load_jobs(); !ok) return ok;
  scraper_->set_jobs(jobs_);
  claim_targets();
  failure_logs_.reopen();
  if (input_) input_->signal(SIGHUP);
  return {};
}

// False when it is time to end.
bool Session::handle_requests() {
  while (const auto asked = service_.next_request()) {
    if (*asked == service::Request::kStop) return false;
    service_.reload([this] { return reload(); });
    sender_->resync();
  }
  return true;
}

void Session::reload_when_changed() {
  pollfd changed{.fd = watch_.fd(), .events = POLLIN, .revents = 0};
  if (watch_.fd() < 0 || ::poll(&changed, 1, 0) <= 0 || !watch_.changed())
    return;
  service_.reload([this] { return reload(); });
}

void Session::loop() {
  while (handle_requests()) {
    service_.turn();
    const bool input_open = input_ && input_->fd() >= 0;
    if (!sender_->status() || (!input_open && scraper_->finished())) return;
    wake_fds_ = {service_.fd(), sender_->failure_fd(), page_.fd()};
    if (watch_.fd() >= 0) wake_fds_.push_back(watch_.fd());
    if (input_open) wake_fds_.push_back(input_->fd());
    scraper_->turn(kTurnMs, wake_fds_);
    page_.serve([this] { return scraper_->snapshot(); });
    reload_when_changed();
    pollfd readable{
        .fd = input_open ? input_->fd() : -1, .events = POLLIN, .revents = 0};
    if (::poll(&readable, 1, 0) > 0) {
      input_->read([this](const config::TargetSet& set) { take_targets(set); },
                   [](const Error& error) {
                     os::log_error("bad targets", {{"err", error.message}});
                   });
    }
  }
  stopping_ = true;
}

Exit Session::end() {
  page_.close();
  service_.stop();
  const Status written = sender_->close();
  service_.write_metrics();
  const Status recorded = recording_ ? recording_->close() : Status();
  if (!recorded) {
    io_.complain(recorded.error().message);
    return Exit::kIo;
  }
  if (!written && sender_->reader_gone()) return Exit::kOk;
  if (!written) {
    io_.complain(written.error().message);
    return Exit::kIo;
  }
  if (stopping_ || !has_count()) return Exit::kOk;
  if (input_) {
    if (const auto child = input_->wait_for_child(); child && *child != 0)
      return static_cast<Exit>(*child);
  }
  if (scraper_->target_count() == 0) {
    io_.complain("there are no targets");
    return Exit::kMissing;
  }
  return scraper_->scrapes_good() > 0 ? Exit::kOk : Exit::kUnavailable;
}

Exit Session::run() {
  if (auto ok = check(); !ok) {
    io_.complain(ok.error().message);
    io_.err.write("Try 'prom-scrape --help'.\n");
    return Exit::kUsage;
  }
  if (auto ok = start(); !ok) {
    io_.complain(ok.error().message);
    return cli::exit_for(ok.error().code);
  }
  service_.ready();
  loop();
  return end();
}

}  // namespace

Result<config::Target> target_of_argument(const std::string& argument,
                                          const std::string& job) {
  std::string url = argument;
  if (url.starts_with('/') || url.starts_with("./") || url.starts_with("../")) {
    url.insert(0, "file://");
  } else if (url.find("://") == std::string::npos) {
    url.insert(0, "http://");
  }
  const std::size_t authority = url.find("://") + 3;
  const std::string scheme = url.substr(0, authority - 3);
  if (scheme == "file") {
    return config::Target{
        .url = url,
        .labels = {{"job", job}, {"instance", url.substr(authority)}}};
  }
  const std::size_t path =
      std::min(url.find_first_of("/?#", authority), url.size());
  std::string host = url.substr(authority, path - authority);
  host.erase(0, host.rfind('@') + 1);  // npos + 1 is 0
  if ((scheme != "http" && scheme != "https") || host.empty()) {
    return fail(Code::kUsage,
                "\"" + printable(argument) +
                    "\" is no http or https URL, host:port or path");
  }
  if (path == url.size()) url += "/metrics";
  return config::Target{.url = url,
                        .labels = {{"job", job}, {"instance", host}}};
}

Exit run(const Options& given, cli::Io& io) {
  Options options = given;
  // A URL is scraped once unless something says otherwise.
  if (options.once ||
      (options.count == 0 && !options.urls.empty() && options.interval_ms == 0))
    options.count = 1;
  if (auto ok = service::resolve(options.service); !ok) {
    io.complain(ok.error().message);
    return Exit::kUsage;
  }
  if (!options.replay.empty()) {
    if (!options.urls.empty() || !options.targets.empty() ||
        !options.record.empty()) {
      io.complain("--replay takes its targets from the recording");
      return Exit::kUsage;
    }
    return replay(options, io);
  }
  return Session(options, io).run();
}

}  // namespace prom::scrape
