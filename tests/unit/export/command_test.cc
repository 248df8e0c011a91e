#include "libprom/export/command.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "libprom/os/file.h"

#include "tests/support/temporary_directory.h"

namespace prom::exports {
namespace {

using cli::Exit;

struct Ran {
  Exit exit = Exit::kOk;
  std::string out, err;
};

Ran run(const std::vector<std::string>& arguments) {
  os::Output out;
  os::Output err;
  cli::Io io{.out = out,
             .err = err,
             .in_fd = 0,
             .clock = os::real_clock(),
             .in_is_terminal = false,
             .out_is_terminal = false,
             .color = false,
             .program = "prom-export",
             .command = "prom-export"};
  Ran ran;
  ran.exit = cli::run(arguments, command(), io);
  ran.out = out.text();
  ran.err = err.text();
  return ran;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(Export, PrintsTheCollectorsThatWereChosen) {
  const Ran ran = run({"host", "--collect", "loadavg", "--collect", "uname",
                       "--no-collect", "uname"});
  EXPECT_EQ(ran.exit, Exit::kOk) << ran.err;
  EXPECT_TRUE(has(ran.out, "\nnode_load1 "));
  EXPECT_TRUE(
      has(ran.out, "node_scrape_collector_success{collector=\"loadavg\"} 1\n"));
  EXPECT_FALSE(has(ran.out, "uname"));
}

TEST(Export, NamesTheNearestCollector) {
  const Ran ran = run({"host", "--collect", "loadavgs"});
  EXPECT_EQ(ran.exit, Exit::kUsage);
  EXPECT_TRUE(has(ran.err, "loadavg")) << ran.err;
  EXPECT_EQ(run({"host", "--exclude-disks", "("}).exit, Exit::kUsage);
  EXPECT_EQ(run({"nothing"}).exit, Exit::kUsage);
}

TEST(Export, MeasuresACommand) {
  const Ran ran = run({"command", "--name", "job", "--", "sh", "-c",
                       "echo '# TYPE x gauge'; echo 'x{a=\"b\"} 5'; exit 3"});
  EXPECT_EQ(ran.exit, Exit::kOk);
  EXPECT_TRUE(has(ran.out, "# TYPE x gauge\nx{a=\"b\"} 5\n")) << ran.out;
  EXPECT_TRUE(
      has(ran.out, "prom_export_command_exit_status{command=\"job\"} 3\n"));
  EXPECT_TRUE(
      has(ran.out, "prom_export_command_output_valid{command=\"job\"} 1\n"));
  EXPECT_TRUE(
      has(ran.out, "prom_export_command_timed_out{command=\"job\"} 0\n"));
}

TEST(Export, SaysWhatACommandSaidWrong) {
  const Ran ran = run({"command", "--", "echo", "not", "samples"});
  EXPECT_EQ(ran.exit, Exit::kOk);
  EXPECT_TRUE(
      has(ran.out, "prom_export_command_output_valid{command=\"echo\"} 0\n"));
  EXPECT_TRUE(has(ran.err, "not exposition text")) << ran.err;
}

TEST(Export, EndsACommandThatTakesTooLong) {
  const Ran ran = run({"command", "--timeout", "100ms", "--", "sleep", "600"});
  EXPECT_TRUE(
      has(ran.out, "prom_export_command_exit_status{command=\"sleep\"} 143\n"));
  EXPECT_TRUE(
      has(ran.out, "prom_export_command_timed_out{command=\"sleep\"} 1\n"));
}

TEST(Export, CountsACommandThatIsNotThere) {
  const Ran ran = run({"command", "--", "/no/such/command"});
  EXPECT_TRUE(has(
      ran.out, "prom_export_command_exit_status{command=\"command\"} 127\n"));
  EXPECT_TRUE(has(ran.err, "/no/such/command"));
}

TEST(Export, BoundsWhatACommandWrites) {
  const Ran ran = run({"command", "--", "head", "-c", "17000000", "/dev/zero"});
  EXPECT_TRUE(
      has(ran.out, "prom_export_command_output_valid{command=\"head\"} 0\n"));
  EXPECT_TRUE(has(ran.err, "more than 16 MiB")) << ran.err;
}

TEST(Export, ReplacesAFile) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/x.prom";
  EXPECT_EQ(run({"command", "-o", path, "--", "true"}).exit, Exit::kOk);
  const Result<std::string> text = os::read_file(path);
  ASSERT_TRUE(text);
  EXPECT_TRUE(has(*text, "prom_export_command_exit_status"));
  EXPECT_EQ(
      run({"command", "-o", directory.path() + "/no/dir", "--", "true"}).exit,
      Exit::kMissing);
}

TEST(Export, GathersTextFiles) {
  const TemporaryDirectory directory;
  std::ofstream(directory.path() + "/a.prom") << "x 1\n";
  const Ran good = run({"textfile", directory.path()});
  EXPECT_EQ(good.exit, Exit::kOk);
  EXPECT_TRUE(has(good.out, "\nx 1\n"));
  std::ofstream(directory.path() + "/b.prom") << "y\n";
  const Ran bad = run({"textfile", directory.path()});
  EXPECT_EQ(bad.exit, Exit::kBadData);
  EXPECT_TRUE(has(bad.out, "\nx 1\n"));
  EXPECT_TRUE(has(bad.err, "b.prom: 1:2: expected value")) << bad.err;
  EXPECT_EQ(run({"textfile", directory.path() + "/none"}).exit, Exit::kMissing);
}

}  // namespace
}  // namespace prom::exports
