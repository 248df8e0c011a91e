#include "libprom/scrape/jobs.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "libprom/config/load.h"
#include "libprom/scrape/negotiate.h"

namespace prom::scrape {

Result<LoadedJobs> load_jobs(const Options& options) {
  LoadedJobs loaded;
  if (options.config_file.empty()) return loaded;
  auto config = config::load_prometheus(options.config_file);
  if (!config) return fail(config::to_error(config.error()));
  for (config::ScrapeConfig& job : std::exchange(config->scrape_configs, {})) {
    if (!options.job.empty() && job.job_name != options.job) continue;
    loaded.jobs.push_back(std::make_shared<const Job>(std::move(job)));
  }
  if (loaded.jobs.empty() && !options.job.empty())
    return fail(Code::kConfig,
                "no job \"" + options.job + "\" in " + options.config_file);
  loaded.config = *std::move(config);
  return loaded;
}

config::ScrapeConfig default_config(const Options& options,
                                    const std::string& job) {
  constexpr std::int64_t kTimeoutMs = 10'000;
  config::ScrapeConfig config;
  config.job_name = job;
  const bool repeats = options.count != 1;
  config.scrape_interval_ms = options.interval_ms > 0 ? options.interval_ms
                              : options.count > 1     ? 1000
                                                      : 15'000;
  config.scrape_timeout_ms =
      options.timeout_ms > 0
          ? options.timeout_ms
          : std::min(kTimeoutMs,
                     repeats ? config.scrape_interval_ms : kTimeoutMs);
  if (!repeats) {
    config.scrape_interval_ms =
        std::max(config.scrape_interval_ms, config.scrape_timeout_ms);
  }
  config.scrape_protocols = text_protocols();
  config.scrape_native_histograms = options.native_histograms;
  if (options.native_histograms) {
    config.scrape_protocols.insert(config.scrape_protocols.begin(),
                                   config::ScrapeProtocol::kPrometheusProto);
  }
  // Whoever names a URL knows what is there.
  config.fallback_scrape_protocol = config::ScrapeProtocol::kPrometheusText004;
  config.limits.body_bytes =
      options.body_bytes_max == 0 ? 0 : options.body_bytes_max + 1;
  config.limits.samples = options.samples_max;
  return config;
}

}  // namespace prom::scrape
