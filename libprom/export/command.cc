#include "libprom/export/command.h"

#include <memory>

#include "libprom/export/collector.h"
#include "libprom/export/command_run.h"
#include "libprom/export/host_run.h"
#include "libprom/export/output.h"

namespace prom::exports {
namespace {

cli::Flag output_flag(std::string& into) {
  return {.name = "output",
          .short_name = "o",
          .value = "FILE",
          .help = "Replace FILE in one step (default: standard output).",
          .set = cli::into_text(into)};
}

std::vector<cli::Flag> exclusion_flags(HostOptions& o) {
  const auto flag = [](std::string name, const std::string& what,
                       std::string& into) {
    return cli::Flag{.name = std::move(name),
                     .value = "REGEX",
                     .help = "Leave out " + what +
                             " that match wholly (default: node_exporter's).",
                     .set = cli::into_text(into),
                     .group = "Exclusions",
                     .common = false};
  };
  return {
      flag("exclude-disks", "disks", o.disks_excluded),
      flag("exclude-interfaces", "network interfaces", o.interfaces_excluded),
      flag("exclude-mounts", "mount points", o.mounts_excluded),
      flag("exclude-filesystems", "types of file systems",
           o.file_systems_excluded)};
}

std::vector<cli::Flag> host_flags(HostOptions& o) {
  std::vector<cli::Flag> flags = {
      {.name = "listen",
       .value = "ADDRESS",
       .help = "Serve http://ADDRESS/metrics instead of printing.",
       .set = cli::into_text(o.listen)},
      {.name = "collect",
       .value = "NAME",
       .help = "Run only the collectors given so (default: all).",
       .set = cli::into_texts(o.collect)},
      {.name = "no-collect",
       .value = "NAME",
       .help = "Do not run this collector.",
       .set = cli::into_texts(o.no_collect)},
      output_flag(o.output),
      {.name = "text-directory",
       .value = "DIR",
       .help = "Where *.prom files are; may be a pattern (default "
               "/var/lib/prometheus/node-exporter).",
       .set = cli::into_text(o.text_directory)},
      {.name = "proc",
       .value = "DIR",
       .help = "Where procfs is (default /proc).",
       .set = cli::into_text(o.proc),
       .group = "Paths",
       .common = false},
      {.name = "sys",
       .value = "DIR",
       .help = "Where sysfs is (default /sys).",
       .set = cli::into_text(o.sys),
       .group = "Paths",
       .common = false},
      {.name = "root",
       .value = "DIR",
       .help = "Where the host's files are, seen from a container (default /).",
       .set = cli::into_text(o.root),
       .group = "Paths",
       .common = false},
  };
  for (cli::Flag& flag : exclusion_flags(o)) flags.push_back(std::move(flag));
  flags.push_back(service::run_dir_flag(o.service, "prom-export"));
  flags.push_back(service::ready_flag(o.service));
  for (cli::Flag& flag : service::log_flags(o.service))
    flags.push_back(std::move(flag));
  return flags;
}

cli::Command host_command() {
  const auto options = std::make_shared<HostOptions>();
  std::string names;
  for (const Collector& collector : collectors())
    names += (names.empty() ? "" : " ") + std::string(collector.name);
  return {.name = "host",
          .summary = "metrics of this host, named as node_exporter names them",
          .description = "Collectors: " + names + ".",
          .flags = host_flags(*options),
          .run = [options](cli::Io& io) { return run_host(*options, io); }};
}

cli::Command command_command() {
  const auto options = std::make_shared<CommandOptions>();
  return {
      .name = "command",
      .summary = "run a command; its duration, exit status and samples",
      .flags = {{.name = "name",
                 .value = "NAME",
                 .help = "Value of the label command (default: file name of "
                         "the command).",
                 .set = cli::into_text(options->name)},
                {.name = "timeout",
                 .value = "D",
                 .help = "End the command after this time (default 5m).",
                 .set = cli::into_duration(options->timeout_ms)},
                output_flag(options->output)},
      .positionals = {{.name = "CMD",
                       .help = "The command and its arguments, behind --.",
                       .set = cli::into_texts(options->arguments),
                       .count_min = 1,
                       .count_max = cli::kMany}},
      .run = [options](cli::Io& io) { return run_command(*options, io); }};
}

struct TextfileOptions {
  std::string directory;
  std::string output;
};

cli::Exit run_textfile(const TextfileOptions& options, cli::Io& io) {
  Families families;
  const Status status = collect_text_directory(options.directory, families);
  if (!status) io.complain(status.error().message);
  const cli::Exit written = write_output(families.text(), options.output, io);
  if (written != cli::Exit::kOk || status) return written;
  return cli::exit_for(status.error().code);
}

cli::Command textfile_command() {
  const auto options = std::make_shared<TextfileOptions>();
  return {.name = "textfile",
          .summary = "the samples of all *.prom files of a directory",
          .flags = {output_flag(options->output)},
          .positionals = {{.name = "DIR",
                           .help = "The directory; may be a pattern.",
                           .set = cli::into_text(options->directory),
                           .count_min = 1}},
          .run = [options](cli::Io& io) { return run_textfile(*options, io); }};
}

}  // namespace

cli::Command command() {
  return {
      .name = "prom-export",
      .summary = "print what there is to measure as exposition text",
      .description =
          "Prints the metrics of this host, of a command or of files in the "
          "Prometheus text format, or serves those of the host.",
      .subcommands = {host_command(), command_command(), textfile_command()},
      .examples = {
          {"prom-export host | grep node_load", "load averages"},
          {"prom-export host --listen :9100", "in place of node_exporter"},
          {"prom-export host --collect cpu --collect meminfo",
           "two collectors only"},
          {"prom-export command -o /var/lib/prometheus/node-exporter/b.prom "
           "-- backup --all",
           "from cron: did it work, how long did it take"},
          {"prom-export host >h.prom; prom-query h.prom node_load1",
           "this host, without any server"}}};
}

}  // namespace prom::exports
