#include <algorithm>
#include <tuple>

#include "libprom/scrape/scraper_internal.h"

namespace prom::scrape {

TargetsSnapshot Scraper::snapshot() const {
  TargetsSnapshot snapshot;
  snapshot.jobs.reserve(jobs_.size());
  for (const auto& [name, job] : jobs_) {
    snapshot.jobs.push_back({.name = name, .dropped = job->dropped});
    for (const Labels& discovered : job->dropped_targets)
      snapshot.dropped.push_back({.job = name, .discovered = discovered});
  }
  snapshot.targets.reserve(targets_.size());
  for (const auto& [source, target] : targets_) {
    if (target->state != Target::State::kActive) continue;
    const bool was_scraped = target->scrapes > 0;
    snapshot.targets.push_back(
        {.job = target->job->config.job_name,
         .url = http::without_user_info(target->spec.url),
         .labels = target->spec.labels,
         .discovered = target->spec.discovered,
         .health = target->health,
         .last_error = target->last_error,
         .last_scrape_ms = was_scraped ? target->done_ms : 0,
         .duration_seconds = target->duration_seconds,
         .samples = was_scraped ? target->samples : 0,
         .next_scrape_ms =
             target->due_ns < 0 ? 0 : target->ticker.due_wall_ms(),
         .interval_ms = target->ticker.interval_ms(),
         .timeout_ms = target->timeout_ms});
  }
  std::ranges::sort(snapshot.targets, [](const auto& a, const auto& b) {
    return std::tie(a.job, a.labels, a.url) < std::tie(b.job, b.labels, b.url);
  });
  return snapshot;
}

}  // namespace prom::scrape
