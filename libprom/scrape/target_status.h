// How the targets of a running prom-scrape are, for people and other programs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/model/labels.h"

namespace prom::scrape {

enum class Health { kUnknown, kUp, kDown };
std::string_view to_string(Health health);  // "up"

struct TargetStatus {
  std::string job;
  std::string url;  // without user info, printable
  Labels labels = {}, discovered = {};
  Health health = Health::kUnknown;
  std::string last_error = {};      // "" when the last scrape was good
  std::int64_t last_scrape_ms = 0;  // 0: there was none yet
  double duration_seconds = 0;      // of the last scrape
  std::uint64_t samples = 0;        // of the last scrape, as exposed
  std::int64_t next_scrape_ms = 0;  // 0: there will be none
  std::int64_t interval_ms = 0, timeout_ms = 0;
};

struct DroppedTarget {
  std::string job;
  Labels discovered;
};

// Everything at one moment; a copy, so that another thread can write it down.
struct TargetsSnapshot {
  struct Job {
    std::string name;
    std::uint64_t dropped = 0;  // all of them, not only those in `dropped`
  };
  std::vector<Job> jobs;              // by name
  std::vector<TargetStatus> targets;  // by job and labels
  std::vector<DroppedTarget> dropped;
};

// Which part of a snapshot is wanted, as in GET /api/v1/targets.
struct TargetsFilter {
  bool active = true;
  bool dropped = true;
  std::string job = {};  // only this one; "" for all
};

// The answer of Prometheus' GET /api/v1/targets, with lastScrapeSamples and
// nextScrape besides.
std::string to_json(const TargetsSnapshot& snapshot,
                    const TargetsFilter& filter);

}  // namespace prom::scrape
