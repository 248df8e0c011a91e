#include "libprom/scrape/limits.h"

namespace prom::scrape {

Limits::Limits(const config::ScrapeLimits& configured) {
  const auto replace = [](std::uint64_t& limit, std::uint64_t by) {
    if (by != 0) limit = by;
  };
  // Upstream's body limit is the first size that is too large.
  if (configured.body_bytes != 0) body_bytes = configured.body_bytes - 1;
  replace(samples, configured.samples);
  replace(labels, configured.labels);
  replace(label_name_bytes, configured.label_name_bytes);
  replace(label_value_bytes, configured.label_value_bytes);
  replace(targets, configured.targets);
  // Whoever allows larger labels wants series that hold them.
  if (label_value_bytes > series_bytes / 4)
    series_bytes = label_value_bytes * 4;
}

}  // namespace prom::scrape
