#include "libprom/cli/command.h"

#include <gtest/gtest.h>

#include "libprom/cli/help.h"

namespace prom::cli {
namespace {

struct Typed {
  std::string step, expression, check_step;
  std::vector<std::string> files;
  bool quiet = false;
  std::uint64_t count = 0;
};

Command sample_command(Typed& typed) {
  Command sub{.name = "check",
              .summary = "checks files",
              .flags = {{.name = "storage.step",
                         .short_name = "s",
                         .value = "D",
                         .help = "step",
                         .set = into_text(typed.check_step)}},
              .positionals = {{.name = "FILE",
                               .help = "what to check",
                               .set = into_texts(typed.files),
                               .count_min = 1,
                               .count_max = kMany}},
              .run = [](Io&) { return Exit::kNo; }};
  return {.name = "prom-x",
          .summary = "does x",
          .flags = {{.name = "storage.step",
                     .short_name = "s",
                     .value = "D",
                     .help = "step",
                     .set = into_text(typed.step)},
                    {.name = "quiet",
                     .help = "say nothing",
                     .set = into_switch(typed.quiet)},
                    {.name = "count",
                     .value = "N",
                     .help = "how many",
                     .set = into_count(typed.count, 1, 9),
                     .common = false}},
          .positionals = {{.name = "EXPR",
                           .help = "the expression",
                           .set = into_text(typed.expression)}},
          .subcommands = {sub},
          .run = [](Io& io) {
            io.out.write("ran " + io.command);
            return Exit::kOk;
          }};
}

struct Ran {
  Exit exit;
  std::string out, err;
};

Ran run_with(const std::vector<std::string>& arguments, Typed& typed) {
  os::Output out;
  os::Output err;
  Io io{.out = out, .err = err, .clock = os::real_clock()};
  const Exit exit = run(arguments, sample_command(typed), io);
  return {exit, out.text(), err.text()};
}

TEST(Command, TakesFlagsPositionalsAndSubcommands) {
  Typed typed;
  EXPECT_EQ(run_with({"-s", "-1h", "--quiet", "up"}, typed).exit, Exit::kOk);
  EXPECT_EQ(typed.step, "-1h");
  EXPECT_EQ(typed.expression, "up");
  EXPECT_TRUE(typed.quiet);

  EXPECT_EQ(run_with({"check", "a", "b", "-"}, typed).exit, Exit::kNo);
  EXPECT_EQ(typed.files, (std::vector<std::string>{"a", "b", "-"}));

  EXPECT_EQ(run_with({"--", "-up"}, typed).exit, Exit::kOk);
  EXPECT_EQ(typed.expression, "-up");

  typed.files.clear();
  EXPECT_EQ(run_with({"check", "a", "--", "-b", "--quiet", "--"}, typed).exit,
            Exit::kNo);
  EXPECT_EQ(typed.files,
            (std::vector<std::string>{"a", "-b", "--quiet", "--"}));

  EXPECT_EQ(run_with({"--storage.step=5m"}, typed).exit, Exit::kOk);
  EXPECT_EQ(typed.step, "5m");
}

TEST(Command, GivesFlagsBeforeASubcommandToTheSubcommand) {
  Typed typed;
  EXPECT_EQ(run_with({"-s", "5m", "check", "a"}, typed).exit, Exit::kNo);
  EXPECT_EQ(typed.check_step, "5m");
  EXPECT_EQ(typed.step, "");

  EXPECT_EQ(
      run_with({"-s", "5m", "check", "a", "--storage.step=1m"}, typed).exit,
      Exit::kNo);
  EXPECT_EQ(typed.check_step, "1m");
}

struct Refusal {
  std::vector<std::string> arguments;
  std::string says;
};

TEST(Command, RefusesWhatItDoesNotKnowAndSuggests) {
  const Refusal cases[] = {
      {{"--quite"}, "unknown option --quite (did you mean `--quiet`?)"},
      {{"-up"}, "put -- before an argument"},
      {{"--count", "x"}, "\"x\" is no whole number"},
      {{"--count", "10"}, "must be at most 9"},
      {{"check"}, "FILE is required"},
      {{"check", "a", "--stop=1"}, "unknown option --stop"},
      {{"check", "a", "--storage.stop=1"}, "did you mean `--storage.step`?"},
      {{"--quiet", "check", "a"}, "--quiet is no option of prom-x check"},
      {{"check", "a", "--count", "3"}, "--count is no option of prom-x check"},
      {{"a", "b"}, "unexpected argument \"b\""},
      {{"--storage.step"}, "--storage.step needs a value"},
  };
  for (const Refusal& refusal : cases) {
    Typed typed;
    const Ran ran = run_with(refusal.arguments, typed);
    EXPECT_EQ(ran.exit, Exit::kUsage) << refusal.says;
    EXPECT_NE(ran.err.find(refusal.says), std::string::npos) << ran.err;
    EXPECT_NE(ran.err.find("--help'"), std::string::npos);
    EXPECT_EQ(ran.out, "");
  }
}

TEST(Command, ShowsHelpOfTheSubcommandThatWasNamed) {
  Typed typed;
  const Ran help = run_with({"check", "--help"}, typed);
  EXPECT_EQ(help.exit, Exit::kOk);
  EXPECT_TRUE(help.out.starts_with("prom-x check: checks files\n")) << help.out;

  EXPECT_EQ(run_with({"--help"}, typed).out.find("--count"), std::string::npos);
  EXPECT_NE(run_with({"--help-all"}, typed).out.find("--count N"),
            std::string::npos);
  EXPECT_TRUE(run_with({"--version"}, typed).out.starts_with("prom-x "));
}

TEST(Command, DumpsItsTable) {
  Typed typed;
  const std::string dump = run_with({"--dump-flags"}, typed).out;
  EXPECT_NE(dump.find("flag\tprom-x\t--storage.step\t-s\tD\tstep\n"),
            std::string::npos);
  EXPECT_NE(dump.find("positional\tprom-x check\tFILE…\t"), std::string::npos);
}

TEST(Setters, ReadDurationsAndSizes) {
  std::int64_t duration_ms = 0;
  const Setter duration = into_duration(duration_ms);
  EXPECT_TRUE(duration("1h30m"));
  EXPECT_EQ(duration_ms, 5'400'000);
  EXPECT_TRUE(duration("2.5"));
  EXPECT_EQ(duration_ms, 2500);
  EXPECT_FALSE(duration("-1"));
  EXPECT_FALSE(duration("NaN"));
  EXPECT_FALSE(duration("soon"));

  std::uint64_t bytes = 0;
  const Setter size = into_size(bytes);
  EXPECT_TRUE(size("512MB"));
  EXPECT_EQ(bytes, 512ULL << 20U);
  EXPECT_TRUE(size("4KiB"));
  EXPECT_EQ(bytes, 4096U);
  EXPECT_TRUE(size("17B"));
  EXPECT_EQ(bytes, 17U);
  EXPECT_FALSE(size("99999999EB"));
  EXPECT_FALSE(size("MB"));
}

}  // namespace
}  // namespace prom::cli
