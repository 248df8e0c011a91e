#include "libprom/discover/metrics.h"

#include "libprom/os/clock.h"

namespace prom::discover {

Metrics::Metrics() {
  // These exist before the first event, so that rates of them do.
  // A configuration that is wrong is refused as a whole.
  registry.gauge("prometheus_sd_failed_configs",
                 "Discovery configurations that failed to load.",
                 {{"name", "scrape"}});
  registry.counter("prometheus_sd_file_read_errors_total",
                   "Files with targets that could not be read.");
  registry.counter("prometheus_sd_http_failures_total",
                   "Failed requests to HTTP discovery servers.");
  registry.counter("prometheus_sd_linode_failures_total",
                   "Looks at the instances of Linode that failed.");
  registry.counter("prometheus_sd_updates_total",
                   "Target sets that were written.", {{"name", "scrape"}});
}

void Metrics::refreshed(std::string_view mechanism, bool ok) {
  registry
      .counter("prom_discover_refreshes_total",
               "Times that a source looked for targets.",
               {{"mechanism", mechanism}})
      .add();
  auto& failures =
      registry.counter("prometheus_sd_refresh_failures_total",
                       "Times that a source failed to find its targets.",
                       {{"mechanism", mechanism}});
  if (!ok) return failures.add();
  registry
      .counter("prometheus_sd_received_updates_total",
               "Times that a source has told its targets.",
               {{"name", "scrape"}})
      .add();
}

void Metrics::file_read_failed() {
  registry
      .counter("prometheus_sd_file_read_errors_total",
               "Files with targets that could not be read.")
      .add();
}

void Metrics::http_failed() {
  registry
      .counter("prometheus_sd_http_failures_total",
               "Failed requests to HTTP discovery servers.")
      .add();
}

void Metrics::linode_failed() {
  registry
      .counter("prometheus_sd_linode_failures_total",
               "Looks at the instances of Linode that failed.")
      .add();
}

void Metrics::discovered(const std::string& job, std::size_t targets,
                         std::uint64_t dropped, std::uint64_t invalid) {
  const Labels labels{{"config", job}, {"name", "scrape"}};
  registry
      .gauge("prometheus_sd_discovered_targets", "Targets of a job.", labels)
      .set(static_cast<double>(targets));
  registry
      .gauge("prom_discover_dropped_targets",
             "Targets that relabelling dropped.", labels)
      .set(static_cast<double>(dropped));
  registry
      .gauge("prom_discover_invalid_targets",
             "Targets that no URL could be made of.", labels)
      .set(static_cast<double>(invalid));
}

void Metrics::forget(const std::string& job) {
  registry.remove_all({"config", job});
}

void Metrics::updated() {
  registry
      .counter("prometheus_sd_updates_total", "Target sets that were written.",
               {{"name", "scrape"}})
      .add();
  constexpr double kMsPerSecond = 1e3;
  registry
      .gauge("prometheus_sd_last_update_timestamp_seconds",
             "When target sets were last written, in seconds since 1970.",
             {{"name", "scrape"}})
      .set(static_cast<double>(os::real_clock().wall_ms()) / kMsPerSecond);
}

}  // namespace prom::discover
