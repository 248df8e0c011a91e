// What one scrape may bring at most.  Every limit is on by default: a target is
// not trusted.  The keys of the configuration that upstream has for them
// replace the defaults.
#pragma once

#include <cstdint>

#include "libprom/config/prometheus.h"

namespace prom::scrape {

struct Limits {
  std::uint64_t body_bytes = 64ULL << 20U;
  std::uint64_t samples = 1'000'000;
  std::uint64_t labels = 64;  // with __name__
  std::uint64_t label_name_bytes = 512;
  std::uint64_t label_value_bytes = 4096;
  std::uint64_t series_bytes = 16384;  // all names and values together
  std::uint64_t targets = 100'000;     // of one job

  Limits() = default;
  // 0 leaves the default.
  explicit Limits(const config::ScrapeLimits& configured);
};

}  // namespace prom::scrape
