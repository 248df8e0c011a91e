// Groups on their threads: a clock that the test turns, a store that it fills.
#include "libprom/rules/manager.h"

#include <atomic>
#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "libprom/base/number.h"
#include "libprom/model/sample.h"
#include "libprom/query/memory_source.h"
#include "libprom/rules/schedule.h"

#include "tests/unit/rules/rules_text.h"

namespace prom::rules {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kBegin = 1'700'000'000'000;

// Read by the manager's threads while the test turns it.
class SharedClock final : public os::Clock {
 public:
  std::int64_t wall_ms() override { return ms_; }
  std::int64_t monotonic_ns() override { return ms_ * 1'000'000; }
  void set(std::int64_t ms) { ms_ = ms; }

 private:
  std::atomic<std::int64_t> ms_ = kBegin;
};

class ManagerTest : public testing::Test {
 protected:
  ManagerTest() { manager_.emplace(options(), clock_, registry_); }

  Manager::Options options() {
    Manager::Options made;
    made.open_source =
        [this]() -> Result<std::shared_ptr<const query::Source>> {
      const std::lock_guard lock(mutex_);
      if (away_) return fail(Code::kUnavailable, "the store is away");
      auto source = std::make_shared<query::MemorySource>();
      if (x_) source->add({{"__name__", "x"}}, clock_.wall_ms() - 1000, *x_);
      return source;
    };
    made.record = [this](std::uint64_t, std::span<const Sample> samples) {
      const std::lock_guard lock(mutex_);
      recorded_.insert(recorded_.end(), samples.begin(), samples.end());
    };
    made.notify = [this](const Rule&, const std::vector<Alert>& alerts) {
      const std::lock_guard lock(mutex_);
      told_.insert(told_.end(), alerts.begin(), alerts.end());
    };
    made.threads = 2;
    return made;
  }
  void load(const std::string& text) {
    groups_ = text.empty() ? decltype(groups_)() : groups_of(directory_, text);
    manager_->set_groups(groups_, {});
  }
  // When the group `name` is due the n-th time from the beginning.
  std::int64_t slot_ms(const std::string& name, int n) {
    return slot_before_ns(directory_.path() + "/rules.yml", name, kMinuteMs,
                          kBegin * 1'000'000) /
               1'000'000 +
           n * kMinuteMs;
  }
  // Turns the clock and waits until slots have passed that were not over.
  void turn_to(std::int64_t ms, unsigned slots = 1) {
    const std::string name = "prometheus_rule_group_iterations_total";
    const double wanted = parse_float(metric(name)).value_or(0) + slots;
    clock_.set(ms);
    manager_->set_groups(groups_, {});  // has the threads look at the clock
    EXPECT_TRUE(comes_true(
        [&] { return parse_float(metric(name)).value_or(0) >= wanted; }));
  }
  template <typename Condition>
  static bool comes_true(Condition condition) {
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
  }
  // What was recorded since the last call, once evaluations have ended.
  std::vector<Sample> take_recorded() {
    manager_->set_groups(groups_, {});
    const std::lock_guard lock(mutex_);
    return std::exchange(recorded_, {});
  }
  std::string metric(const std::string& name) const {
    const std::string text = registry_.text();
    const std::size_t at = text.find("\n" + name + "{");
    if (at == std::string::npos) return "";
    const std::size_t value = text.find("} ", at) + 2;
    return text.substr(value, text.find('\n', value) - value);
  }

  const TemporaryDirectory directory_;
  SharedClock clock_;
  exposition::Registry registry_;
  std::vector<std::shared_ptr<const Group>> groups_;
  std::mutex mutex_;  // guards what follows
  std::optional<double> x_ = 1;
  bool away_ = false;
  std::vector<Sample> recorded_;
  std::vector<Alert> told_;
  std::optional<Manager> manager_;  // last: its threads use what is above
};

constexpr const char* kDouble = R"(
groups: [{name: g, rules: [{record: y, expr: x * 2}]}]
)";

TEST_F(ManagerTest, EvaluatesAGroupAtItsSlots) {
  load(kDouble);
  for (int n = 1; n <= 3; ++n) {
    turn_to(slot_ms("g", n) + 7);
    const auto samples = take_recorded();
    ASSERT_EQ(samples.size(), 1U);
    EXPECT_EQ(samples[0].labels.to_string(), "y");
    EXPECT_EQ(samples[0].t_ms, slot_ms("g", n));
    EXPECT_EQ(samples[0].value, 2);
  }
  EXPECT_EQ(metric("prometheus_rule_group_iterations_total"), "3");
  EXPECT_EQ(metric("prometheus_rule_group_iterations_missed_total"), "0");
}

TEST_F(ManagerTest, SkipsSlotsThatHavePassed) {
  load(kDouble);
  turn_to(slot_ms("g", 10) + 1, 10);
  const auto samples = take_recorded();
  // At the first slot, which is evaluated late, x had no sample yet.
  ASSERT_EQ(samples.size(), 1U);
  EXPECT_EQ(samples[0].t_ms, slot_ms("g", 10));
  EXPECT_EQ(metric("prometheus_rule_group_iterations_missed_total"), "8");
}

TEST_F(ManagerTest, LetsAReloadKeepTheScheduleOfWhatDidNotChange) {
  load(kDouble);
  turn_to(slot_ms("g", 1) + 1);
  take_recorded();
  load(std::string(kDouble) + "# the same groups\n");
  turn_to(slot_ms("g", 2) + 1);
  const auto samples = take_recorded();
  ASSERT_EQ(samples.size(), 1U);
  EXPECT_EQ(samples[0].t_ms, slot_ms("g", 2));
  EXPECT_EQ(metric("prometheus_rule_group_iterations_total"), "2");
}

TEST_F(ManagerTest, CarriesAlertsOverAChangeOfTheirGroup) {
  const auto rules = [](const std::string& more) {
    return "groups: [{name: g, rules: [{alert: A, expr: x == 1, for: 2m}" +
           more + "]}]";
  };
  load(rules(""));
  turn_to(slot_ms("g", 1) + 1);
  load(rules(", {record: y, expr: x}"));
  turn_to(slot_ms("g", 2) + 1);
  turn_to(slot_ms("g", 3) + 1);
  take_recorded();
  const std::lock_guard lock(mutex_);
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].active_at_ms, slot_ms("g", 1));
}

TEST_F(ManagerTest, MarksTheSeriesOfAGroupStaleThatIsGone) {
  load(kDouble);
  turn_to(slot_ms("g", 1) + 1);
  take_recorded();
  load("");
  const std::int64_t end = clock_.wall_ms() + 2 * kMinuteMs;
  clock_.set(end);
  manager_->set_groups(groups_, {});
  EXPECT_TRUE(comes_true([&] {
    const std::lock_guard lock(mutex_);
    return !recorded_.empty();
  }));
  const auto samples = take_recorded();
  ASSERT_EQ(samples.size(), 1U);
  EXPECT_EQ(samples[0].labels.to_string(), "y");
  EXPECT_TRUE(is_stale_nan(samples[0].value));
  EXPECT_EQ(samples[0].t_ms, end);
  EXPECT_EQ(metric("prometheus_rule_group_iterations_total"), "");
}

TEST_F(ManagerTest, KeepsAlertsWhileTheStoreIsAway) {
  load(
      "groups: [{name: g, rules: [{alert: A, expr: x == 1, for: 2m}, "
      "{record: y, expr: x}]}]");
  turn_to(slot_ms("g", 1) + 1);
  const std::string before = manager_->take_state();
  EXPECT_NE(before.find("\"A\""), std::string::npos) << before;
  {
    const std::lock_guard lock(mutex_);
    away_ = true;
  }
  clock_.set(slot_ms("g", 2) + 1);
  manager_->set_groups(groups_, {});
  EXPECT_TRUE(comes_true([&] {
    return metric("prometheus_rule_evaluation_failures_total") == "2";
  }));
  {
    const std::lock_guard lock(mutex_);
    away_ = false;
  }
  turn_to(slot_ms("g", 3) + 1);
  take_recorded();
  const std::lock_guard lock(mutex_);
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].active_at_ms, slot_ms("g", 1));
}

TEST_F(ManagerTest, GoesOnWithWhatAnEarlierProcessSaved) {
  const std::string rules =
      "groups: [{name: g, rules: [{alert: A, expr: x == 1, for: 2m}]}]";
  load(rules);
  turn_to(slot_ms("g", 1) + 1);
  take_recorded();
  const std::string state = manager_->take_state();
  EXPECT_EQ(manager_->take_state(), "");
  const std::string path = directory_.path() + "/state";
  ASSERT_TRUE(save_state(os::real_file_system(), path, state));
  manager_.emplace(options(), clock_, registry_);
  auto saved = SavedState::load(path);
  ASSERT_TRUE(saved) << saved.error().message;
  manager_->set_saved(*std::move(saved));
  load(rules);
  turn_to(slot_ms("g", 2) + 1);
  turn_to(slot_ms("g", 3) + 1);
  take_recorded();
  const std::lock_guard lock(mutex_);
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].active_at_ms, slot_ms("g", 1));
}

}  // namespace
}  // namespace prom::rules
