// Where the settings of jobs come from: the configuration, or the command line
// for targets that no configuration describes.
#pragma once

#include <string>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/config/prometheus.h"
#include "libprom/model/labels.h"
#include "libprom/scrape/job.h"
#include "libprom/scrape/options.h"

namespace prom::scrape {

struct LoadedJobs {
  std::vector<JobPointer> jobs;
  config::PrometheusConfig config;  // without its jobs
};

// Reads options.config_file; nothing when there is none.  kConfig for a bad
// file, and when it has no options.job.
Result<LoadedJobs> load_jobs(const Options& options);

// The settings of targets that no configuration describes.
config::ScrapeConfig default_config(const Options& options,
                                    const std::string& job);

}  // namespace prom::scrape
