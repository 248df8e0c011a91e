#include "libprom/scrape/replay.h"

#include <poll.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libprom/os/log.h"
#include "libprom/os/signals.h"
#include "libprom/scrape/jobs.h"
#include "libprom/scrape/recording.h"
#include "libprom/scrape/sampler.h"
#include "libprom/scrape/schedule.h"
#include "libprom/scrape/sender.h"

namespace prom::scrape {
namespace {

using cli::Exit;

constexpr std::int64_t kMillisecondNs = 1'000'000;
constexpr int kNapMs = 1000;

// A target of the recording.
struct Replayed {
  explicit Replayed(const Labels& labels) : sampler(labels) {}

  Sampler sampler;
  JobPointer job;
  std::uint64_t source = 0;
  std::uint64_t sequence = 0;
  double timeout_seconds = 0;
  exposition::HistogramOptions histograms;
};

class Replay {
 public:
  Replay(const Options& options, cli::Io& io)
      : options_(options),
        io_(io),
        sender_(io.out.fd(), {.format = options.wire ? StreamFormat::kWire
                                                     : StreamFormat::kText,
                              .queue_bytes_max = options.queue_bytes_max}) {}

  Status load();
  Status run();
  Status close() { return sender_.close(); }
  [[nodiscard]] bool reader_gone() const { return sender_.reader_gone(); }

 private:
  Result<Replayed*> target_of(std::uint32_t number);
  Result<JobPointer> job_of(const std::string& name);
  void take(Replayed& target, RecordedScrape& scrape);
  bool wait_for(std::int64_t t_ms);

  const Options& options_;
  cli::Io& io_;
  std::vector<JobPointer> jobs_;
  std::optional<RecordingReader> recording_;
  std::vector<std::unique_ptr<Replayed>> targets_;  // by number
  std::int64_t first_ms_ = -1;
  std::int64_t started_ns_ = 0;
  std::uint64_t scrapes_ = 0, samples_ = 0, failed_ = 0;
  Sender sender_;
};

Status Replay::load() {
  auto loaded = load_jobs(options_);
  if (!loaded) return fail(std::move(loaded).error());
  jobs_ = std::move(loaded->jobs);
  auto recording = RecordingReader::open(options_.replay);
  if (!recording) return fail(std::move(recording).error());
  recording_.emplace(*std::move(recording));
  return {};
}

Result<JobPointer> Replay::job_of(const std::string& name) {
  for (const JobPointer& job : jobs_)
    if (job->config.job_name == name) return job;
  if (!options_.config_file.empty())
    return fail(Code::kConfig,
                "no job \"" + name + "\" in " + options_.config_file);
  jobs_.push_back(std::make_shared<const Job>(default_config(options_, name)));
  return jobs_.back();
}

Result<Replayed*> Replay::target_of(std::uint32_t number) {
  if (targets_.size() <= number) targets_.resize(number + 1);
  std::unique_ptr<Replayed>& target = targets_[number];
  if (target == nullptr) {
    const auto& [job_name, spec] = recording_->target(number);
    auto job = job_of(job_name);
    if (!job) return fail(std::move(job).error());
    const std::int64_t timeout_ms = spec.timeout_ms > 0
                                        ? spec.timeout_ms
                                        : (*job)->config.scrape_timeout_ms;
    target = std::make_unique<Replayed>(spec.labels);
    target->job = *job;
    target->source = source_of(spec.labels, spec.url, job_name);
    target->timeout_seconds = static_cast<double>(timeout_ms) / 1e3;
    target->histograms = histogram_options(spec);
  }
  return target.get();
}

// False when the reader went away meanwhile.
bool Replay::wait_for(std::int64_t t_ms) {
  if (first_ms_ < 0) {
    first_ms_ = t_ms;
    started_ns_ = io_.clock.monotonic_ns();
  }
  if (!(options_.replay_speed > 0)) return sender_.status().has_value();
  const auto after_ns =
      static_cast<std::int64_t>(static_cast<double>(t_ms - first_ms_) *
                                kMillisecondNs / options_.replay_speed);
  for (;;) {
    if (!sender_.status()) return false;
    const std::int64_t left_ms =
        (started_ns_ + after_ns - io_.clock.monotonic_ns() + kMillisecondNs -
         1) /
        kMillisecondNs;
    if (left_ms <= 0) return true;
    pollfd failed{.fd = sender_.failure_fd(), .events = POLLIN, .revents = 0};
    (void)::poll(&failed, 1,
                 static_cast<int>(std::min<std::int64_t>(left_ms, kNapMs)));
  }
}

void Replay::take(Replayed& target, RecordedScrape& scrape) {
  Sampler& sampler = target.sampler;
  Report report{
      .up = false,
      .duration_seconds = static_cast<double>(scrape.duration_ns) / 1e9,
      .timeout_seconds = target.timeout_seconds,
      .body_bytes = static_cast<double>(scrape.body.size())};
  if (scrape.error) {
    sampler.take_failure();
  } else {
    report.up = sampler
                    .take(std::move(scrape.body), scrape.format, scrape.t_ms,
                          *target.job, target.histograms)
                    .has_value();
  }
  Batch batch = sampler.finish(report, scrape.t_ms, *target.job);
  batch.row.source = target.source;
  target.sequence = std::max(
      target.sequence + 2 + batch.loose.size(),
      static_cast<std::uint64_t>(std::max<std::int64_t>(scrape.t_ms, 0)) *
          kMillisecondNs);
  batch.row.sequence = target.sequence;
  ++scrapes_;
  failed_ += report.up ? 0 : 1;
  samples_ += report.up ? sampler.counts().kept : 0;
  sender_.push_waiting(std::move(batch));
}

Status Replay::run() {
  RecordedScrape scrape;
  for (;;) {
    auto more = recording_->next(scrape);
    if (!more) return fail(std::move(more).error());
    if (!*more) break;
    if (!wait_for(scrape.t_ms)) return {};
    auto target = target_of(scrape.target);
    if (!target) return fail(std::move(target).error());
    take(**target, scrape);
  }
  const std::int64_t took_ms =
      first_ms_ < 0 ? 0
                    : (io_.clock.monotonic_ns() - started_ns_) / kMillisecondNs;
  os::log_info("replayed", {{"scrapes", std::to_string(scrapes_)},
                            {"failed", std::to_string(failed_)},
                            {"samples", std::to_string(samples_)},
                            {"took_ms", std::to_string(took_ms)}});
  return {};
}

}  // namespace

Exit replay(const Options& options, cli::Io& io) {
  os::ignore_sigpipe();
  Replay replay(options, io);
  if (auto ok = replay.load(); !ok) {
    io.complain(ok.error().message);
    return cli::exit_for(ok.error().code);
  }
  const Status ran = replay.run();
  // What came before damage is written all the same.
  const Status written = replay.close();
  if (!written && replay.reader_gone()) return Exit::kOk;
  for (const Status* status : {&ran, &written}) {
    if (*status) continue;
    io.complain(status->error().message);
    return cli::exit_for(status->error().code);
  }
  return Exit::kOk;
}

}  // namespace prom::scrape
