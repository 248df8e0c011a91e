#include "libprom/store/command.h"

#include <cstdlib>
#include <functional>

#include "libprom/store/append.h"
#include "libprom/store/backup.h"
#include "libprom/store/default_store.h"
#include "libprom/store/export.h"
#include "libprom/store/import.h"
#include "libprom/store/inspect.h"
#include "libprom/store/maintain.h"
#include "libprom/store/settings.h"

namespace prom::store {
namespace {

cli::Setter into_sync(SyncPolicy& into) {
  return [&into](std::string_view text) -> Status {
    if (text == "1s") {
      into = SyncPolicy::kEverySecond;
    } else if (text == "each") {
      into = SyncPolicy::kEach;
    } else if (text == "never") {
      into = SyncPolicy::kNever;
    } else {
      return fail(Code::kUsage,
                  "'" + std::string(text) + "' is none of 1s, each and never");
    }
    return {};
  };
}

cli::Setter into_format(InputFormat& into) {
  return [&into](std::string_view text) -> Status {
    const auto format = parse_input_format(text);
    if (!format) return fail(format.error());
    into = *format;
    return {};
  };
}

cli::Setter into_compact(bool& into) {
  return [&into](std::string_view text) -> Status {
    if (text != "auto" && text != "never")
      return fail(Code::kUsage,
                  "'" + std::string(text) + "' is neither auto nor never");
    into = text == "auto";
    return {};
  };
}

struct AppendArguments {
  AppendOptions options;
  std::int64_t out_of_order_window_ms = -1;  // -1: not given
  std::uint64_t ready_fd = UINT64_MAX;
};

cli::Exit run(const AppendArguments& given, cli::Io& io) {
  AppendOptions options = given.options;
  if (options.store.empty()) options.store = default_store();
  if (options.run_dir.empty()) {
    const char* const run_dir = std::getenv("RUNDIR");
    if (run_dir != nullptr) options.run_dir = run_dir;
  }
  if (given.ready_fd != UINT64_MAX)
    options.ready_fd = static_cast<int>(given.ready_fd);
  if (!options.config_file.empty()) {
    const Status good = configure_writer(options.config_file, options.writer);
    if (!good) {
      io.complain(good.error().message);
      return cli::exit_for(good.error().code);
    }
  }
  if (given.out_of_order_window_ms >= 0)
    options.writer.out_of_order_window_ms = given.out_of_order_window_ms;
  options.writer.durable = options.sync != SyncPolicy::kNever;
  if (options.files.empty() && !options.listen && io.in_is_terminal) {
    io.complain("nothing on standard input; name a FILE, or see --help");
    return cli::Exit::kUsage;
  }
  return run_append(options, io);
}

std::vector<cli::Flag> append_flags(AppendArguments& arguments) {
  AppendOptions& o = arguments.options;
  return {
      store_flag(o.store),
      {.name = "format",
       .value = "F",
       .help = "What the input is: text, openmetrics, pipe or wire; default "
               "auto, which tells them apart by content.",
       .set = into_format(o.format)},
      {.name = "sync",
       .value = "WHEN",
       .help = "When samples are forced to the disk: 1s, each (before they "
               "are acknowledged) or never; default 1s.",
       .set = into_sync(o.sync)},
      {.name = "out-of-order-window",
       .value = "D",
       .help = "How much older than the newest of its series a sample may be; "
               "default as prometheus.yml says, else 2h.",
       .set = cli::into_duration(arguments.out_of_order_window_ms)},
      {.name = "config.file",
       .value = "FILE",
       .help = "A prometheus.yml whose storage section says how late samples "
               "may be and what to keep.",
       .set = cli::into_text(o.config_file)},
      {.name = "allow-future",
       .help = "Take samples more than 10m ahead of the clock.",
       .set = cli::into_switch(o.writer.allow_future)},
      {.name = "series-max",
       .value = "N",
       .help = "Refuse new series beyond so many; default 20000000.",
       .set = cli::into_count(o.writer.series_max, 1, 1ULL << 31U)},
      {.name = "arena-max",
       .value = "SIZE",
       .help = "Size to which the files of the head grow; default 64MB.",
       .set = cli::into_size(o.writer.arena_bytes_max),
       .common = false},
      {.name = "compact",
       .value = "WHEN",
       .help = "Make blocks of what is closed, in the background: auto or "
               "never; default auto.",
       .set = into_compact(o.compact)},
      {.name = "listen",
       .help = "Serve other prom-store append processes until a signal, also "
               "after the input has ended.",
       .set = cli::into_switch(o.listen)},
      {.name = "run-dir",
       .value = "DIR",
       .help = "Write own metrics to DIR/prom-store.prom every 5 s; default "
               "$RUNDIR, else nowhere.",
       .set = cli::into_text(o.run_dir)},
      {.name = "ready-fd",
       .value = "N",
       .help = "Write a newline to this descriptor when ready.",
       .set = cli::into_count(arguments.ready_fd, 0, 1023)},
      {.name = "unsafe-filesystem",
       .help = "Write a store on a network or FUSE file system.",
       .set = cli::into_switch(o.writer.unsafe_filesystem),
       .common = false},
  };
}

cli::Command append_command() {
  const auto arguments = std::make_shared<AppendArguments>();
  return {
      .name = "append",
      .summary = "append samples to the store",
      .description =
          "Reads the Prometheus text format, OpenMetrics, prom-samples text or "
          "wire frames. When another process writes the store, the input is "
          "handed to it, and the exit status is 0 once it has committed.",
      .flags = append_flags(*arguments),
      .positionals = {{.name = "FILE",
                       .help = "Input; - or none reads standard input.",
                       .set = cli::into_texts(arguments->options.files),
                       .count_max = cli::kMany}},
      .examples = {{.line = "prom-scrape http://localhost:9100/metrics "
                            "--count 1 | prom-store append",
                    .what = "scrape once into ./prom-data"},
                   {.line = "echo 'backup_bytes 123' | prom-store append",
                    .what = "one sample, now"}},
      .run = [arguments](cli::Io& io) { return run(*arguments, io); }};
}

using Inspect = cli::Exit (*)(const InspectOptions&, cli::Io&);

cli::Command inspect_command(std::string name, std::string summary,
                             Inspect inspect, bool with_top) {
  const auto options = std::make_shared<InspectOptions>();
  cli::Command command{
      .name = std::move(name),
      .summary = std::move(summary),
      .flags = {store_flag(options->store),
                {.name = "output",
                 .short_name = "o",
                 .value = "FORMAT",
                 .help = "text or json; default text.",
                 .set = cli::into_text(options->output)}},
      .run = [options, inspect](cli::Io& io) {
        InspectOptions resolved = *options;
        if (resolved.store.empty()) resolved.store = default_store();
        if (resolved.output != "text" && resolved.output != "json") {
          io.complain("-o is text or json");
          return cli::Exit::kUsage;
        }
        return inspect(resolved, io);
      }};
  if (command.name == "verify")
    command.flags.push_back(
        {.name = "repair",
         .help = "Make a new manifest of the blocks when it is lost or "
                 "damaged; deletions that wait for a merge are forgotten.",
         .set = cli::into_switch(options->repair)});
  if (with_top)
    command.flags.push_back(
        {.name = "top",
         .value = "N",
         .help = "Rows of each table of the largest; default 10, 0: none.",
         .set = cli::into_count(options->top, 0, 1'000'000)});
  return command;
}

}  // namespace

cli::Command command() {
  return {
      .name = "prom-store",
      .summary = "keep samples in a directory",
      .description =
          "The only writer of a store. Reading needs no server: prom-query "
          "reads the same files.",
      .subcommands = {append_command(), import_command(), export_command(),
                      compact_command(), retain_command(), delete_command(),
                      clean_command(), backup_command(), restore_command(),
                      inspect_command("ls", "list sources and files", run_ls,
                                      false),
                      inspect_command("stats", "sizes, times and cardinality",
                                      run_stats, true),
                      inspect_command("verify", "check every checksum",
                                      run_verify, false)},
  };
}

}  // namespace prom::store
