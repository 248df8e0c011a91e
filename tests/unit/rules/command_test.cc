// prom-rules check and test over upstream's own files.
#include "libprom/rules/command.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/shared_data.h"

namespace prom::rules {
namespace {

struct Outcome {
  cli::Exit exit;
  std::string out;
  std::string err;
};

Outcome run_tool(const std::vector<std::string>& arguments) {
  FakeClock clock;
  os::Output out;
  os::Output err;
  cli::Io io{.out = out,
             .err = err,
             .clock = clock,
             .program = "prom-rules",
             .command = "prom-rules"};
  const cli::Exit exit = cli::run(arguments, command(), io);
  return {exit, out.text(), err.text()};
}

struct Expected {
  const char* file;
  cli::Exit exit;
};

void expect_exits(const std::string& subcommand, const std::string& folder,
                  const std::vector<Expected>& files) {
  const auto path = test::shared_path("conformance/rules/" + folder);
  if (!path) GTEST_SKIP() << "no conformance data";
  for (const Expected& item : files) {
    const Outcome got = run_tool({subcommand, *path + "/" + item.file});
    EXPECT_EQ(got.exit, item.exit) << item.file << "\n" << got.out << got.err;
  }
}

TEST(CheckCommand, AcceptsAndRefusesWhatUpstreamDoes) {
  using cli::Exit;
  expect_exits("check", "rulefmt",
               {{"bad_expr.bad.yaml", Exit::kNo},
                {"bad_field.bad.yaml", Exit::kNo},
                {"duplicate_grp.bad.yaml", Exit::kNo},
                {"invalid_label_name.bad.yaml", Exit::kNo},
                {"invalid_record_name.bad.yaml", Exit::kNo},
                {"no_rec_alert.bad.yaml", Exit::kNo},
                {"noexpr.bad.yaml", Exit::kNo},
                {"record_and_alert.bad.yaml", Exit::kNo},
                {"record_and_for.bad.yaml", Exit::kNo},
                {"record_and_keep_firing_for.bad.yaml", Exit::kNo},
                {"test.yaml", Exit::kLint},
                {"test_aliases.yaml", Exit::kLint},
                {"utf-8_lname.good.yaml", Exit::kOk}});
}

TEST(TestCommand, PassesAndFailsWhereUpstreamDoes) {
  using cli::Exit;
  expect_exits("test", "promtool",
               {{"unittest.yml", Exit::kOk},
                {"at-modifier-test.yml", Exit::kOk},
                {"negative-offset-test.yml", Exit::kOk},
                {"long-period.yml", Exit::kOk},
                {"no-test-group-interval.yml", Exit::kOk},
                {"start-time-test.yml", Exit::kOk},
                {"bad-input-series.yml", Exit::kNo},
                {"bad-promql.yml", Exit::kNo},
                {"bad-rules-error-test.yml", Exit::kNo},
                {"bad-rules-syntax-test.yml", Exit::kNo},
                {"failing.yml", Exit::kNo},
                {"rules_run.yml", Exit::kNo},
                {"rules_run_fuzzy.yml", Exit::kNo},
                {"rules_run_no_fuzzy.yml", Exit::kNo}});
}

TEST(TestCommand, RunsOnlyTheTestsThatAreAskedFor) {
  const auto path =
      test::shared_path("conformance/rules/promtool/rules_run.yml");
  if (!path) GTEST_SKIP() << "no conformance data";
  EXPECT_EQ(run_tool({"test", "--run", "^correct", *path}).exit,
            cli::Exit::kOk);
  EXPECT_EQ(run_tool({"test", "--run", "wrong", *path}).exit, cli::Exit::kNo);
  EXPECT_EQ(run_tool({"test", "--run", "(", *path}).exit, cli::Exit::kUsage);
}

TEST(TestCommand, ShowsWhatWasExpectedAndWhatCame) {
  const auto path = test::shared_path("conformance/rules/promtool/failing.yml");
  if (!path) GTEST_SKIP() << "no conformance data";
  const Outcome text = run_tool({"test", *path});
  EXPECT_NE(text.out.find("    - test 1\n    + test 0\n"), std::string::npos)
      << text.out;
  const Outcome json = run_tool({"test", "--json", *path});
  EXPECT_NE(json.out.find("\"expected\":[\"test 1\"],\"got\":[\"test 0\"]"),
            std::string::npos)
      << json.out;
}

TEST(Commands, AnswerMissingFilesAndBadUse) {
  EXPECT_EQ(run_tool({"check"}).exit, cli::Exit::kUsage);
  EXPECT_EQ(run_tool({"check", "/nonexistent.yml"}).exit, cli::Exit::kMissing);
  EXPECT_EQ(run_tool({"eval"}).exit, cli::Exit::kUsage);
  EXPECT_EQ(run_tool({"run"}).exit, cli::Exit::kUsage);
  EXPECT_EQ(run_tool({"eval", "--samples", "-", "x.yml"}).exit,
            cli::Exit::kUsage);
}

}  // namespace
}  // namespace prom::rules
