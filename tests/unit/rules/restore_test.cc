#include "libprom/rules/restore.h"

#include <gtest/gtest.h>

#include "libprom/model/sample.h"
#include "libprom/query/memory_source.h"
#include "libprom/rules/engine_glue.h"

#include "tests/unit/rules/rules_text.h"

namespace prom::rules {
namespace {

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kNow = 1'700'000'040'000;

// A rule with `for: 30m` whose expression is true now, in a store that has
// what an earlier process wrote of it.
class RestoreTest : public testing::Test {
 protected:
  RestoreTest()
      : source_(std::make_shared<query::MemorySource>()),
        runner_(groups_of(directory_, R"(
groups:
  - name: g
    rules:
      - alert: Down
        expr: x == 0
        for: 30m
        labels: {severity: page, text: "is {{ $value }}"}
)")
                    .front()) {
    source_->add({{"__name__", "x"}, {"i", "1"}}, kNow, 0);
  }
  // As an earlier process wrote it at `t_ms`.
  void trace(std::int64_t t_ms, double active_at_seconds) {
    source_->add({{"__name__", "ALERTS_FOR_STATE"},
                  {"alertname", "Down"},
                  {"i", "1"},
                  {"severity", "page"},
                  {"text", "is 0"}},
                 t_ms, active_at_seconds);
  }
  // Since when the alert is active once it is restored.
  std::int64_t restored(const RestoreOptions& options = {}) {
    GroupContext context;
    context.evaluate = make_evaluate(source_, {});
    context.record = [](std::span<const Sample>) {};
    context.notify = [](const Rule&, const std::vector<Alert>&) {};
    context.clock_ns = [] { return std::int64_t{0}; };
    runner_.evaluate(kNow, context);
    EXPECT_FALSE(runner_.is_restored());
    EXPECT_TRUE(restore(runner_, *source_, kNow, options));
    EXPECT_TRUE(runner_.is_restored());
    const auto& alerts = runner_.alerting(0).alerts();
    EXPECT_EQ(alerts.size(), 1U);
    return alerts.empty() ? 0 : alerts.begin()->second.active_at_ms;
  }

  const TemporaryDirectory directory_;
  const std::shared_ptr<query::MemorySource> source_;
  GroupRunner runner_;
};

TEST_F(RestoreTest, BeginsAnewWithoutATrace) {
  EXPECT_EQ(restored(), kNow);
}

TEST_F(RestoreTest, GoesOnAsIfItHadNotBeenAway) {
  // Active for 5 of 30 minutes, then away for 10: 25 minutes are left.
  const std::int64_t left = kNow - 10 * kMinute;
  trace(left, static_cast<double>(left - 5 * kMinute) / 1000);
  EXPECT_EQ(restored(), kNow - 5 * kMinute);
}

TEST_F(RestoreTest, LeavesAGracePeriodToWhatWasAboutToFire) {
  // One minute was left: it becomes ten.
  const std::int64_t left = kNow - 5 * kMinute;
  trace(left, static_cast<double>(left - 29 * kMinute) / 1000);
  EXPECT_EQ(restored(), kNow - 20 * kMinute);
}

TEST_F(RestoreTest, KeepsFiringWhatFired) {
  const std::int64_t left = kNow - 5 * kMinute;
  const std::int64_t active = left - 40 * kMinute;
  trace(left, static_cast<double>(active) / 1000);
  EXPECT_EQ(restored(), active);
}

TEST_F(RestoreTest, TakesTheNewestTrace) {
  const std::int64_t left = kNow - 10 * kMinute;
  trace(left - kMinute, static_cast<double>(left - 20 * kMinute) / 1000);
  trace(left, static_cast<double>(left - 5 * kMinute) / 1000);
  EXPECT_EQ(restored(), kNow - 5 * kMinute);
}

TEST_F(RestoreTest, DistrustsATraceBeyondTheTolerance) {
  const std::int64_t left = kNow - 10 * kMinute;
  trace(left, static_cast<double>(left - 5 * kMinute) / 1000);
  EXPECT_EQ(restored({.outage_tolerance_ms = 9 * kMinute}), kNow);
}

TEST_F(RestoreTest, TakesAStaleTraceForAnEnd) {
  const std::int64_t left = kNow - 10 * kMinute;
  trace(left - kMinute, static_cast<double>(left - 5 * kMinute) / 1000);
  trace(left, stale_nan());
  EXPECT_EQ(restored(), kNow);
}

TEST_F(RestoreTest, LeavesShortWaitsAlone) {
  const std::int64_t left = kNow - 10 * kMinute;
  trace(left, static_cast<double>(left - 5 * kMinute) / 1000);
  EXPECT_EQ(restored({.for_grace_ms = 31 * kMinute}), kNow);
}

}  // namespace
}  // namespace prom::rules
