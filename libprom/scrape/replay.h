// prom-scrape --replay: takes recorded scrapes apart as if they came now.
#pragma once

#include "libprom/cli/command.h"
#include "libprom/scrape/options.h"

namespace prom::scrape {

// Writes the samples of options.replay, with the timestamps of the recording,
// options.replay_speed times as fast as it was made; 0: as fast as the reader
// takes them.
cli::Exit replay(const Options& options, cli::Io& io);

}  // namespace prom::scrape
