// prom-query fmt, check: about expressions themselves.  Data is read only where
// check is told what to hold them against.
#include <iterator>
#include <memory>
#include <optional>

#include "libprom/cli/diagnostics.h"
#include "libprom/os/file.h"
#include "libprom/promql/comments.h"
#include "libprom/promql/format.h"
#include "libprom/promql/lint.h"
#include "libprom/promql/parser.h"
#include "libprom/query/command_internal.h"
#include "libprom/query/data_lint.h"
#include "libprom/query/rule_format.h"

namespace prom::query {
namespace {

constexpr std::uint64_t kRuleFileBytesMax = 16ULL << 20U;

struct Options {
  std::vector<std::string> words;  // expressions, or rule files to format
  std::vector<std::string> features;
  InputOptions inputs;
  bool write = false;
  bool list = false;
};

// The expressions that were given, or one a line of standard input.
Result<std::vector<std::string>> expressions_of(const Options& options,
                                                const cli::Io& io) {
  const bool from_input = options.words.empty() || (options.words.size() == 1 &&
                                                    options.words[0] == "-");
  if (!from_input) return options.words;
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

cli::Exit refuse(const Error& error, cli::Io& io) {
  io.complain(error.message);
  return cli::exit_for(error.code);
}

// One rule file, in place or only looked at.
cli::Exit format_file(const std::string& path, const Options& options,
                      cli::Io& io) {
  const Result<std::string> text = os::read_file(path, kRuleFileBytesMax);
  if (!text) return refuse(text.error(), io);
  const auto formatted = format_rules(*text, path, parse_options(options));
  if (!formatted) return refuse(formatted.error(), io);
  cli::show(formatted->left, *text, io.err, io.color);
  if (formatted->changed == 0) return cli::Exit::kOk;
  if (options.list) {
    io.out.write(path + "\n");
    return cli::Exit::kNo;
  }
  const Status written =
      os::write_file_atomically(os::real_file_system(), path, formatted->text);
  if (!written) return refuse(written.error(), io);
  io.complain(path + ": " + std::to_string(formatted->changed) +
              " expressions formatted");
  return cli::Exit::kOk;
}

cli::Exit format_files(const Options& options, cli::Io& io) {
  if (options.words.empty()) {
    io.complain("--write and --list need rule files");
    return cli::Exit::kUsage;
  }
  cli::Exit exit = cli::Exit::kOk;
  for (const std::string& path : options.words) {
    const cli::Exit one = format_file(path, options, io);
    if (exit == cli::Exit::kOk || one > cli::Exit::kLint) exit = one;
  }
  return exit;
}

cli::Exit run_fmt(const Options& options, cli::Io& io) {
  if (options.write || options.list) return format_files(options, io);
  const auto expressions = expressions_of(options, io);
  if (!expressions) return refuse(expressions.error(), io);
  cli::Exit exit = cli::Exit::kOk;
  for (const std::string& text : *expressions) {
    const auto expr = promql::parse(text, parse_options(options));
    if (expr) {
      // The tree has no comments; those of the text come first.
      for (const std::string_view comment : promql::comments_of(text))
        io.out.write("#" + std::string(comment) + "\n");
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
  if (!expressions) return refuse(expressions.error(), io);
  std::optional<Inputs> inputs;
  if (options.inputs.names_any()) {
    auto opened = open_inputs(options.inputs, io);
    if (!opened) return refuse(opened.error(), io);
    inputs = std::move(*opened);
  }
  cli::Exit exit = cli::Exit::kOk;
  for (const std::string& text : *expressions) {
    const auto expr = promql::parse(text, parse_options(options));
    if (!expr) {
      cli::show(expr.error(), text, io.out, io.color);
      exit = cli::Exit::kNo;
      continue;
    }
    Diagnostics findings = promql::lint(text, **expr);
    if (inputs) {
      std::ranges::move(lint_against(*inputs->source, text, **expr),
                        std::back_inserter(findings));
    }
    promql::drop_suppressed(text, findings);
    cli::show(findings, text, io.out, io.color);
    if (!findings.empty() && exit == cli::Exit::kOk) exit = cli::Exit::kLint;
  }
  return exit;
}

cli::Flag feature_flag(Options& options) {
  return {.name = "enable-feature",
          .value = "NAME",
          .help = "turn on an experimental part by upstream's name",
          .set = cli::into_texts(options.features)};
}

}  // namespace

cli::Command fmt_command() {
  auto options = std::make_shared<Options>();
  return {
      .name = "fmt",
      .summary = "lays expressions out for reading",
      .flags = {{.name = "write",
                 .short_name = "w",
                 .help = "format the expressions of rule FILEs in place; "
                         "everything else stays as it is",
                 .set = cli::into_switch(options->write)},
                {.name = "list",
                 .short_name = "l",
                 .help = "name the rule FILEs that --write would change, and "
                         "exit with 1",
                 .set = cli::into_switch(options->list)},
                feature_flag(*options)},
      .positionals = {{.name = "EXPR",
                       .help = "expressions; without any, one a line of "
                               "standard input",
                       .set = cli::into_texts(options->words),
                       .count_max = cli::kMany,
                       .complete = {}}},
      .run = [options](cli::Io& io) { return run_fmt(*options, io); }};
}

cli::Command check_command() {
  auto options = std::make_shared<Options>();
  std::vector<cli::Flag> flags = input_flags(options->inputs);
  flags.push_back({.name = "input",
                   .short_name = "f",
                   .value = "FILE",
                   .help = "hold the expressions against what is in FILE",
                   .set = cli::into_texts(options->inputs.files)});
  flags.push_back(feature_flag(*options));
  return {.name = "check",
          .summary = "finds mistakes and what is hardly meant in expressions",
          .description =
              "Exits with 1 when an expression is wrong, with 3 when there are "
              "findings only.  With -S, --url or -f, names and types are held "
              "against what is there.  A comment in an expression, # "
              "lint:ignore=ID,…, takes findings back.",
          .flags = flags,
          .positionals = {{.name = "EXPR",
                           .help = "expressions; without any, one a line of "
                                   "standard input",
                           .set = cli::into_texts(options->words),
                           .count_max = cli::kMany}},
          .run = [options](cli::Io& io) { return run_check(*options, io); }};
}

}  // namespace prom::query
