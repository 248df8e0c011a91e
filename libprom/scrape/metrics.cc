#include "libprom/scrape/metrics.h"

#include "libprom/base/duration.h"

namespace prom::scrape {
namespace {

std::string_view reason_of(Code code) {
  switch (code) {
    case Code::kTimeout:
      return "timeout";
    case Code::kLimit:
      return "limit";
    case Code::kBadData:
      return "bad_data";
    case Code::kPermission:
      return "not_allowed";
    case Code::kConfig:
    case Code::kMissing:
      return "config";
    default:
      return "unavailable";
  }
}

}  // namespace

Metrics::Metrics()
    : scrapes(registry.counter("prom_scrape_scrapes_total",
                               "Scrapes that were finished.")),
      samples(registry.counter("prom_scrape_samples_total",
                               "Samples that were passed on.")),
      duplicates(registry.counter(
          "prometheus_target_scrapes_sample_duplicate_timestamp_total",
          "Samples that a scrape had twice; the first one counts.")),
      out_of_bounds(registry.counter(
          "prometheus_target_scrapes_sample_out_of_bounds_total",
          "Samples that were dropped for a timestamp in the future.")),
      body_limit(registry.counter(
          "prometheus_target_scrapes_exceeded_body_size_limit_total",
          "Scrapes that failed for a body beyond its limit.")),
      sample_limit(registry.counter(
          "prometheus_target_scrapes_exceeded_sample_limit_total",
          "Scrapes that failed for more samples than the limit.")),
      label_limit(registry.counter(
          "prometheus_target_scrape_pool_exceeded_label_limits_total",
          "Scrapes that failed for a label limit.")),
      target_limit(registry.counter(
          "prometheus_target_scrape_pool_exceeded_target_limit_total",
          "Target sets that were larger than their job's limit.")),
      forced_flushes(registry.counter(
          "prometheus_target_scrapes_cache_flush_forced_total",
          "Times that a series cache was flushed while scrapes failed.")) {}

void Metrics::count_failure(const std::string& job, const Error& error) {
  registry
      .counter("prom_scrape_failures_total", "Scrapes that failed, by reason.",
               {{"reason", reason_of(error.code)}, {"scrape_job", job}})
      .add();
  if (error.code != Code::kLimit) return;
  const auto names = [&](std::string_view what) {
    return error.message.find(what) != std::string::npos;
  };
  if (names("sample_limit")) {
    sample_limit.add();
  } else if (names("label") || names("series length")) {
    label_limit.add();
  } else if (names("body")) {
    body_limit.add();
  }
}

void Metrics::observe_interval(std::int64_t interval_ms,
                               std::int64_t actual_ns) {
  registry
      .summary("prometheus_target_interval_length_seconds",
               "Actual intervals between scrapes.",
               {0.01, 0.05, 0.5, 0.90, 0.99},
               {{"interval", format_duration(interval_ms)}})
      .observe(static_cast<double>(actual_ns) / 1e9);
}

void Metrics::set_targets(const std::string& job, std::size_t targets,
                          std::uint64_t limit) {
  const Labels labels{{"scrape_job", job}};
  registry
      .gauge("prometheus_target_scrape_pool_targets", "Targets of a job.",
             labels)
      .set(static_cast<double>(targets));
  registry
      .gauge("prometheus_target_scrape_pool_target_limit",
             "Targets that a job may have.", labels)
      .set(static_cast<double>(limit));
  registry
      .counter("prometheus_target_scrape_pool_sync_total",
               "Target sets that were taken.", labels)
      .add();
}

void Metrics::remove_job(const std::string& job) {
  registry.remove_all({"scrape_job", job});
}

}  // namespace prom::scrape
