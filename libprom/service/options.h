// The flags that every long-running tool has, and what they set: where its own
// metrics go, how it tells that it is ready, how it logs.  A stage puts
// flags() into its Command's table and resolve()s the options when it runs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/cli/command.h"

namespace prom::service {

struct Options {
  std::string run_dir = {};    // "": our metrics go to no file
  std::string listen = {};     // "": they are not served
  std::int64_t ready_fd = -1;  // -1: nobody waits for us there
  std::string log_level = "info";
  std::string log_format = "auto";
};

// --run-dir, --listen, --ready-fd, --log.level and --log.format.  `tool` is
// its name, "prom-scrape".  `into` must outlive the flags.
std::vector<cli::Flag> flags(Options& into, std::string_view tool);

// The same one by one, for tools that have some of them only, or give --listen
// another meaning.
cli::Flag run_dir_flag(Options& into, std::string_view tool);
cli::Flag ready_flag(Options& into);
std::vector<cli::Flag> log_flags(Options& into);

// Takes $RUNDIR where no --run-dir was given and sets the log up.  Call before
// threads start.  kUsage for a level or format that there is not.
Status resolve(Options& options);

}  // namespace prom::service
