// The metrics that prom-scrape keeps about itself, with upstream's names where
// they mean the same.
#pragma once

#include <cstdint>
#include <string>

#include "libprom/base/result.h"
#include "libprom/exposition/registry.h"

namespace prom::scrape {

class Metrics {
 public:
  Metrics();

  // A scrape of a job failed; counted by the kind of reason.
  void count_failure(const std::string& job, const Error& error);
  // From one scrape's beginning to the next one's.
  void observe_interval(std::int64_t interval_ms, std::int64_t actual_ns);
  void set_targets(const std::string& job, std::size_t targets,
                   std::uint64_t target_limit);
  void remove_job(const std::string& job);

  exposition::Registry registry;  // before the references into it
  exposition::Counter& scrapes;
  exposition::Counter& samples;
  exposition::Counter& duplicates;
  exposition::Counter& out_of_bounds;
  exposition::Counter& body_limit;
  exposition::Counter& sample_limit;
  exposition::Counter& label_limit;
  exposition::Counter& target_limit;
  exposition::Counter& forced_flushes;
};

}  // namespace prom::scrape
