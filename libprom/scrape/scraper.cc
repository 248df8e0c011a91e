#include "libprom/scrape/scraper.h"

#include <algorithm>

#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/os/file.h"
#include "libprom/os/log.h"
#include "libprom/scrape/file_target.h"
#include "libprom/scrape/negotiate.h"
#include "libprom/scrape/scraper_internal.h"

namespace prom::scrape {
namespace {

constexpr std::int64_t kMillisecondNs = 1'000'000;
// Secrets are read again after so long: rotation needs no reload, and a
// thousand targets do not read the same file a thousand times.
constexpr std::int64_t kSettingsNs = 1'000'000'000;
// Bodies from here on are dealt with beside the event loop.
constexpr std::size_t kLaneBytesMin = 4U << 20U;
constexpr std::string_view kUserAgent =
    "Prometheus/3.14.0 prom-scrape/" PROM_VERSION;

std::string as_seconds(std::int64_t ms) {
  return format_float(static_cast<double>(ms) / 1e3);
}

}  // namespace

Scraper::Scraper(Options options, os::Clock& clock, Metrics& metrics, Sink sink,
                 Observer observer)
    : options_(std::move(options)),
      clock_(clock),
      metrics_(metrics),
      sink_(std::move(sink)),
      observer_(std::move(observer)),
      client_(options_.addresses) {}

Scraper::~Scraper() = default;

// --- jobs and targets

void Scraper::set_jobs(const std::vector<JobPointer>& jobs) {
  std::map<std::string, std::unique_ptr<JobState>> before =
      std::exchange(jobs_, {});
  for (const JobPointer& job : jobs) {
    auto& state = jobs_[job->config.job_name];
    state = std::make_unique<JobState>();
    state->job = job;
    if (const auto old = before.find(job->config.job_name);
        old != before.end()) {
      state->targets = old->second->targets;
      state->dropped = old->second->dropped;
      state->dropped_targets = std::move(old->second->dropped_targets);
      before.erase(old);
    }
  }
  for (const auto& [name, gone] : before) metrics_.remove_job(name);
  for (const auto& [source, target] : targets_) {
    const auto found = jobs_.find(target->job->config.job_name);
    if (found == jobs_.end()) {
      let_go(*target);
    } else if (target->state == Target::State::kActive) {
      add_or_update(target->spec, found->second->job);
    }
  }
}

Status Scraper::set_targets(const config::TargetSet& set) {
  const auto found = jobs_.find(set.job);
  if (found == jobs_.end())
    return fail(Code::kMissing, "no job \"" + printable(set.job) + "\"");
  JobState& state = *found->second;
  state.targets = set.targets.size();
  state.dropped = set.dropped;
  state.dropped_targets = set.dropped_targets;
  metrics_.set_targets(set.job, state.targets, state.job->limits.targets);
  if (state.targets > state.job->limits.targets) metrics_.target_limit.add();
  std::vector<std::uint64_t> kept;
  kept.reserve(set.targets.size());
  for (const config::Target& spec : set.targets) {
    kept.push_back(source_of(spec.labels, spec.url, set.job));
    add_or_update(spec, state.job);
  }
  std::ranges::sort(kept);
  for (const auto& [source, target] : targets_)
    if (target->job->config.job_name == set.job &&
        !std::ranges::binary_search(kept, source))
      let_go(*target);
  return {};
}

void Scraper::add_or_update(const config::Target& spec, const JobPointer& job) {
  const std::uint64_t source =
      source_of(spec.labels, spec.url, job->config.job_name);
  std::unique_ptr<Target>& target = targets_[source];
  const bool is_new = target == nullptr;
  if (is_new) target = std::make_unique<Target>(source, spec, job);
  if (target->job != job) {
    target->job = job;
    target->job_changed = true;
  }
  target->spec = spec;
  const std::int64_t interval_ms =
      spec.interval_ms > 0 ? spec.interval_ms : job->config.scrape_interval_ms;
  const std::int64_t timeout_ms =
      spec.timeout_ms > 0 ? spec.timeout_ms : job->config.scrape_timeout_ms;
  target->timeout_ms = std::min(timeout_ms, interval_ms);
  if (is_new || target->state == Target::State::kLeaving ||
      target->ticker.interval_ms() != interval_ms)
    start_schedule(*target, interval_ms);
}

void Scraper::start_schedule(Target& target, std::int64_t interval_ms) {
  target.state = Target::State::kActive;
  const std::int64_t now_ms = clock_.wall_ms();
  const std::int64_t delay_ms =
      options_.count > 0
          ? 0
          : first_delay_ms(now_ms, interval_ms, target.source, options_.seed);
  target.ticker = Ticker(interval_ms, delay_ms, now_ms, clock_.monotonic_ns());
  set_due(target, target.ticker.due_ns());
}

void Scraper::set_due(Target& target, std::int64_t due_ns) {
  if (target.due_ns >= 0) due_.erase({target.due_ns, target.source});
  target.due_ns = due_ns;
  if (due_ns >= 0) due_.insert({due_ns, target.source});
}

// The target may only be away for a moment, as when its discovery is
// restarted: its series end when two more intervals have passed without it.
void Scraper::let_go(Target& target) {
  if (target.state == Target::State::kLeaving) return;
  target.state = Target::State::kLeaving;
  if (target.request != 0) {
    client_.cancel(target.request);
    target.request = 0;
    target.in_flight = false;
  }
  const std::int64_t interval_ms = target.ticker.interval_ms();
  target.leaves_ms = target.ticker.due_wall_ms();
  set_due(target, target.ticker.due_ns() +
                      (interval_ms + interval_ms / 10) * kMillisecondNs);
}

void Scraper::remove_for_good(Target& target) {
  if (target.in_flight) {  // in the lane: look again soon
    set_due(target, clock_.monotonic_ns() + 100 * kMillisecondNs);
    return;
  }
  set_due(target, -1);
  Batch batch = target.sampler.finish_for_good(target.leaves_ms);
  batch.row.source = target.source;
  batch.row.sequence = ++target.sequence;
  if (target.scrapes > 0) sink_(std::move(batch));
  if (options_.recorder != nullptr) options_.recorder->forget(target.source);
  targets_.erase(target.source);
}

bool Scraper::finished() const {
  return options_.count > 0 &&
         std::ranges::all_of(targets_, [&](const auto& entry) {
           const Target& target = *entry.second;
           return !target.in_flight && target.scrapes >= options_.count;
         });
}

// --- the event loop

void Scraper::turn(int timeout_ms, std::vector<int> wake_fds) {
  wake_fds.push_back(lane_.fd());
  if (!due_.empty() && client_.active() < options_.in_flight_max) {
    const std::int64_t left_ns =
        std::max<std::int64_t>(due_.begin()->first - clock_.monotonic_ns(), 0);
    // At most an hour, which fits, and a moment late rather than early.
    const auto left_ms = static_cast<int>(std::min<std::int64_t>(
        (left_ns + kMillisecondNs - 1) / kMillisecondNs, 3'600'000));
    timeout_ms = timeout_ms < 0 ? left_ms : std::min(timeout_ms, left_ms);
  }
  client_.perform(timeout_ms, wake_fds);
  lane_.collect();
  run_due();
}

void Scraper::run_due() {
  while (!due_.empty() && client_.active() < options_.in_flight_max &&
         due_.begin()->first <= clock_.monotonic_ns()) {
    Target& target = *targets_.at(due_.begin()->second);
    if (target.state == Target::State::kLeaving) {
      remove_for_good(target);
      continue;
    }
    const std::int64_t t_ms =
        target.ticker.take(clock_.wall_ms(), clock_.monotonic_ns());
    // The last scrape is still running: this tick is left out.
    if (target.in_flight) {
      set_due(target, target.ticker.due_ns());
      continue;
    }
    target.t_ms = std::max(t_ms, target.t_ms + 1);
    const bool is_last =
        options_.count > 0 && target.scrapes + 1 >= options_.count;
    set_due(target, is_last ? -1 : target.ticker.due_ns());
    begin_scrape(target);
  }
}

// --- one scrape

void Scraper::begin_scrape(Target& target) {
  const std::int64_t now_ns = clock_.monotonic_ns();
  if (target.started_ns >= 0) {
    metrics_.observe_interval(target.ticker.interval_ms(),
                              now_ns - target.started_ns);
  }
  target.started_ns = now_ns;
  target.body_bytes = 0;
  target.recorded = false;
  if (std::exchange(target.job_changed, false)) target.sampler.forget_series();
  const JobState& state = *jobs_.at(target.job->config.job_name);
  if (state.targets > target.job->limits.targets) {
    target.sampler.take_failure();
    return finish_scrape(
        target,
        fail(Code::kLimit,
             "target_limit exceeded: " + std::to_string(state.targets) +
                 " of at most " + std::to_string(target.job->limits.targets)));
  }
  if (target.spec.url.starts_with(kFileScheme)) return read_file(target);
  auto request = request_for(target);
  if (!request) {
    target.sampler.take_failure();
    return finish_scrape(target, fail(std::move(request).error()));
  }
  target.in_flight = true;
  target.request = client_.start(
      *std::move(request),
      [this, source = target.source](Result<http::Response> response) {
        on_response(source, std::move(response));
      });
}

void Scraper::read_file(Target& target) {
  auto path = allowed_file(target.spec.url, options_.file_directory);
  Result<std::string> body =
      path ? os::read_file(*path, target.job->limits.body_bytes)
           : fail(std::move(path).error());
  if (!body) {
    target.sampler.take_failure();
    return finish_scrape(target, fail(std::move(body).error()));
  }
  const exposition::Format format = exposition::detect_format(*body);
  take_body(target, *std::move(body), format);
}

Result<const http::Settings*> Scraper::settings_of(JobState& state) {
  const std::int64_t now_ns = clock_.monotonic_ns();
  if (state.settings_until_ns < now_ns) {
    auto settings = http::settings(state.job->config.http);
    if (!settings) return fail(std::move(settings).error());
    state.settings = *std::move(settings);
    state.settings_until_ns = now_ns + kSettingsNs;
  }
  return &state.settings;
}

Result<http::Request> Scraper::request_for(const Target& target) {
  const Job& job = *target.job;
  auto settings = settings_of(*jobs_.at(job.config.job_name));
  if (!settings) return fail(std::move(settings).error());
  http::Request request{.url = target.spec.url,
                        .headers = (*settings)->headers,
                        .timeout_ms = target.timeout_ms,
                        .body_bytes_max = job.limits.body_bytes,
                        .accept_gzip = job.config.enable_compression,
                        .options = (*settings)->options};
  request.headers.emplace_back("Accept", job.accept);
  request.headers.emplace_back("User-Agent", kUserAgent);
  request.headers.emplace_back("X-Prometheus-Scrape-Timeout-Seconds",
                               as_seconds(target.timeout_ms));
  if (!target.spec.unix_socket.empty()) {
    auto options = std::make_shared<http::ClientOptions>(*request.options);
    options->unix_socket = target.spec.unix_socket;
    request.options = std::move(options);
  }
  return request;
}

void Scraper::on_response(std::uint64_t source,
                          Result<http::Response> response) {
  Target& target = *targets_.at(source);
  target.request = 0;
  Status status;
  if (!response) {
    status = fail(response.error());
    if (status.error().code == Code::kLimit) target.body_bytes = -1;
  } else if (response->status != 200) {
    status = fail(Code::kUnavailable, "server returned HTTP status " +
                                          printable(response->status_text));
  }
  if (!status) {
    target.sampler.take_failure();
    return finish_scrape(target, status);
  }
  auto format = format_of(response->header("content-type"),
                          target.job->config.fallback_scrape_protocol);
  take_body(target, std::move(response->body), std::move(format));
}

void Scraper::take_body(Target& target, std::string body,
                        Result<exposition::Format> format) {
  target.body_bytes = static_cast<double>(body.size());
  if (!format) {
    target.sampler.take_failure();
    return finish_scrape(target, fail(std::move(format).error()));
  }
  if (options_.recorder != nullptr) {
    body = record(target, {.format = *format, .body = std::move(body)});
    target.recorded = true;
  }
  if (body.size() < kLaneBytesMin) {
    return finish_scrape(
        target,
        target.sampler.take(std::move(body), *format, target.t_ms, *target.job,
                            histogram_options(target.spec)));
  }
  target.in_flight = true;
  // Shared by the two steps, of which the second ends with it.
  struct Work {
    std::string body;
    JobPointer job;
    exposition::HistogramOptions histograms;
    Status status;
  };
  auto work =
      std::make_shared<Work>(Work{.body = std::move(body),
                                  .job = target.job,
                                  .histograms = histogram_options(target.spec),
                                  .status = {}});
  lane_.start(
      [work, &target, format = *format] {
        work->status =
            target.sampler.take(std::move(work->body), format, target.t_ms,
                                *work->job, work->histograms);
      },
      [this, work, &target] { finish_scrape(target, work->status); });
}

// Gives the body back.
std::string Scraper::record(const Target& target, RecordedScrape scrape) {
  scrape.t_ms = target.t_ms;
  scrape.duration_ns = clock_.monotonic_ns() - target.started_ns;
  if (auto ok = options_.recorder->write(
          target.source, target.job->config.job_name, target.spec, scrape);
      !ok)
    os::log_error("the recording ends here", {{"err", ok.error().message}});
  return std::move(scrape.body);
}

void Scraper::finish_scrape(Target& target, const Status& status) {
  target.in_flight = false;
  ++target.scrapes;
  if (options_.recorder != nullptr && !status && !target.recorded)
    (void)record(target, {.error = status.error()});
  target.duration_seconds =
      static_cast<double>(clock_.monotonic_ns() - target.started_ns) / 1e9;
  target.last_error = status ? std::string() : status.error().message;
  const Report report{
      .up = status.has_value(),
      .duration_seconds = target.duration_seconds,
      .timeout_seconds = static_cast<double>(target.timeout_ms) / 1e3,
      .body_bytes = target.body_bytes};
  Batch batch = target.sampler.finish(report, target.t_ms, *target.job);
  batch.row.source = target.source;
  // Above all numbers that an earlier process used, and with room for the
  // frames of this batch.
  target.sequence =
      std::max(target.sequence + 2 + batch.loose.size(),
               static_cast<std::uint64_t>(clock_.wall_ms()) * kMillisecondNs);
  batch.row.sequence = target.sequence;

  const SampleCounts& counts = target.sampler.counts();
  target.done_ms = target.t_ms;
  target.samples = counts.scraped;
  metrics_.scrapes.add();
  metrics_.duplicates.add(static_cast<double>(counts.duplicates));
  metrics_.out_of_bounds.add(static_cast<double>(counts.out_of_bounds));
  metrics_.forced_flushes.add(
      static_cast<double>(target.sampler.forced_flushes() - target.flushes));
  target.flushes = target.sampler.forced_flushes();
  if (status) {
    ++scrapes_good_;
    metrics_.samples.add(static_cast<double>(counts.kept));
  } else {
    metrics_.count_failure(target.job->config.job_name, status.error());
  }
  const auto health = status ? Health::kUp : Health::kDown;
  const Outcome outcome{.job = target.job->config.job_name,
                        .url = target.shown_url,
                        .error = status ? nullptr : &status.error(),
                        .changed = target.health != health &&
                                   (!status || target.health == Health::kDown)};
  target.health = health;
  sink_(std::move(batch));
  observer_(outcome);
}

}  // namespace prom::scrape
