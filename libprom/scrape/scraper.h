// The heart of prom-scrape: thousands of targets on one thread.  It keeps
// every target's schedule and state, starts the requests that are due, and
// hands each finished scrape on as a Batch.
//
//   Scraper scraper(options, clock, metrics, [&](Batch b) { sender.push(b); });
//   scraper.set_job(job);
//   scraper.set_targets(set);
//   while (!scraper.finished()) scraper.turn(wake_fds);
//
// A target is its labels and URL.  One that stays keeps its schedule and its
// series over reloads and new target sets.  One that goes is remembered until
// two more of its intervals have passed; if it has not come back by then, its
// series get stale markers.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "libprom/config/targets.h"
#include "libprom/http/client.h"
#include "libprom/http/settings.h"
#include "libprom/os/clock.h"
#include "libprom/scrape/batch.h"
#include "libprom/scrape/job.h"
#include "libprom/scrape/lane.h"
#include "libprom/scrape/metrics.h"
#include "libprom/scrape/recording.h"
#include "libprom/scrape/sampler.h"
#include "libprom/scrape/schedule.h"
#include "libprom/scrape/target_status.h"

namespace prom::scrape {

// How one scrape ended, for messages.
struct Outcome {
  const std::string& job;
  const std::string& url;  // safe to show
  const Error* error = nullptr;
  bool changed = false;  // the target was up before and is down, or back
};

class Scraper {
 public:
  struct Options {
    // Scrapes per target, then finished(); the first one at once.  0: without
    // end, each target at its place within the interval.
    std::uint64_t count = 0;
    std::uint64_t seed = 0;  // of those places
    http::AddressPolicy addresses = {};
    // file:// targets are read only below this directory; "" for none.
    std::string file_directory = {};
    // Transfers at once; more wait for their turn.
    std::size_t in_flight_max = 4096;
    // Takes what every target answers; null: nobody does.  Borrowed.
    RecordingWriter* recorder = nullptr;
  };
  using Sink = std::function<void(Batch)>;
  using Observer = std::function<void(const Outcome&)>;

  // Borrows clock and metrics.
  Scraper(Options options, os::Clock& clock, Metrics& metrics, Sink sink,
          Observer observer);
  ~Scraper();

  // Replaces all jobs, after a reload.  Targets of jobs that are no more go.
  void set_jobs(const std::vector<JobPointer>& jobs);
  // The whole set of a job's targets.  kMissing when there is no such job.
  Status set_targets(const config::TargetSet& set);

  // Waits until something is due or can go on or one of `wake_fds` is
  // readable, at most `timeout_ms` (-1: no limit), and does it.
  void turn(int timeout_ms, std::vector<int> wake_fds);

  // How the targets are.
  [[nodiscard]] TargetsSnapshot snapshot() const;

  // All targets were scraped options.count times.
  [[nodiscard]] bool finished() const;
  [[nodiscard]] std::size_t target_count() const { return targets_.size(); }
  [[nodiscard]] std::uint64_t scrapes_good() const { return scrapes_good_; }

 private:
  struct Target;
  struct JobState;
  using Due = std::pair<std::int64_t, std::uint64_t>;  // monotonic ns, source

  void add_or_update(const config::Target& spec, const JobPointer& job);
  void start_schedule(Target& target, std::int64_t interval_ms);
  void set_due(Target& target, std::int64_t due_ns);
  void let_go(Target& target);
  void run_due();
  void begin_scrape(Target& target);
  void read_file(Target& target);
  Result<http::Request> request_for(const Target& target);
  Result<const http::Settings*> settings_of(JobState& state);
  void on_response(std::uint64_t source, Result<http::Response> response);
  void take_body(Target& target, std::string body,
                 Result<exposition::Format> format);
  std::string record(const Target& target, RecordedScrape scrape);
  void finish_scrape(Target& target, const Status& status);
  void remove_for_good(Target& target);

  const Options options_;
  os::Clock& clock_;
  Metrics& metrics_;
  const Sink sink_;
  const Observer observer_;

  std::map<std::string, std::unique_ptr<JobState>> jobs_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Target>> targets_;
  std::set<Due> due_;
  std::uint64_t scrapes_good_ = 0;

  // They call back into the above, so they end first.
  http::Client client_;
  Lane lane_;
};

}  // namespace prom::scrape
