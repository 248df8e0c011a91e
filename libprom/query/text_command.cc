// prom-query fmt, check: about expressions themselves; no data is read.
#include <memory>

#include "libprom/cli/diagnostics.h"
#include "libprom/os/file.h"
#include "libprom/promql/format.h"
#include "libprom/promql/lint.h"
#include "libprom/promql/parser.h"
#include "libprom/query/command_internal.h"

namespace prom::query {
namespace {

struct Options {
  std::vector<std::string> expressions;
  std::vector<std::string> features;
};

// The expressions that were given, or one a line of standard input.
Result<std::vector<std::string>> expressions_of(const Options& options,
                                                const cli::Io& io) {
  const bool from_input =
      options.expressions.empty() ||
      (options.expressions.size() == 1 && options.expressions[0] == "-");
  if (!from_input) return options.expressions;
  if (io.in_is_terminal) {
    return fail(Code::kUsage,
                "an expression is needed, or one a line on standard input");
  }
  const Result<std::string> text =
      os::read_all(io.in_fd, promql::kExpressionBytesMax * 1024);
  if (!text) return fail(text.error());
  std::vector<std::string> lines;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    if (end != 0) lines.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return lines;
}

promql::ParseOptions parse_options(const Options& options) {
  promql::ParseOptions parse;
  for (const std::string& feature : options.features)
    (void)parse.enable(feature);
  return parse;
}

cli::Exit run_fmt(const Options& options, cli::Io& io) {
  const auto expressions = expressions_of(options, io);
  if (!expressions) {
    io.complain(expressions.error().message);
    return cli::exit_for(expressions.error().code);
  }
  cli::Exit exit = cli::Exit::kOk;
  for (const std::string& text : *expressions) {
    const auto expr = promql::parse(text, parse_options(options));
    if (expr) {
      io.out.write(promql::pretty(**expr) + "\n");
    } else {
      cli::show(expr.error(), text, io.err, io.color);
      exit = cli::Exit::kBadData;
    }
  }
  return exit;
}

cli::Exit run_check(const Options& options, cli::Io& io) {
  const auto expressions = expressions_of(options, io);
  if (!expressions) {
    io.complain(expressions.error().message);
    return cli::exit_for(expressions.error().code);
  }
  cli::Exit exit = cli::Exit::kOk;
  for (const std::string& text : *expressions) {
    const auto expr = promql::parse(text, parse_options(options));
    if (!expr) {
      cli::show(expr.error(), text, io.out, io.color);
      exit = cli::Exit::kNo;
      continue;
    }
    const Diagnostics findings = promql::lint(text, **expr);
    cli::show(findings, text, io.out, io.color);
    if (!findings.empty() && exit == cli::Exit::kOk) exit = cli::Exit::kLint;
  }
  return exit;
}

std::vector<cli::Flag> text_flags(Options& options) {
  return {{.name = "enable-feature",
           .value = "NAME",
           .help = "turn on an experimental part by upstream's name",
           .set = cli::into_texts(options.features)}};
}

cli::Positional expression_positional(Options& options) {
  return {.name = "EXPR",
          .help = "expressions; without any, one a line of standard input",
          .set = cli::into_texts(options.expressions),
          .count_max = cli::kMany};
}

}  // namespace

cli::Command fmt_command() {
  auto options = std::make_shared<Options>();
  return {.name = "fmt",
          .summary = "lays expressions out for reading",
          .flags = text_flags(*options),
          .positionals = {expression_positional(*options)},
          .run = [options](cli::Io& io) { return run_fmt(*options, io); }};
}

cli::Command check_command() {
  auto options = std::make_shared<Options>();
  return {.name = "check",
          .summary = "finds mistakes and what is hardly meant in expressions",
          .description =
              "Exits with 1 when an expression is wrong, with 3 "
              "when there are findings only.",
          .flags = text_flags(*options),
          .positionals = {expression_positional(*options)},
          .run = [options](cli::Io& io) { return run_check(*options, io); }};
}

}  // namespace prom::query
