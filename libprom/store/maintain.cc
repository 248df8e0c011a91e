#include "libprom/store/maintain.h"

#include <memory>

#include <fmt/format.h>

#include "libprom/base/duration.h"
#include "libprom/os/process.h"
#include "libprom/promql/parser.h"
#include "libprom/store/compact.h"
#include "libprom/store/ctl.h"
#include "libprom/store/default_store.h"
#include "libprom/store/delete_samples.h"
#include "libprom/store/generation_request.h"
#include "libprom/store/settings.h"

namespace prom::store {
namespace {

struct Arguments {
  std::string store;
  bool all = false;
  bool background = false;
  bool unsafe_filesystem = false;
  // retention
  std::string config_file;
  std::int64_t keep_ms = 0;  // 0: not given, in all three
  std::uint64_t bytes_max = 0;
  double share_max = 0;
  // delete
  std::vector<std::string> selectors;
  std::string start;
  std::string end;
};

cli::Exit complain(const Error& error, cli::Io& io) {
  io.complain(error.message);
  return cli::exit_for(error.code);
}

// Flags before prometheus.yml before STORE/retention.
Result<Retention> retention_of(const Arguments& given) {
  auto retention = configured_retention(given.store, given.config_file);
  if (!retention) return retention;
  if (given.keep_ms > 0) retention->keep_ms = given.keep_ms;
  if (given.bytes_max > 0) retention->bytes_max = given.bytes_max;
  if (given.share_max > 0) retention->share_max = given.share_max;
  return retention;
}

// The store, checked to be one.
Status resolve_store(Arguments& given) {
  if (given.store.empty()) given.store = default_store();
  const auto generations = list_generations(given.store);
  return generations ? Status() : fail(generations.error());
}

cli::Exit run_compaction(Arguments given, CompactOptions options, cli::Io& io) {
  if (Status found = resolve_store(given); !found)
    return complain(found.error(), io);
  if (given.background) os::lower_priority();
  auto retention = retention_of(given);
  if (!retention) return complain(retention.error(), io);
  options.store = given.store;
  options.retention = std::move(*retention);
  if (given.all) {
    const Status begun = request_generation(
        os::real_file_system(), io.clock, given.store, given.unsafe_filesystem);
    if (!begun) return complain(begun.error(), io);
  }
  const auto report = compact(os::real_file_system(), io.clock, options);
  if (!report) return complain(report.error(), io);
  for (const std::string& damage : report->damage)
    io.complain("warning: " + damage);
  io.out.write(fmt::format(
      "merged: {} of the head, {} blocks; made: {} blocks, {} samples; "
      "dropped as too old: {} blocks\n",
      report->generations, report->blocks_merged, report->blocks_made,
      report->samples_written, report->blocks_outlived));
  return cli::Exit::kOk;
}

cli::Exit run_delete(Arguments given, cli::Io& io) {
  if (Status found = resolve_store(given); !found)
    return complain(found.error(), io);
  if (given.selectors.empty()) {
    io.complain("--match says what to delete");
    return cli::Exit::kUsage;
  }
  std::vector<Matchers> all;
  for (const std::string& selector : given.selectors) {
    auto matchers = promql::parse_selector(selector);
    if (!matchers) return complain(promql::to_error(matchers.error()), io);
    all.push_back(std::move(*matchers));
  }
  const std::int64_t now_ms = io.clock.wall_ms();
  TimeRange range{.min_ms = INT64_MIN, .max_ms = INT64_MAX};
  for (const auto& [text, into] : {std::pair(&given.start, &range.min_ms),
                                   std::pair(&given.end, &range.max_ms)}) {
    if (text->empty()) continue;
    const auto t_ms = parse_time_ms(*text, now_ms);
    if (!t_ms) {
      io.complain(t_ms.error().message);
      return cli::Exit::kUsage;
    }
    *into = *t_ms;
  }
  const Status done =
      delete_samples(os::real_file_system(), io.clock, given.store, all, range,
                     given.unsafe_filesystem);
  return done ? cli::Exit::kOk : complain(done.error(), io);
}

cli::Flag unsafe_flag(Arguments& into) {
  return {.name = "unsafe-filesystem",
          .help = "Write a store on a network or FUSE file system.",
          .set = cli::into_switch(into.unsafe_filesystem),
          .common = false};
}

std::vector<cli::Flag> retention_flags(Arguments& into) {
  return {
      store_flag(into.store),
      {.name = "config.file",
       .value = "FILE",
       .help = "A prometheus.yml whose storage section says what to keep.",
       .set = cli::into_text(into.config_file)},
      {.name = "keep",
       .value = "D",
       .help = "Keep samples for so long; default as DIR/retention says, else "
               "for ever.",
       .set = cli::into_duration(into.keep_ms)},
      {.name = "size",
       .value = "SIZE",
       .help = "Keep so many bytes, of the newest samples; default no limit.",
       .set = cli::into_size(into.bytes_max)},
      {.name = "share",
       .value = "P",
       .help = "Take at most so many percent of the disk; default no limit.",
       .set = cli::into_number(into.share_max)},
      {.name = "background",
       .help = "Run at low priority, with idle input and output.",
       .set = cli::into_switch(into.background)},
  };
}

}  // namespace

cli::Command compact_command() {
  const auto given = std::make_shared<Arguments>();
  cli::Command command{
      .name = "compact",
      .summary = "make blocks of what was appended",
      .description =
          "Closed generations of the head become blocks, small blocks become "
          "large ones, and what is deleted or too old goes. prom-store append "
          "runs it by itself.",
      .flags = retention_flags(*given),
      .examples = {{.line = "prom-store compact --all",
                    .what = "everything into blocks, now"}},
      .run = [given](cli::Io& io) {
        return run_compaction(*given, {.all = given->all}, io);
      }};
  command.flags.push_back(
      {.name = "all",
       .help = "Also what is being appended to, and windows that are not over.",
       .set = cli::into_switch(given->all)});
  command.flags.push_back(unsafe_flag(*given));
  return command;
}

cli::Command retain_command() {
  const auto given = std::make_shared<Arguments>();
  return {.name = "retain",
          .summary = "remove what is too old or too much",
          .description =
              "By the rules of DIR/retention, prometheus.yml and flags. Only "
              "blocks can go; prom-store compact makes them and does the same.",
          .flags = retention_flags(*given),
          .examples = {{.line = "prom-store retain --keep 90d --size 500GB",
                        .what = "at most 90 days and 500 GB"}},
          .run = [given](cli::Io& io) {
            return run_compaction(*given, {.heads = false, .merge = false}, io);
          }};
}

cli::Command clean_command() {
  const auto given = std::make_shared<Arguments>();
  return {.name = "clean",
          .summary = "take deleted samples off the disk",
          .description = "Merges do it in time; this does it now.",
          .flags = {store_flag(given->store),
                    {.name = "background",
                     .help = "Run at low priority, with idle input and output.",
                     .set = cli::into_switch(given->background)}},
          .run = [given](cli::Io& io) {
            return run_compaction(*given, {.merge = false, .clean = true}, io);
          }};
}

cli::Command delete_command() {
  const auto given = std::make_shared<Arguments>();
  return {
      .name = "delete",
      .summary = "delete samples by selector and time",
      .description =
          "They are gone for every reader at once, and from the disk with the "
          "next merge or prom-store clean. What is appended later stays.",
      .flags = {store_flag(given->store),
                {.name = "match",
                 .value = "SELECTOR",
                 .help = "Series to delete samples of; may be repeated.",
                 .set = cli::into_texts(given->selectors)},
                {.name = "start",
                 .value = "T",
                 .help = "From this time on; default the beginning.",
                 .set = cli::into_text(given->start)},
                {.name = "end",
                 .value = "T",
                 .help = "Up to this time; default the end.",
                 .set = cli::into_text(given->end)},
                unsafe_flag(*given)},
      .examples = {{.line = "prom-store delete --match '{job=\"test\"}'",
                    .what = "everything of a job"}},
      .run = [given](cli::Io& io) { return run_delete(*given, io); }};
}

}  // namespace prom::store
