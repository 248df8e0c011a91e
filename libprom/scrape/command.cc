#include "libprom/scrape/command.h"

#include <memory>

#include "libprom/scrape/check_command.h"
#include "libprom/scrape/convert_command.h"
#include "libprom/scrape/options.h"
#include "libprom/scrape/run.h"
#include "libprom/scrape/targets_command.h"

namespace prom::scrape {
namespace {

std::vector<cli::Flag> flags(Options& o) {
  std::vector<cli::Flag> all = {
      {.name = "config.file",
       .value = "FILE",
       .help = "Read the jobs' settings from this prometheus.yml.",
       .set = cli::into_text(o.config_file)},
      {.name = "job",
       .value = "NAME",
       .help = "Only this job; for URLs their job label (default scrape).",
       .set = cli::into_text(o.job)},
      {.name = "count",
       .short_name = "n",
       .value = "N",
       .help = "Scrape each target N times, then end (default for URLs: 1).",
       .set = cli::into_count(o.count, 1)},
      {.name = "once",
       .help = "The same as --count 1.",
       .set = cli::into_switch(o.once)},
      {.name = "interval",
       .short_name = "i",
       .value = "D",
       .help = "Time between scrapes of URLs (default 15s, 1s with --count).",
       .set = cli::into_duration(o.interval_ms)},
      {.name = "timeout",
       .value = "D",
       .help = "Time for one scrape of a URL (default 10s or the interval).",
       .set = cli::into_duration(o.timeout_ms)},
      {.name = "wire",
       .short_name = "w",
       .help = "Write frames for prom-store instead of text.",
       .set = cli::into_switch(o.wire)},
      {.name = "native-histograms",
       .help = "Ask URLs for protobuf and take native histograms.",
       .set = cli::into_switch(o.native_histograms),
       .common = false},
      {.name = "targets",
       .value = "FILE",
       .help = "Read target sets from FILE, - for standard input (default: "
               "standard input when it is a pipe, else prom-discover).",
       .set = cli::into_text(o.targets),
       .common = false},
      {.name = "record",
       .value = "FILE",
       .help = "Also keep what every target answers in this new file.",
       .set = cli::into_text(o.record),
       .group = "Recordings",
       .common = false},
      {.name = "replay",
       .value = "FILE",
       .help = "Scrape nothing; take the answers from a recording.",
       .set = cli::into_text(o.replay),
       .group = "Recordings",
       .common = false},
      {.name = "replay-speed",
       .value = "X",
       .help = "X times as fast as recorded (default 0: as fast as the reader "
               "takes it).",
       .set = cli::into_number(o.replay_speed),
       .group = "Recordings",
       .common = false},
      {.name = "allow-address",
       .value = "CIDR",
       .help = "Connect to these addresses even if they are denied.",
       .set = cli::into_texts(o.allow),
       .group = "Limits",
       .common = false},
      {.name = "deny-address",
       .value = "CIDR",
       .help = "Never connect to these addresses (default: link-local, "
               "multicast, unspecified).",
       .set = cli::into_texts(o.deny),
       .group = "Limits",
       .common = false},
      {.name = "body-size-limit",
       .value = "SIZE",
       .help = "Largest body of a URL after decompression (default 64MB).",
       .set = cli::into_size(o.body_bytes_max),
       .group = "Limits",
       .common = false},
      {.name = "sample-limit",
       .value = "N",
       .help = "Samples that a URL may have (default 1000000).",
       .set = cli::into_count(o.samples_max, 1),
       .group = "Limits",
       .common = false},
      {.name = "queue-size",
       .value = "SIZE",
       .help = "Memory for scrapes that the reader has not taken (default "
               "64MB).",
       .set = cli::into_size(o.queue_bytes_max),
       .group = "Limits",
       .common = false},
  };
  for (cli::Flag& flag : service::flags(o.service, "prom-scrape"))
    all.push_back(std::move(flag));
  return all;
}

}  // namespace

cli::Command command() {
  auto options = std::make_shared<Options>();
  return {
      .name = "prom-scrape",
      .summary = "fetch metrics from targets, write samples",
      .description =
          "Fetches the URLs, or the targets that prom-discover writes, again "
          "and again, and writes their samples to standard output.",
      .flags = flags(*options),
      .positionals = {{.name = "URL",
                       .help = "http://HOST:PORT/PATH, HOST:PORT, or the path "
                               "of a file with metrics",
                       .set = cli::into_texts(options->urls),
                       .count_max = cli::kMany}},
      .subcommands = {targets_subcommand(), check_subcommand(),
                      convert_subcommand()},
      .examples =
          {{"prom-scrape localhost:9100", "one scrape, as text"},
           {"prom-scrape localhost:9100 --count 2 | prom-query 'rate(x[1m])'",
            "a rate without a store"},
           {"prom-discover --config.file p.yml | prom-scrape --config.file "
            "p.yml --wire | prom-store append",
            "what a Prometheus server does"}},
      .run = [options](cli::Io& io) { return run(*options, io); }};
}

}  // namespace prom::scrape
