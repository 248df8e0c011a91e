#include "libprom/discover/together.h"

#include <gtest/gtest.h>

#include "libprom/discover/async.h"

#include "tests/support/fake_clock.h"

namespace prom::discover {
namespace {

struct Watched {
  std::size_t now = 0;
  std::size_t most = 0;
};

Task<int> wait_ms(Async& async, Watched& watched, int ms) {
  watched.most = std::max(watched.most, ++watched.now);
  if (ms > 0) co_await async.sleep_ms(ms);
  --watched.now;
  co_return ms;
}

class TogetherTest : public testing::Test {
 protected:
  Task<bool> run(std::vector<int> times_ms, std::size_t at_once) {
    std::vector<Task<int>> tasks;
    tasks.reserve(times_ms.size());
    for (const int ms : times_ms)
      tasks.push_back(wait_ms(async_, watched_, ms));
    Task<std::vector<int>> all = together(std::move(tasks), at_once);
    values_ = co_await all;
    co_return true;
  }
  void pass_ms(int ms) {
    clock_.advance_ms(ms);
    async_.run_ready();
  }

  http::Client client_;
  FakeClock clock_;
  Async async_{client_, clock_};
  Watched watched_;
  std::vector<int> values_;
};

TEST_F(TogetherTest, WaitsSideBySide) {
  Task<bool> task = run({300, 100, 0, 200}, 10);
  task.start();
  EXPECT_EQ(watched_.now, 3U);
  pass_ms(200);
  EXPECT_EQ(watched_.now, 1U);
  EXPECT_FALSE(task.is_done());
  pass_ms(100);
  EXPECT_TRUE(task.is_done());
  EXPECT_EQ(values_, (std::vector<int>{300, 100, 0, 200}));
}

TEST_F(TogetherTest, KeepsToItsLimit) {
  Task<bool> task = run({100, 100, 100, 0, 100}, 2);
  task.start();
  pass_ms(100);
  EXPECT_FALSE(task.is_done());
  pass_ms(100);
  EXPECT_TRUE(task.is_done());
  EXPECT_EQ(watched_.most, 2U);
  EXPECT_EQ(values_.size(), 5U);
}

TEST_F(TogetherTest, NothingIsDoneAtOnce) {
  Task<bool> task = run({}, 2);
  task.start();
  EXPECT_TRUE(task.is_done());
}

TEST_F(TogetherTest, EndsWhereItStands) {
  {
    Task<bool> task = run({100, 200, 300}, 2);
    task.start();
    pass_ms(100);
  }
  EXPECT_EQ(async_.due_ns(), kNeverNs);
}

}  // namespace
}  // namespace prom::discover
