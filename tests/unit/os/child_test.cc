#include "libprom/os/child.h"

#include <csignal>

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

}  // namespace
}  // namespace prom::os
