#include "libprom/scrape/check_command.h"

#include <algorithm>
#include <memory>

#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/cli/table.h"
#include "libprom/exposition/lint.h"
#include "libprom/scrape/exposition_input.h"

namespace prom::scrape {
namespace {

using cli::Exit;

struct Options {
  std::vector<std::string> inputs;
  bool no_lint = false;
  bool extended = false;
};

// Families by the number of their series, the largest first.
void write_cardinality(const exposition::LintReport& report, cli::Io& io) {
  std::vector<std::pair<std::string, std::uint64_t>> families(
      report.series.begin(), report.series.end());
  std::ranges::stable_sort(families, std::ranges::greater(),
                           [](const auto& family) { return family.second; });
  std::uint64_t total = 0;
  for (const auto& [name, series] : families) total += series;
  cli::Table table({{.title = "family"},
                    {.title = "series", .align = cli::Table::Align::kRight},
                    {.title = "share", .align = cli::Table::Align::kRight}});
  for (const auto& [name, series] : families) {
    const std::uint64_t tenths =
        total == 0 ? 0 : (series * 2000 + total) / (total * 2);
    table.add({name, std::to_string(series),
               std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) +
                   " %"});
  }
  table.write(io.out, 0, io.color);
}

Exit check_one(const std::string& name, const Options& options, cli::Io& io) {
  const std::string shown = name == "-" ? "standard input" : name;
  const auto input = read_exposition(name, io);
  if (!input) {
    io.complain(shown + ": " + input.error().message);
    return cli::exit_for(input.error().code);
  }
  const auto report = exposition::lint(input->body, input->format);
  if (!report) {
    io.complain(shown + ":" + report.error().message);
    return cli::exit_for(report.error().code);
  }
  if (options.extended) write_cardinality(*report, io);
  if (options.no_lint) return Exit::kOk;
  for (const exposition::LintFinding& finding : report->findings)
    io.out.write(printable(finding.family) + ": " + printable(finding.text) +
                 "\n");
  return report->findings.empty() ? Exit::kOk : Exit::kLint;
}

// The worst of all: what could not be read or parsed before mere findings.
Exit check(const Options& options, cli::Io& io) {
  const std::vector<std::string> inputs =
      options.inputs.empty() ? std::vector<std::string>{"-"} : options.inputs;
  Exit worst = Exit::kOk;
  for (const std::string& name : inputs)
    worst = std::max(worst, check_one(name, options, io));
  return worst;
}

}  // namespace

cli::Command check_subcommand() {
  const auto options = std::make_shared<Options>();
  return {
      .name = "check",
      .summary = "find what makes metrics hard to use",
      .description =
          "Checks that text parses, and looks for metrics without help, with "
          "names or units that break the conventions, and series that stand "
          "there twice.",
      .flags = {{.name = "extended",
                 .help = "Also show how many series each family has.",
                 .set = cli::into_switch(options->extended)},
                {.name = "no-lint",
                 .help = "Only check that the text parses.",
                 .set = cli::into_switch(options->no_lint)}},
      .positionals = {{.name = "INPUT",
                       .help = "a URL, a file, or - (default)",
                       .set = cli::into_texts(options->inputs),
                       .count_max = cli::kMany}},
      .examples = {{"prom-scrape check http://localhost:9100/metrics",
                    "exit 3 for mere findings, 65 for bad text"}},
      .run = [options](cli::Io& io) { return check(*options, io); }};
}

}  // namespace prom::scrape
