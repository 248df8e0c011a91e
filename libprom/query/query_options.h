// The flags of prom-query's own command, and what they mean once it is known
// what is read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libprom/cli/command.h"
#include "libprom/query/engine.h"
#include "libprom/query/format.h"
#include "libprom/query/inputs.h"

namespace prom::query {

// The engine's flags; other subcommands that evaluate have them too.
struct EngineFlags {
  std::vector<std::string> features;
  std::int64_t timeout_ms = 2 * kMinuteMs;
  std::int64_t lookback_ms = 5 * kMinuteMs;
  std::uint64_t samples_max = 50'000'000;
  std::uint64_t series_max = 10'000'000;
  std::uint64_t memory_bytes_max = std::uint64_t{4} << 30;
  std::uint64_t threads = 0;
  Resolution resolution = Resolution::kAuto;

  [[nodiscard]] EngineOptions engine() const;
};
std::vector<cli::Flag> engine_flags(EngineFlags& options);
// Which flag raises the limit that an error names; empty for other errors.
std::string way_around(const Error& error);

struct TimeFlags {
  std::string time, start, end;
  std::int64_t step_ms = 0;

  [[nodiscard]] bool is_range() const { return !start.empty(); }
};
std::vector<cli::Flag> time_flags(TimeFlags& options);
Status check_times(const TimeFlags& options);

// The times of an evaluation.
struct When {
  bool is_range = false;
  std::int64_t time_ms = 0;
  RangeTimes times;
};
Result<When> resolve_times(const TimeFlags& options, std::int64_t now_ms);

struct QueryOptions {
  InputOptions inputs;
  TimeFlags times;
  EngineFlags engine;
  std::string output;       // a format's name; empty: chosen
  std::string output_file;  // empty: standard output
  GraphStyle style = GraphStyle::kAuto;
  std::string metric_name = View().metric_name;
  bool exit_status = false;

  std::int64_t watch_ms = 0;  // 0: once
  bool follow = false;
  std::int64_t keep_ms = kHourMs;

  bool nagios = false;
  std::string warning, critical;
  std::string template_text;

  bool interactive = false;

  std::vector<std::string> words;  // files, then the expression
};
std::vector<cli::Flag> query_flags(QueryOptions& options);
// Completes an expression with what the inputs hold.
cli::Completer expression_completer(const InputOptions& inputs);
// What can be seen to be wrong before anything is read: kUsage.
Status check_options(const QueryOptions& options);

// The format that is asked for, or the one that suits the output.
const OutputFormat& format_for(const std::string& name, bool is_range,
                               bool is_terminal);
// The terminal that `io` writes to, or a pipe.
View make_view(const cli::Io& io);

}  // namespace prom::query
