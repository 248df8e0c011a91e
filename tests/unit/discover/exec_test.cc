#include "libprom/config/sd/exec.h"

#include <csignal>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/sd_test.h"
#include "tests/support/temporary_directory.h"

namespace prom::discover {
namespace {

class ExecTest : public SdTest {
 protected:
  static config::ExecSdConfig shell(const std::string& script) {
    config::ExecSdConfig config;
    config.command = {"sh", "-c", script};
    return config;
  }
  std::string failure_of(const std::string& script) {
    Source& source = begin(shell(script));
    settle(source);
    EXPECT_EQ(print(source), "");
    return source.findings().failure();
  }
};

TEST_F(ExecTest, TheOutputIsAFileWithTargets) {
  config::ExecSdConfig config =
      shell(R"(printf '[{"targets":["%s"],"labels":{"x":"1"}}]' "$ADDRESS")");
  config.environment = {{"ADDRESS", "a:1"}};
  Source& json = begin(config);
  settle(json);
  EXPECT_EQ(print(json), "a:1 {__meta_exec_command=\"sh\", x=\"1\"}\n");
  EXPECT_EQ(json.findings().places().begin()->second.front().source, "sh:0");
  Source& yaml = begin(shell("printf -- '- targets: [b]\\n'"));
  settle(yaml);
  EXPECT_EQ(print(yaml), "b {__meta_exec_command=\"sh\"}\n");
}

TEST_F(ExecTest, AFailureHasItsReason) {
  const struct {
    const char *script, *reason;
  } kCases[] = {
      {"echo first >&2; echo 'no \033[1m route' >&2; exit 3",
       "sh: exit status 3: no \\x1b[1m route"},
      {"kill -9 $$", "sh: exit status 137"},
      {"true", "sh: it printed nothing; [] is no targets"},
      {"echo '[1]'", "sh: sh: a target group must be an object (index 0)"},
      {"echo '{}'", "sh: sh:1:1: expected a list of groups"},
      {"yes", "sh: it printed more than 16 MiB"},
      {"yes warning | head -c 20000000 >&2; exit 1", "sh: exit status 1"},
  };
  for (const auto& c : kCases)
    EXPECT_EQ(failure_of(c.script).substr(0, std::string(c.reason).size()),
              c.reason);
  config::ExecSdConfig none;
  none.command = {"/nowhere/at-all"};
  Source& source = begin(none);
  settle(source);
  EXPECT_NE(source.findings().failure().find("No such file"),
            std::string::npos);
}

TEST_F(ExecTest, AFailureKeepsTheTargets) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/out";
  std::ofstream(path) << R"([{"targets":["a"]}])";
  Source& source = begin(shell("cat '" + path + "'"));
  settle(source);
  const std::string before = print(source);
  std::ofstream(path) << R"([{"targets":["a)";
  clock_.advance_ms(60'000);
  turn_until([&] { return !source.findings().failure().empty(); });
  EXPECT_EQ(print(source), before);
  std::ofstream(path) << "[]";
  clock_.advance_ms(60'000);
  turn_until([&] { return source.findings().failure().empty(); });
  EXPECT_EQ(print(source), "");
}

// The pid in the file, once it is there.
pid_t pid_in(const std::string& path) {
  pid_t pid = 0;
  std::ifstream(path) >> pid;
  return pid;
}
// A zombie that nobody of ours has to collect counts as gone.
bool is_gone(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string word;
  for (int i = 0; i < 3; ++i) {
    if (!(stat >> word)) return true;
  }
  return word == "Z";
}

TEST_F(ExecTest, NobodyOutlivesItsTime) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/pid";
  config::ExecSdConfig config =
      shell("trap '' TERM; (trap '' TERM; sleep 1000 & echo $! > " + path +
            "; wait) & echo slow >&2; wait");
  config.timeout_ms = 5000;
  Source& source = begin(config);
  turn_until([&] { return pid_in(path) != 0; });
  clock_.advance_ms(5000);
  settle(source);
  EXPECT_EQ(source.findings().failure().substr(0, 21), "sh: killed after 5s: ");
  turn_until([&] { return is_gone(pid_in(path)); });
}

TEST_F(ExecTest, NobodyOutlivesTheSource) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/pid";
  begin(shell("sleep 1000 & echo $! > " + path + "; wait"));
  turn_until([&] { return pid_in(path) != 0; });
  sources_.clear();
  turn_until([&] { return is_gone(pid_in(path)); });
}

TEST_F(ExecTest, AGrandchildWithThePipeIsNotWaitedFor) {
  Source& source = begin(shell("sleep 1000 & echo '[]'"));
  settle(source);
  EXPECT_EQ(source.findings().failure(), "");
}

}  // namespace
}  // namespace prom::discover
