// What prom-query is told to read, made a Source: stores, servers, files,
// standard input, or several of them as one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libprom/base/duration.h"
#include "libprom/cli/command.h"
#include "libprom/query/engine.h"
#include "libprom/query/memory_source.h"
#include "libprom/query/remote_source.h"
#include "libprom/query/source.h"

namespace prom::query {

struct InputOptions {
  std::vector<std::string> stores;          // --storage
  std::vector<std::string> tsdbs;           // --tsdb
  std::vector<std::string> urls;            // --url
  std::string http_config;                  // --http.config.file; empty: none
  std::int64_t timeout_ms = 2 * kMinuteMs;  // of a request to a server
  std::vector<std::string> files;

  // Something was named, so that standard input and defaults do not count.
  [[nodiscard]] bool names_any() const {
    return !stores.empty() || !tsdbs.empty() || !urls.empty() || !files.empty();
  }
};

// --storage, --tsdb, --url, --http.config.file: what every subcommand that
// reads has.
std::vector<cli::Flag> input_flags(InputOptions& options);

// $PROM_STORE, else prom-data.
std::string default_store();

struct Inputs {
  std::unique_ptr<Source> source;
  // What was read into memory; null when something else was read.
  const MemorySource* memory = nullptr;
  // A server that is all there is to read: it evaluates queries itself.
  const RemoteSource* remote = nullptr;
  // The time that "now" means for an instant query: the newest sample of an
  // input that may be old, else the clock.
  std::int64_t now_ms = 0;
};

// Everything that is named is joined.  Where nothing is, standard input is
// read when it is a pipe or a socket with something in it; else the store is
// $PROM_STORE or ./prom-data.
Result<Inputs> open_inputs(const InputOptions& options, const cli::Io& io);

// Evaluates over the inputs, or has the server do it.  `text` is what `expr`
// was parsed from.
Result<QueryResult> query_instant(const Inputs& inputs,
                                  const promql::Expr& expr,
                                  std::string_view text, std::int64_t time_ms,
                                  const EngineOptions& options);
Result<QueryResult> query_range(const Inputs& inputs, const promql::Expr& expr,
                                std::string_view text, const RangeTimes& times,
                                const EngineOptions& options);

}  // namespace prom::query
