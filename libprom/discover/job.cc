#include "libprom/discover/job.h"

#include <poll.h>

#include <algorithm>

namespace prom::discover {
namespace {

bool is_readable(int fd) {
  pollfd readable{.fd = fd, .events = POLLIN, .revents = 0};
  return fd >= 0 && ::poll(&readable, 1, 0) > 0;
}

}  // namespace

Job::Job(config::ScrapeConfig config, Surroundings& surroundings)
    : config_(std::move(config)),
      sources_(make_sources(config_.discovery, surroundings)) {}

void Job::adopt(const Job& before) {
  for (const auto& source : sources_) {
    Source::Found found;
    for (const auto& old : before.sources_) {
      if (old->mechanism() == source->mechanism())
        found.insert(old->found().begin(), old->found().end());
    }
    source->adopt(found);
  }
}

void Job::refresh(std::int64_t now_ns) {
  for (const auto& source : sources_) {
    if (source->due_ns() <= now_ns || is_readable(source->fd()))
      source->refresh();
  }
}

std::int64_t Job::due_ns() const {
  std::int64_t due_ns = kNeverNs;
  for (const auto& source : sources_)
    due_ns = std::min(due_ns, source->due_ns());
  return due_ns;
}

void Job::add_fds(std::vector<int>& fds) const {
  for (const auto& source : sources_) {
    if (source->fd() >= 0) fds.push_back(source->fd());
  }
}

bool Job::is_settled() const {
  return std::ranges::all_of(
      sources_, [](const auto& source) { return source->is_settled(); });
}

std::uint64_t Job::generation() const {
  std::uint64_t sum = 0;
  for (const auto& source : sources_) sum += source->generation();
  return sum;
}

std::vector<const config::TargetGroup*> Job::groups() const {
  std::vector<const config::TargetGroup*> groups;
  for (const auto& source : sources_) {
    for (const auto& [origin, found] : source->found()) {
      for (const config::TargetGroup& group : found) groups.push_back(&group);
    }
  }
  return groups;
}

std::vector<Job::Failure> Job::failures() const {
  std::vector<Failure> failures;
  for (const auto& source : sources_) {
    if (!source->failure().empty())
      failures.push_back({std::string(source->mechanism()), source->failure()});
  }
  return failures;
}

}  // namespace prom::discover
