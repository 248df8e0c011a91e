#include "libprom/discover/job.h"

#include <algorithm>

namespace prom::discover {

Job::Job(config::ScrapeConfig config, Surroundings& surroundings)
    : config_(std::move(config)) {
  for (const auto& settings : config_.discovery.mechanisms) {
    sources_.push_back(std::make_unique<Source>(
        make_mechanism(*settings, surroundings), surroundings));
  }
}

void Job::adopt(const Job& before) {
  for (const auto& source : sources_) {
    for (const auto& old : before.sources_) source->adopt(*old);
  }
}

void Job::start() {
  for (const auto& source : sources_) source->start();
}

bool Job::is_settled() const {
  return std::ranges::all_of(sources_, [](const auto& source) {
    return source->findings().is_settled();
  });
}

std::uint64_t Job::generation() const {
  std::uint64_t sum = 0;
  for (const auto& source : sources_) sum += source->findings().generation();
  return sum;
}

std::vector<const config::TargetGroup*> Job::groups() const {
  std::vector<const config::TargetGroup*> groups;
  for (const auto& source : sources_) {
    for (const auto& [origin, found] : source->findings().places()) {
      for (const config::TargetGroup& group : found) groups.push_back(&group);
    }
  }
  return groups;
}

std::vector<Job::Failure> Job::failures() const {
  std::vector<Failure> failures;
  for (const auto& source : sources_) {
    if (const std::string& why = source->findings().failure(); !why.empty())
      failures.push_back({std::string(source->mechanism()), why});
  }
  return failures;
}

}  // namespace prom::discover
