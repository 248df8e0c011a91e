#include "libprom/discover/command.h"

#include <memory>

#include "libprom/discover/check.h"
#include "libprom/discover/options.h"
#include "libprom/discover/run.h"

namespace prom::discover {
namespace {

cli::Flag config_flag(Options& o) {
  return {.name = "config.file",
          .value = "FILE",
          .help = "Read the jobs from this prometheus.yml.",
          .set = cli::into_text(o.config_file)};
}

std::vector<cli::Flag> flags(Options& o) {
  std::vector<cli::Flag> all = {
      config_flag(o),
      {.name = "job",
       .value = "NAME",
       .help = "Only this job (default all).",
       .set = cli::into_text(o.job)},
      {.name = "once",
       .help = "Write every job once, then end.",
       .set = cli::into_switch(o.once)},
      {.name = "output",
       .short_name = "o",
       .value = "FORMAT",
       .help = "jsonl for prom-scrape, or file_sd for a Prometheus, which "
               "implies --once (default jsonl).",
       .set = cli::into_text(o.output)},
      {.name = "trace-relabel",
       .help = "Show what each relabelling rule does to each target.",
       .set = cli::into_switch(o.trace_relabel)},
      {.name = "batch",
       .value = "D",
       .help = "Gather changes of a job this long before writing them "
               "(default 5s).",
       .set = cli::into_duration(o.batch_ms),
       .group = "Service",
       .common = false},
  };
  for (cli::Flag& flag : service::flags(o.service, "prom-discover"))
    all.push_back(std::move(flag));
  return all;
}

}  // namespace

cli::Command command() {
  const auto options = std::make_shared<Options>();
  return {
      .name = "prom-discover",
      .summary = "find the targets of prometheus.yml's jobs",
      .description =
          "Writes one JSON line with all targets of a job at each change of "
          "the job: from static_configs, file_sd_configs and "
          "http_sd_configs, relabelled as Prometheus does.  Files are read "
          "again as they change; a source that fails keeps the targets it "
          "had.  SIGHUP or a changed file reloads the configuration.",
      .flags = flags(*options),
      .subcommands = {{.name = "check",
                       .summary = "check the whole configuration",
                       .description =
                           "Reports everything that is wrong in the file and "
                           "in the files it names, with positions.  "
                           "Expressions are checked by prom-rules check.",
                       .flags = {config_flag(*options)},
                       .run =
                           [options](cli::Io& io) {
                             if (options->config_file.empty()) {
                               io.complain("--config.file is required");
                               return cli::Exit::kUsage;
                             }
                             return check(options->config_file, io);
                           }}},
      .examples = {{"prom-discover --config.file prometheus.yml | prom-scrape "
                    "--config.file prometheus.yml",
                    "discover and scrape"},
                   {"prom-discover --config.file prometheus.yml --once -o "
                    "file_sd >targets.json",
                    "for a Prometheus to read"},
                   {"prom-discover --config.file prometheus.yml --job node "
                    "--trace-relabel",
                    "why is this target (not) there"},
                   {"prom-discover check --config.file prometheus.yml",
                    "before a reload"}},
      .run = [options](cli::Io& io) { return run(*options, io); },
  };
}

}  // namespace prom::discover
