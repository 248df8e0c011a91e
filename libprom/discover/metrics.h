// The metrics that prom-discover keeps about itself, with upstream's names
// where they mean the same.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libprom/exposition/registry.h"

namespace prom::discover {

struct Metrics {
  exposition::Registry registry;

  Metrics();

  void refreshed(std::string_view mechanism, bool ok);
  void file_read_failed();
  void http_failed();
  void linode_failed();
  // Targets of a job after relabelling, dropped ones aside.
  void discovered(const std::string& job, std::size_t targets,
                  std::uint64_t dropped, std::uint64_t invalid);
  void forget(const std::string& job);
  void updated();
};

}  // namespace prom::discover
