#include "libprom/os/child.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>

#include <gtest/gtest.h>

namespace prom::os {
namespace {

TEST(Child, IsReadAndAwaited) {
  auto child = Child::start({"sh", "-c", "echo \"$0\"; exit 3", "a b"});
  ASSERT_TRUE(child) << child.error().message;
  const auto output = read_all(child->output_fd(), 1000);
  ASSERT_TRUE(output);
  EXPECT_EQ(*output, "a b\n");
  EXPECT_EQ(child->wait(), 3);
  EXPECT_EQ(child->poll(), 3);
}

TEST(Child, GetsSignalsThatWeHaveBlocked) {
  sigset_t term;
  ::sigemptyset(&term);
  ::sigaddset(&term, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &term, nullptr);
  auto child = Child::start({"sleep", "1000"});
  ::sigprocmask(SIG_UNBLOCK, &term, nullptr);
  ASSERT_TRUE(child);
  EXPECT_FALSE(child->poll());
  child->signal(SIGTERM);
  EXPECT_EQ(child->wait(), 128 + SIGTERM);
}

TEST(Child, EndsWithItsOwner) {
  auto child = Child::start({"sleep", "1000"});
  ASSERT_TRUE(child);
}  // would wait for 1000 seconds

TEST(Child, SaysThatAProgramIsMissing) {
  const auto child = Child::start({"/no/such/program"});
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().code, Code::kMissing);
}

// The child of one that is killed comes to us, who learn how it ends.
TEST(Child, EndsWhenItsOwnerIsKilled) {
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const pid_t owner = ::fork();
  ASSERT_GE(owner, 0);
  if (owner == 0) {
    auto child = Child::start({"sh", "-c", "echo $$; exec sleep 1000"});
    if (!child) ::_exit(1);
    std::array<char, 32> name{};
    const ssize_t n = ::read(child->output_fd(), name.data(), name.size());
    if (n <= 0 ||
        ::write(ends[1], name.data(), static_cast<std::size_t>(n)) < 0)
      ::_exit(1);
    ::raise(SIGKILL);
  }
  ::close(ends[1]);
  const auto name = read_all(ends[0], 32);
  ::close(ends[0]);
  ASSERT_TRUE(name);
  const pid_t child = std::atoi(name->c_str());
  ASSERT_GT(child, 0);
  int status = 0;
  ASSERT_EQ(::waitpid(owner, &status, 0), owner);
  EXPECT_TRUE(WIFSIGNALED(status));
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGTERM);
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}

TEST(Child, IsStartedWhereStandardDescriptorsAreClosed) {
  const pid_t other = ::fork();
  ASSERT_GE(other, 0);
  if (other == 0) {
    ::close(STDIN_FILENO);
    ::close(STDOUT_FILENO);
    auto child = Child::start({"sh", "-c", "cat; echo x"});
    const auto output = child ? read_all(child->output_fd(), 8) : "";
    const bool missing = !Child::start({"/no/such/program"});
    ::_exit(output && *output == "x\n" && missing ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(other, &status, 0), other);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace prom::os
