// What prom-query is told to read, made a Source: a store, files, standard
// input, a Prometheus data directory.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libprom/cli/command.h"
#include "libprom/query/memory_source.h"
#include "libprom/query/source.h"

namespace prom::query {

struct InputOptions {
  std::string store;  // --storage; empty: not given
  std::string tsdb;   // --tsdb; empty: not given
  std::vector<std::string> files;
};

struct Inputs {
  std::unique_ptr<Source> source;
  // What was read into memory; null for a store.
  const MemorySource* memory = nullptr;
  // The time that "now" means for an instant query: the newest sample of an
  // input that may be old, else the clock.
  std::int64_t now_ms = 0;
};

// A Prometheus data directory wins over files, and files over a store; without
// any of them, standard input is read when it is a pipe or a socket with
// something in it; else the store is $PROM_STORE or ./prom-data.
Result<Inputs> open_inputs(const InputOptions& options, const cli::Io& io);

}  // namespace prom::query
