#include "libprom/alert/command_internal.h"
#include "libprom/alert/plan.h"
#include "libprom/cli/diagnostics.h"
#include "libprom/config/load.h"
#include "libprom/os/file.h"

namespace prom::alert {
namespace {

struct Options {
  std::vector<std::string> files;
  std::string features;
};

config::Loaded<config::AlertmanagerConfig> load(const std::string& file) {
  if (file != "-") return config::load_alertmanager(file);
  auto text = os::read_file("-", 16ULL << 20U);
  if (text) return config::parse_alertmanager(*text, "stdin");
  return std::unexpected(
      Diagnostics{{.file = "-", .message = std::move(text).error().message}});
}

std::string counts(const config::AlertmanagerConfig& config,
                   const Compiled& compiled) {
  return std::to_string(config.receivers.size()) + " receivers, " +
         std::to_string(compiled.integrations) + " integrations, " +
         std::to_string(config.inhibit_rules.size()) + " inhibit rules, " +
         std::to_string(config.time_intervals.size()) + " time intervals, " +
         std::to_string(config.templates.size()) + " template patterns";
}

// False when the file cannot be used.
bool check_file(const std::string& file, MatcherMode mode, cli::Io& io,
                bool& warned) {
  auto config = load(file);
  if (!config) {
    cli::show(config.error(), io.err, io.color);
    return false;
  }
  Diagnostics findings = config->warnings;
  auto compiled = compile(*config, mode);
  if (!compiled) {
    findings.insert(findings.end(), compiled.error().begin(),
                    compiled.error().end());
    cli::show(findings, io.err, io.color);
    return false;
  }
  findings.insert(findings.end(), compiled->warnings.begin(),
                  compiled->warnings.end());
  cli::show(findings, io.err, io.color);
  warned = warned || !findings.empty();
  io.out.write(file + ": ok, " + counts(*config, *compiled) + "\n");
  return true;
}

cli::Exit check(const Options& options, cli::Io& io) {
  auto mode = parse_features(options.features);
  if (!mode) return report(io, mode.error());
  const std::vector<std::string> standard_input = {"-"};
  bool good = true;
  bool warned = false;
  for (const std::string& file :
       options.files.empty() ? standard_input : options.files)
    good = check_file(file, *mode, io, warned) && good;
  if (!good) return cli::Exit::kNo;
  return warned ? cli::Exit::kLint : cli::Exit::kOk;
}

}  // namespace

cli::Command check_command() {
  auto options = std::make_shared<Options>();
  return {
      .name = "check",
      .summary = "check configuration files",
      .description =
          "Reads each file as a server would, its matchers, time zones "
          "and templates included, and reports every error with its "
          "place. Exit 0: good; 1: errors; 3: warnings only.",
      .flags = {{.name = "enable-feature",
                 .value = "LIST",
                 .help = "classic-mode or utf8-strict-mode.",
                 .set = cli::into_text(options->features),
                 .common = false}},
      .positionals = {{.name = "FILE",
                       .help = "Files to check; standard input without.",
                       .set = cli::into_texts(options->files),
                       .count_max = cli::kMany}},
      .examples = {{"prom-alert check alertmanager.yml", "before a reload"}},
      .run = [options](cli::Io& io) { return check(*options, io); }};
}

}  // namespace prom::alert
