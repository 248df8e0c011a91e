#include "libprom/rules/test_command.h"

#include <algorithm>
#include <optional>

#include "libprom/base/json_writer.h"
#include "libprom/cli/diagnostics.h"
#include "libprom/config/load.h"
#include "libprom/config/rule_tests.h"
#include "libprom/model/search_regex.h"
#include "libprom/os/file.h"
#include "libprom/os/log.h"
#include "libprom/rules/check_command.h"
#include "libprom/rules/load.h"
#include "libprom/rules/unit_test.h"

namespace prom::rules {
namespace {

using cli::Exit;

// One file of tests.
class FileRun {
 public:
  FileRun(const TestOptions& options, const SearchRegex* filter, cli::Io& io)
      : options_(options), filter_(filter), io_(io) {}

  Exit run(const std::string& path) {
    auto file = config::load_rule_tests(path);
    if (!file) {
      Diagnostics errors = std::move(file).error();
      cli::show(errors, io_.err, io_.color);
      return cli::exit_for(config::to_error(errors).code);
    }
    cli::show(file->warnings, io_.err, io_.color);
    bool passed = true;
    std::size_t number = 0;
    for (const config::RuleTest& test : file->tests) {
      const std::string name =
          test.name.empty() ? "unnamed#" + std::to_string(number) : test.name;
      ++number;
      if (filter_ != nullptr && !filter_->found_in(test.name)) continue;
      const auto failures = run_one(*file, test);
      if (!failures) return Exit::kNo;
      report(*file, test, name, *failures);
      passed = passed && failures->empty();
    }
    return passed ? Exit::kOk : Exit::kNo;
  }

 private:
  // nullopt when the rule files have errors, which are shown then.
  std::optional<std::vector<TestFailure>> run_one(
      const config::RuleTestFile& file, const config::RuleTest& test) {
    std::vector<std::string> paths;
    for (const std::string& pattern : file.rule_files)
      for (std::string& path : os::glob(pattern)) paths.push_back(path);
    LoadedRules loaded =
        load_rule_files(paths,
                        {.interval_ms = test.interval_ms,
                         .parse = parse_options(options_.features)},
                        false);
    if (loaded.has_errors()) {
      cli::show(loaded.all_errors(), io_.err, io_.color);
      return std::nullopt;
    }
    // Groups that are not named come first, as upstream sorts them.
    const auto order = [&](const std::shared_ptr<const Group>& group) {
      const auto found = std::ranges::find(file.group_eval_order, group->name);
      return found == file.group_eval_order.end()
                 ? 0
                 : found - file.group_eval_order.begin();
    };
    std::ranges::stable_sort(loaded.groups, {}, order);
    return run_test(test,
                    {.groups = std::move(loaded.groups),
                     .evaluation_interval_ms = file.evaluation_interval_ms,
                     .fuzzy_compare = file.fuzzy_compare,
                     .parse = parse_options(options_.features)});
  }

  void report(const config::RuleTestFile& file, const config::RuleTest& test,
              const std::string& name,
              const std::vector<TestFailure>& failures) {
    if (options_.json) {
      io_.out.write(as_json(file, name, failures) + "\n");
      return;
    }
    io_.out.write((failures.empty() ? "ok      " : "FAILED  ") + file.path +
                  ":" + std::to_string(test.at.line) + " " + name + "\n");
    for (const TestFailure& failure : failures) show(file, failure);
  }

  // Lines that only one side has, and those that both have.
  void show(const config::RuleTestFile& file, const TestFailure& failure) {
    const cli::Palette colors = cli::palette(io_.color);
    io_.out.write("  " + file.path + ":" + std::to_string(failure.at.line) +
                  ": " + failure.what +
                  (failure.reason.empty() ? "" : ": " + failure.reason) + "\n");
    if (!failure.reason.empty()) return;
    const auto line = [&](std::string_view color, std::string_view mark,
                          const std::string& text) {
      io_.out.write("    " + std::string(color) + std::string(mark) + " " +
                    text + std::string(colors.reset) + "\n");
    };
    std::vector<std::string> got = failure.got;
    for (const std::string& expected : failure.expected) {
      const auto same = std::ranges::find(got, expected);
      if (same == got.end()) {
        line(colors.red, "-", expected);
      } else {
        line("", " ", expected);
        got.erase(same);
      }
    }
    for (const std::string& unexpected : got)
      line(colors.green, "+", unexpected);
    if (failure.expected.empty()) line("", "-", "(nothing was expected)");
    if (failure.got.empty()) line("", "+", "(nothing came)");
  }

  static std::string as_json(const config::RuleTestFile& file,
                             const std::string& name,
                             const std::vector<TestFailure>& failures) {
    std::string text;
    JsonWriter json(text);
    json.begin_object();
    json.key("file").string(file.path);
    json.key("test").string(name);
    json.key("passed").boolean(failures.empty());
    json.key("failures").begin_array();
    for (const TestFailure& failure : failures) {
      json.begin_object();
      json.key("line").integer(failure.at.line);
      json.key("what").string(failure.what);
      if (!failure.reason.empty()) json.key("reason").string(failure.reason);
      for (const bool expected : {true, false}) {
        json.key(expected ? "expected" : "got").begin_array();
        for (const std::string& one : expected ? failure.expected : failure.got)
          json.string(one);
        json.end_array();
      }
      json.end_object();
    }
    json.end_array();
    json.end_object();
    return text;
  }

  const TestOptions& options_;
  const SearchRegex* filter_;
  cli::Io& io_;
};

}  // namespace

cli::Exit test(const TestOptions& options, cli::Io& io) {
  std::optional<SearchRegex> filter;
  if (!options.run.empty()) {
    auto compiled = SearchRegex::compile(options.run);
    if (!compiled) {
      io.complain("--run: " + compiled.error().message);
      return Exit::kUsage;
    }
    filter.emplace(std::move(*compiled));
  }
  // What fails is in the report.
  os::configure_log({.level = os::LogLevel::kError});
  Exit worst = Exit::kOk;
  for (const std::string& path : options.files) {
    const Exit one =
        FileRun(options, filter ? &*filter : nullptr, io).run(path);
    if (worst == Exit::kOk) worst = one;
  }
  return worst;
}

}  // namespace prom::rules
