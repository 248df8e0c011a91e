// prom-store's own metrics, with upstream's names where they mean the same.
#pragma once

#include <cstdint>
#include <string>

#include "libprom/os/clock.h"
#include "libprom/store/decoder.h"
#include "libprom/store/writer.h"

namespace prom::store {

struct StoreMetrics {
  std::uint64_t commit_failures = 0;
  std::uint64_t sync_failures = 0;
  DecoderCounters decoded;  // of the input and all clients
  std::uint64_t clients = 0;

  // Exposition text.
  [[nodiscard]] std::string text(const Writer& writer) const;
  // Replaces RUN_DIR/prom-store.prom; a failure is logged.
  void write(const Writer& writer, const std::string& run_dir) const;
};

}  // namespace prom::store
