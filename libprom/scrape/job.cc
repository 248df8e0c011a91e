#include "libprom/scrape/job.h"

#include "libprom/scrape/negotiate.h"

namespace prom::scrape {

Job::Job(config::ScrapeConfig scrape_config)
    : config(std::move(scrape_config)),
      limits(config.limits),
      accept(accept_header(config.scrape_protocols, config.escaping)) {}

}  // namespace prom::scrape
