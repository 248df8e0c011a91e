// prom-store ls, stats and verify.
#pragma once

#include <cstdint>
#include <string>

#include "libprom/cli/command.h"

namespace prom::store {

struct InspectOptions {
  std::string store;
  std::string output = "text";  // or "json"
  std::uint64_t top = 10;
  bool repair = false;  // verify: write a new manifest when it is damaged
};

cli::Exit run_ls(const InspectOptions& options, cli::Io& io);
cli::Exit run_stats(const InspectOptions& options, cli::Io& io);
// Exit kNo when something is damaged.
cli::Exit run_verify(const InspectOptions& options, cli::Io& io);

}  // namespace prom::store
