#include "libprom/scrape/target_status.h"

#include "libprom/base/duration.h"
#include "libprom/base/json_writer.h"

namespace prom::scrape {
namespace {

// Go's zero time, which upstream gives for a scrape that was not made.
constexpr std::string_view kNever = "0001-01-01T00:00:00Z";

void write_labels(JsonWriter& json, std::string_view key,
                  const Labels& labels) {
  json.key(key).begin_object();
  for (const auto& [name, value] : labels) json.key(name).string(value);
  json.end_object();
}

void write_time(JsonWriter& json, std::string_view key, std::int64_t t_ms) {
  json.key(key).string(t_ms == 0 ? std::string(kNever) : format_rfc3339(t_ms));
}

void write_target(JsonWriter& json, const TargetStatus& target) {
  json.begin_object();
  write_labels(json, "discoveredLabels", target.discovered);
  write_labels(json, "labels", target.labels);
  json.key("scrapePool").string(target.job);
  json.key("scrapeUrl").string(target.url);
  json.key("globalUrl").string(target.url);
  json.key("lastError").string(target.last_error);
  write_time(json, "lastScrape", target.last_scrape_ms);
  json.key("lastScrapeDuration").number(target.duration_seconds);
  json.key("lastScrapeSamples")
      .integer(static_cast<std::int64_t>(target.samples));
  json.key("health").string(to_string(target.health));
  json.key("scrapeInterval").string(format_duration(target.interval_ms));
  json.key("scrapeTimeout").string(format_duration(target.timeout_ms));
  write_time(json, "nextScrape", target.next_scrape_ms);
  json.end_object();
}

}  // namespace

std::string_view to_string(Health health) {
  switch (health) {
    case Health::kUp:
      return "up";
    case Health::kDown:
      return "down";
    case Health::kUnknown:
      break;
  }
  return "unknown";
}

std::string to_json(const TargetsSnapshot& snapshot,
                    const TargetsFilter& filter) {
  const auto wanted = [&](const std::string& job) {
    return filter.job.empty() || filter.job == job;
  };
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.key("status").string("success");
  json.key("data").begin_object();
  json.key("activeTargets").begin_array();
  if (filter.active) {
    for (const TargetStatus& target : snapshot.targets)
      if (wanted(target.job)) write_target(json, target);
  }
  json.end_array();
  json.key("droppedTargets").begin_array();
  if (filter.dropped) {
    for (const DroppedTarget& target : snapshot.dropped) {
      if (!wanted(target.job)) continue;
      json.begin_object();
      write_labels(json, "discoveredLabels", target.discovered);
      json.key("scrapePool").string(target.job);
      json.end_object();
    }
  }
  json.end_array();
  json.key("droppedTargetCounts").begin_object();
  if (filter.dropped) {
    for (const auto& [job, dropped] : snapshot.jobs)
      if (wanted(job))
        json.key(job).integer(static_cast<std::int64_t>(dropped));
  }
  json.end_object().end_object().end_object();
  text += '\n';
  return text;
}

}  // namespace prom::scrape
