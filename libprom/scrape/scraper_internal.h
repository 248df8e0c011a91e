// What a Scraper keeps of a job and of a target.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libprom/scrape/scraper.h"

namespace prom::scrape {

struct Scraper::JobState {
  JobPointer job;
  std::size_t targets = 0;
  std::uint64_t dropped = 0;
  std::vector<Labels> dropped_targets;  // some of them
  http::Settings settings;
  std::int64_t settings_until_ns = -1;
};

struct Scraper::Target {
  enum class State { kActive, kLeaving };
  Target(std::uint64_t id, config::Target target, JobPointer its_job)
      : source(id),
        spec(std::move(target)),
        shown_url(http::safe_url(spec.url)),
        job(std::move(its_job)),
        sampler(spec.labels) {}

  const std::uint64_t source;
  config::Target spec;
  const std::string shown_url;
  JobPointer job;
  Sampler sampler;
  bool job_changed = false;  // the sampler is not told yet

  State state = State::kActive;
  Ticker ticker;
  std::int64_t due_ns = -1;  // in due_; -1: not there
  std::int64_t timeout_ms = 0;
  std::int64_t leaves_ms = 0;  // timestamp of its last stale markers

  bool in_flight = false;
  http::Client::Id request = 0;  // 0: none
  std::int64_t t_ms = 0;         // of the scrape that runs, or ran last
  std::int64_t started_ns = -1;
  double body_bytes = 0;
  std::uint64_t scrapes = 0;
  std::uint64_t sequence = 0;
  std::uint64_t flushes = 0;
  Health health = Health::kUnknown;
  bool recorded = false;  // the body of this scrape
  std::string last_error;
  // Of the last scrape that is done.
  std::int64_t done_ms = 0;  // its timestamp
  double duration_seconds = 0;
  std::uint64_t samples = 0;
};

}  // namespace prom::scrape
