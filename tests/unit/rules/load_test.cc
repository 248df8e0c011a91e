#include "libprom/rules/load.h"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/temporary_directory.h"

namespace prom::rules {
namespace {

std::vector<std::string> errors_of(std::string_view text) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/r.yml";
  std::ofstream(path) << text;
  std::vector<std::string> lines;
  for (const Diagnostic& error :
       load_rule_files({path}, {}, false, NameValidation::kUtf8).all_errors()) {
    lines.push_back(std::to_string(error.line) + ":" +
                    std::to_string(error.column) + " " + error.message);
  }
  return lines;
}

TEST(LoadRuleFiles, ReportsFieldsExpressionsAndTemplatesInOneRun) {
  EXPECT_EQ(
      errors_of("groups:\n"
                "- name: a\n"
                "  rules:\n"
                "  - record: x\n"
                "    expr: sum(rte(up))\n"
                "  - alert: A\n"
                "    expr: up ==\n"
                "    for: 5x\n"
                "    lables: {}\n"
                "    annotations: {s: \"{{ . | nofunc }}\"}\n"),
      (std::vector<std::string>{
          "5:15 could not parse expression: unknown function with name \"rte\"",
          "7:16 could not parse expression: unexpected end of input",
          "8:10 unknown unit \"x\" in duration \"5x\"",
          "9:5 unknown field \"lables\" in rule",
          "10:30 annotation \"s\": template: __alert_A:1: function \"nofunc\" "
          "not defined"}));
}

TEST(LoadRuleFiles, SaysOnceThatARuleHasNoExpression) {
  EXPECT_EQ(errors_of("groups:\n"
                      "- name: a\n"
                      "  rules:\n"
                      "  - record: x\n")
                .size(),
            1U);
}

TEST(LoadRuleFiles, ReportsAFileThatIsNotThere) {
  const auto loaded =
      load_rule_files({"/nonexistent/r.yml"}, {}, false, NameValidation::kUtf8);
  EXPECT_TRUE(loaded.has_errors());
}

}  // namespace
}  // namespace prom::rules
