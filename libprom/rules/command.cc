#include "libprom/rules/command.h"

#include <memory>

#include "libprom/rules/check_command.h"
#include "libprom/rules/eval_command.h"
#include "libprom/rules/run_command.h"
#include "libprom/rules/test_command.h"

namespace prom::rules {
namespace {

// Every subcommand that evaluates has these.
cli::Flag feature_flag(std::vector<std::string>& into) {
  return {.name = "enable-feature",
          .value = "NAME",
          .help =
              "Turn on an experimental part of PromQL, by upstream's name; "
              "may be given more than once.",
          .set = cli::into_texts(into),
          .common = false};
}

cli::Flag store_flag(std::string& into) {
  return {.name = "storage",
          .short_name = "S",
          .value = "DIR",
          .help = "The store to read (default $PROM_STORE or ./prom-data).",
          .set = cli::into_text(into)};
}

cli::Flag state_flag(std::string& into) {
  return {.name = "state",
          .value = "FILE",
          .help = "Keep the states of alerts in FILE (default DIR.rules).",
          .set = cli::into_text(into)};
}

cli::Flag url_flag(std::string& into) {
  return {.name = "web.external-url",
          .value = "URL",
          .help = "Where links in alerts lead to.",
          .set = cli::into_text(into)};
}

cli::Positional files(std::vector<std::string>& into) {
  return {.name = "FILE",
          .help = "a rule file",
          .set = cli::into_texts(into),
          .count_max = cli::kMany};
}

cli::Command check_subcommand() {
  auto o = std::make_shared<CheckOptions>();
  return {.name = "check",
          .summary = "find everything that is wrong in rule files",
          .description =
              "Checks syntax, expressions and templates and looks for rules "
              "that are hardly meant. All findings are reported in one run.",
          .flags = {{.name = "config.file",
                     .value = "FILE",
                     .help = "Also check the rule_files of this "
                             "prometheus.yml.",
                     .set = cli::into_text(o->config_file)},
                    {.name = "no-lint",
                     .help = "Report errors only.",
                     .set = cli::into_switch(o->no_lint)},
                    feature_flag(o->features)},
          .positionals = {files(o->files)},
          .examples = {{"prom-rules check rules/*.yml",
                        "exit 1 for errors, 3 for mere findings"}},
          .run = [o](cli::Io& io) { return check(*o, io); }};
}

cli::Command eval_subcommand() {
  auto o = std::make_shared<EvalOptions>();
  return {
      .name = "eval",
      .summary = "evaluate rules once, for cron",
      .description =
          "Evaluates all rules at one time. Alerts go to standard output as "
          "JSON lines, recorded samples into the store. What must be known "
          "from run to run, so that `for` works, is in the state file.",
      .flags = {store_flag(o->store),
                {.name = "config.file",
                 .value = "FILE",
                 .help = "Take rule files, intervals, external labels and "
                         "relabelling from this prometheus.yml.",
                 .set = cli::into_text(o->config_file)},
                {.name = "time",
                 .value = "T",
                 .help = "Evaluate at T (default now).",
                 .set = cli::into_text(o->time)},
                state_flag(o->state),
                {.name = "samples",
                 .value = "FILE",
                 .help = "Write recorded samples to FILE, - for standard "
                         "output, instead of appending them to the store.",
                 .set = cli::into_text(o->samples)},
                {.name = "alerts",
                 .value = "FILE",
                 .help = "Write alerts to FILE (default -, standard output).",
                 .set = cli::into_text(o->alerts)},
                url_flag(o->external_url),
                feature_flag(o->features)},
      .positionals = {files(o->files)},
      .examples = {{"prom-rules eval rules.yml | prom-alert send",
                    "from cron, once a minute"},
                   {"prom-rules eval --samples - --alerts /dev/null rules.yml",
                    "what would be recorded now"}},
      .run = [o](cli::Io& io) { return eval(*o, io); }};
}

std::vector<cli::Flag> run_flags(RunOptions& o) {
  std::vector<cli::Flag> all = {
      {.name = "config.file",
       .value = "FILE",
       .help = "The prometheus.yml that names rule files and Alertmanagers.",
       .set = cli::into_text(o.config_file)},
      store_flag(o.store),
      {.name = "wire",
       .short_name = "w",
       .help = "Write frames for prom-store instead of text.",
       .set = cli::into_switch(o.wire)},
      {.name = "samples",
       .value = "FILE",
       .help = "Write recorded samples to FILE (default -, standard output).",
       .set = cli::into_text(o.samples)},
      {.name = "alerts",
       .value = "TO",
       .help = "Write alerts to - or a file, or send them to the Alertmanager "
               "at a URL (default: those of the configuration).",
       .set = cli::into_text(o.alerts)},
      state_flag(o.state),
      url_flag(o.external_url),
      {.name = "without-writer",
       .help = "Evaluate even while nothing writes to the store.",
       .set = cli::into_switch(o.without_writer),
       .common = false},
      {.name = "rules.alert.resend-delay",
       .value = "D",
       .help = "Tell a firing alert again after D (default 1m).",
       .set = cli::into_duration(o.resend_delay_ms),
       .group = "Alerts",
       .common = false},
      {.name = "rules.alert.for-outage-tolerance",
       .value = "D",
       .help = "Restore `for` after an outage of at most D (default 1h).",
       .set = cli::into_duration(o.outage_tolerance_ms),
       .group = "Alerts",
       .common = false},
      {.name = "rules.alert.for-grace-period",
       .value = "D",
       .help = "Least time a restored alert still pends; rules with a shorter "
               "`for` are not restored from the store (default 10m).",
       .set = cli::into_duration(o.for_grace_ms),
       .group = "Alerts",
       .common = false},
      {.name = "alertmanager.notification-queue-capacity",
       .value = "N",
       .help = "Alerts that wait for one Alertmanager (default 10000).",
       .set = cli::into_count(o.queue_capacity, 1),
       .group = "Alerts",
       .common = false},
      {.name = "rules.max-concurrent-evals",
       .value = "N",
       .help = "Groups evaluated at the same time (default 4).",
       .set = cli::into_count(o.concurrent_evals, 1, 64),
       .common = false},
      feature_flag(o.features),
  };
  for (cli::Flag& flag : service::flags(o.service, "prom-rules"))
    all.push_back(std::move(flag));
  return all;
}

cli::Command run_subcommand() {
  auto o = std::make_shared<RunOptions>();
  return {.name = "run",
          .summary = "evaluate rules at their intervals, as a daemon",
          .description =
              "Evaluates groups at their intervals. Recorded samples go to "
              "standard output for prom-store, alerts to the Alertmanagers of "
              "the configuration. SIGHUP reloads; groups that did not change "
              "keep their states.",
          .flags = run_flags(*o),
          .positionals = {files(o->files)},
          .examples = {{"prom-rules run --config.file prometheus.yml --wire | "
                        "prom-store append",
                        "what the rule manager of Prometheus does"}},
          .run = [o](cli::Io& io) { return run(*o, io); }};
}

cli::Command test_subcommand() {
  auto o = std::make_shared<TestOptions>();
  return {.name = "test",
          .summary = "run unit tests of rules",
          .description =
              "Runs tests in promtool's format: input series, and what rules "
              "and expressions make of them.",
          .flags = {{.name = "run",
                     .value = "REGEX",
                     .help = "Only tests whose name matches.",
                     .set = cli::into_text(o->run)},
                    {.name = "json",
                     .help = "Print results as JSON lines.",
                     .set = cli::into_switch(o->json)},
                    feature_flag(o->features)},
          .positionals = {{.name = "FILE",
                           .help = "a test file",
                           .set = cli::into_texts(o->files),
                           .count_min = 1,
                           .count_max = cli::kMany}},
          .examples = {{"prom-rules test tests/*.yml", "all of them"}},
          .run = [o](cli::Io& io) { return test(*o, io); }};
}

}  // namespace

cli::Command command() {
  return {.name = "prom-rules",
          .summary = "evaluate recording and alerting rules",
          .subcommands = {check_subcommand(), test_subcommand(),
                          eval_subcommand(), run_subcommand()},
          .examples = {{"prom-rules check rules.yml", "before a reload"}}};
}

}  // namespace prom::rules
