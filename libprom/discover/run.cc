#include "libprom/discover/run.h"

#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "libprom/base/checksum.h"
#include "libprom/base/suggest.h"
#include "libprom/base/utf8.h"
#include "libprom/cli/diagnostics.h"
#include "libprom/config/load.h"
#include "libprom/config/watch.h"
#include "libprom/discover/output.h"
#include "libprom/os/log.h"
#include "libprom/service/service.h"

namespace prom::discover {
namespace {

using cli::Exit;

constexpr std::int64_t kSecondNs = 1'000'000'000;
// For file systems that tell no one about changes.
constexpr std::int64_t kConfigPollNs = 30 * kSecondNs;
constexpr std::int64_t kTurnNs = 5 * kSecondNs;

// A job and what was last written of it.
struct Running {
  Job job;
  std::uint64_t built_generation = UINT64_MAX;
  std::optional<std::uint64_t> written_hash = {};
  std::int64_t next_write_ns = 0;
};

bool is_pipe(int fd) {
  struct stat info{};
  return ::fstat(fd, &info) == 0 && S_ISFIFO(info.st_mode);
}

class Session {
 public:
  Session(const Options& options, cli::Io& io)
      : options_(options),
        io_(io),
        async_(client_, io.clock),
        surroundings_{async_, metrics_},
        service_("prom-discover", options.service, metrics_.registry,
                 io.clock) {}

  Exit run();

 private:
  Exit load();
  void replace_jobs(config::PrometheusConfig config);
  Status reload();
  bool handle_requests();
  Status write_changes();
  void write_job(Running& running);
  void wait();
  [[nodiscard]] bool reader_left() const;
  Exit run_once();
  Exit run_for_ever();
  Exit failures_exit();
  [[nodiscard]] std::int64_t now_ns() { return io_.clock.monotonic_ns(); }

  const Options& options_;
  cli::Io& io_;
  Metrics metrics_;
  http::Client client_;
  Async async_;
  Surroundings surroundings_;
  config::ConfigWatch config_watch_;
  std::map<std::string, Running> jobs_;
  std::int64_t config_due_ns_ = 0;
  service::Service service_;  // uses those above
};

Exit Session::load() {
  config_watch_.begin_load(options_.config_file);
  auto config = config::load_prometheus(options_.config_file);
  if (!config) {
    const Error error = config::to_error(config.error());
    cli::show(config.error(), io_.err, io_.color);
    return cli::exit_for(error.code);
  }
  if (!config->warnings.empty())
    cli::show(config->warnings, io_.err, io_.color);
  config_watch_.watch(*config);
  std::vector<std::string> names;
  for (const config::ScrapeConfig& job : config->scrape_configs)
    names.push_back(job.job_name);
  if (!options_.job.empty() &&
      std::ranges::find(names, options_.job) == names.end()) {
    io_.complain("no job is called " + quote(options_.job) +
                 did_you_mean(options_.job, names));
    return Exit::kUsage;
  }
  replace_jobs(std::move(*config));
  return Exit::kOk;
}

void Session::replace_jobs(config::PrometheusConfig config) {
  std::map<std::string, Running> before = std::exchange(jobs_, {});
  for (config::ScrapeConfig& scrape : config.scrape_configs) {
    if (!options_.job.empty() && scrape.job_name != options_.job) continue;
    const std::string name = scrape.job_name;
    Running running{.job = Job(std::move(scrape), surroundings_)};
    if (const auto old = before.find(name); old != before.end()) {
      running.job.adopt(old->second.job);
      running.written_hash = old->second.written_hash;
      before.erase(old);
    }
    jobs_.emplace(name, std::move(running)).first->second.job.start();
  }
  for (auto& [name, gone] : before) {
    // Its targets end now.
    if (gone.written_hash)
      io_.out.write(config::to_json({.job = name, .targets = {}}) + "\n");
    metrics_.forget(name);
  }
}

Status Session::reload() {
  config_watch_.begin_load(options_.config_file);
  auto config = config::load_prometheus(options_.config_file);
  if (!config) {
    for (const Diagnostic& finding : config.error())
      os::log_error("configuration", {{"err", finding.to_string()}});
    return fail(config::to_error(config.error()));
  }
  config_watch_.watch(*config);
  replace_jobs(std::move(*config));
  return {};
}

// False when it is time to end.
bool Session::handle_requests() {
  while (const auto asked = service_.next_request()) {
    if (*asked == service::Request::kStop) return false;
    service_.reload([this] { return reload(); });
    // There may be a new reader, who knows no target yet.
    for (auto& [name, running] : jobs_) {
      running.built_generation = UINT64_MAX;
      running.written_hash.reset();
      running.next_write_ns = 0;
    }
  }
  return true;
}

void Session::write_job(Running& running) {
  const BuiltSet built = running.job.build();
  running.built_generation = running.job.generation();
  metrics_.discovered(running.job.name(), built.set.targets.size(),
                      built.set.dropped, built.invalid);
  if (built.invalid != 0)
    os::log_error("targets left out", {{"job", running.job.name()},
                                       {"count", std::to_string(built.invalid)},
                                       {"err", built.first_error}});
  const std::string line = config::to_json(built.set);
  const std::uint64_t hash = hash64(line);
  if (running.written_hash == hash) return;
  running.written_hash = hash;
  running.next_write_ns = now_ns() + options_.batch_ms * kMillisecondNs;
  metrics_.updated();
  io_.out.write(line + "\n");
}

Status Session::write_changes() {
  for (auto& [name, running] : jobs_) {
    if (running.job.is_settled() &&
        running.job.generation() != running.built_generation &&
        running.next_write_ns <= now_ns())
      write_job(running);
  }
  return io_.out.flush();
}

void Session::wait() {
  std::int64_t until_ns = std::min(
      {now_ns() + kTurnNs, config_due_ns_, service_.due_ns(), async_.due_ns()});
  std::vector<int> fds = {async_.fd()};
  if (service_.fd() >= 0) fds.push_back(service_.fd());
  if (config_watch_.fd() >= 0) fds.push_back(config_watch_.fd());
  if (is_pipe(io_.out.fd())) fds.push_back(io_.out.fd());
  for (const auto& [name, running] : jobs_) {
    if (running.job.generation() != running.built_generation)
      until_ns =
          std::min(until_ns, std::max(running.next_write_ns, now_ns() + 1));
  }
  const std::int64_t wait_ms =
      std::max<std::int64_t>(until_ns - now_ns() + kMillisecondNs - 1, 0) /
      kMillisecondNs;
  client_.perform(static_cast<int>(wait_ms), fds);
  async_.run_ready();
}

// A pipe without a reader: nobody will ever read another line.
bool Session::reader_left() const {
  pollfd state{.fd = io_.out.fd(), .events = 0, .revents = 0};
  return is_pipe(io_.out.fd()) && ::poll(&state, 1, 0) > 0 &&
         (state.revents & (POLLERR | POLLHUP)) != 0;
}

// After a single run: what could not be found out decides.
Exit Session::failures_exit() {
  Exit exit = Exit::kOk;
  for (const auto& [name, running] : jobs_) {
    for (const Job::Failure& failure : running.job.failures()) {
      if (failure.mechanism != "file") exit = Exit::kUnavailable;
      if (exit == Exit::kOk) exit = Exit::kBadData;
    }
  }
  return exit;
}

Exit Session::run_once() {
  const auto all_settled = [&] {
    return std::ranges::all_of(
        jobs_, [](const auto& entry) { return entry.second.job.is_settled(); });
  };
  config_due_ns_ = kNeverNs;
  while (!all_settled()) wait();
  std::vector<config::TargetSet> sets;
  for (auto& [name, running] : jobs_) {
    if (options_.trace_relabel) {
      trace_relabelling(running.job, io_.out, io_.color);
    } else if (options_.output == "file_sd") {
      sets.push_back(running.job.build().set);
    } else {
      write_job(running);
    }
  }
  if (!options_.trace_relabel && options_.output == "file_sd")
    io_.out.write(to_file_sd(sets));
  service_.write_metrics();
  return failures_exit();
}

Exit Session::run_for_ever() {
  Status started = service_.take_signals();
  if (started) started = service_.listen();
  if (!started) {
    io_.complain(started.error().message);
    return cli::exit_for(started.error().code);
  }
  config_due_ns_ = now_ns() + kConfigPollNs;
  bool is_ready = false;
  while (handle_requests()) {
    const Status written = write_changes();
    service_.turn();
    if (!std::exchange(is_ready, true)) service_.ready();
    if (!written || reader_left()) break;
    wait();
    const bool look = config_due_ns_ <= now_ns();
    pollfd changed{.fd = config_watch_.fd(), .events = POLLIN, .revents = 0};
    if (look || ::poll(&changed, 1, 0) > 0) {
      config_due_ns_ = now_ns() + kConfigPollNs;
      if (config_watch_.changed()) service_.reload([this] { return reload(); });
    }
  }
  service_.stop();
  service_.write_metrics();
  return Exit::kOk;
}

Exit Session::run() {
  if (const Exit exit = load(); exit != Exit::kOk) return exit;
  service_.loaded(true);
  const bool once =
      options_.once || options_.trace_relabel || options_.output == "file_sd";
  return once ? run_once() : run_for_ever();
}

}  // namespace

cli::Exit run(const Options& given, cli::Io& io) {
  Options options = given;
  Status usable = service::resolve(options.service);
  if (options.config_file.empty()) {
    usable = fail(Code::kUsage, "--config.file is required");
  } else if (options.output != "jsonl" && options.output != "file_sd") {
    usable = fail(Code::kUsage,
                  "-o must be jsonl or file_sd, not " + quote(options.output));
  }
  if (!usable) {
    io.complain(usable.error().message);
    return Exit::kUsage;
  }
  return Session(options, io).run();
}

}  // namespace prom::discover
