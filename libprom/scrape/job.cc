#include "libprom/scrape/job.h"

#include <algorithm>
#include <cmath>

#include "libprom/scrape/negotiate.h"

namespace prom::scrape {
namespace {

// The finest schema whose buckets grow by at least this factor.
std::int32_t schema_of(double bucket_factor) {
  if (!(bucket_factor > 1)) return kHistogramSchemaMax;
  const double schema = std::floor(-std::log2(std::log2(bucket_factor)));
  return static_cast<std::int32_t>(
      std::clamp<double>(schema, kHistogramSchemaMin, kHistogramSchemaMax));
}

}  // namespace

Job::Job(config::ScrapeConfig scrape_config)
    : config(std::move(scrape_config)),
      limits(config.limits),
      accept(accept_header(config.scrape_protocols, config.escaping)),
      histogram_schema_max(
          schema_of(config.native_histogram_min_bucket_factor)) {}

exposition::HistogramOptions histogram_options(const config::Target& target) {
  return {.native = target.scrape_native_histograms,
          .always_classic = target.always_scrape_classic_histograms,
          .convert_classic = target.convert_classic_histograms_to_nhcb};
}

}  // namespace prom::scrape
