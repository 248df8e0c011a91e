// What the targets of a job have in common: the part of the configuration that
// concerns scraping, prepared for use.
#pragma once

#include <memory>
#include <string>

#include "libprom/config/prometheus.h"
#include "libprom/config/targets.h"
#include "libprom/exposition/target_scrape.h"
#include "libprom/model/histogram.h"
#include "libprom/scrape/limits.h"

namespace prom::scrape {

// Immutable; shared by the targets of the job until the next reload.
struct Job {
  config::ScrapeConfig config;
  Limits limits;
  std::string accept;  // header
  // Native histograms are reduced to it.
  std::int32_t histogram_schema_max = kHistogramSchemaMax;

  explicit Job(config::ScrapeConfig scrape_config);
};
using JobPointer = std::shared_ptr<const Job>;

// What is to become of the histograms of a target.
exposition::HistogramOptions histogram_options(const config::Target& target);

}  // namespace prom::scrape
