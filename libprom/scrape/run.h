// prom-scrape as a process: where targets come from, where samples go, and
// what signals mean.
#pragma once

#include "libprom/cli/command.h"
#include "libprom/config/targets.h"
#include "libprom/scrape/options.h"

namespace prom::scrape {

// Where a running prom-scrape answers for its targets, in RUNDIR.
constexpr std::string_view kSocketName = "prom-scrape.sock";

cli::Exit run(const Options& given, cli::Io& io);

// The target that an argument names: a URL, HOST:PORT[/PATH], or a path that
// has a slash at its front.  Without a path it is /metrics.  kUsage.
Result<config::Target> target_of_argument(const std::string& argument,
                                          const std::string& job);

}  // namespace prom::scrape
