#include "libprom/alert/dispatcher.h"

#include <cmath>

#include <gtest/gtest.h>

namespace prom::alert {
namespace {

constexpr std::int64_t kStart = 1'700'000'000'000;

Now at(std::int64_t t_ms) {
  return {.wall_ms = kStart + t_ms, .steady_ms = 1000 + t_ms};
}

class Deaf : public Notifier {
 public:
  void send(const Notification&, Transport&, Done) const override {}
};

// One route with two integrations; group_wait 1s, group_interval 10s,
// repeat_interval 1h.
class DispatcherTest : public testing::Test {
 protected:
  DispatcherTest()
      : silences_(kHour, {}, MatcherMode::kFallback, [](const Silence&) {}),
        log_(kHour, [](const LogEntry&) {}),
        dispatcher_(inhibitor_, silences_, log_, {}) {
    dispatcher_.set_plan(plan(), {}, at(0));
  }

  static std::shared_ptr<const Plan> plan() {
    auto made = std::make_shared<Plan>();
    made->routes.key = made->routes.id = "{}";
    RouteOptions& options = made->routes.options;
    options.receiver = "r";
    options.group_wait_ms = 1000;
    options.group_interval_ms = 10'000;
    options.repeat_interval_ms = kHour;
    for (std::size_t i = 0; i < 2; ++i)
      made->receivers["r"].push_back(std::make_shared<const Integration>(
          Integration{.receiver = "r",
                      .kind = "webhook",
                      .index = i,
                      .send_resolved = true,
                      .notifier = std::make_shared<Deaf>()}));
    return made;
  }

  AlertPtr alert(std::string_view name, std::int64_t t_ms,
                 std::int64_t ends_ms = 100 * kHour) {
    auto made = std::make_shared<Alert>();
    made->labels = Labels{{"alertname", name}};
    made->fingerprint = fingerprint(made->labels);
    made->starts_at_ms = kStart + t_ms;
    made->ends_at_ms = kStart + ends_ms;
    made->updated_at_ms = kStart + t_ms;
    return made;
  }
  std::vector<Delivery> advance(std::int64_t t_ms) {
    return dispatcher_.advance(at(t_ms));
  }
  void ok(const Delivery& delivery, std::int64_t t_ms) {
    dispatcher_.finish(delivery.id, delivered(), at(t_ms));
  }
  void fails(const Delivery& delivery, std::int64_t t_ms, bool retry,
             std::int64_t retry_after_ms = 0) {
    dispatcher_.finish(delivery.id,
                       {.ok = false,
                        .retry = retry,
                        .error = "no",
                        .retry_after_ms = retry_after_ms},
                       at(t_ms));
  }

  static constexpr std::int64_t kHour = 3'600'000;
  Inhibitor inhibitor_;
  Silences silences_;
  NotificationLog log_;
  Dispatcher dispatcher_;
};

TEST_F(DispatcherTest, WaitsThenTellsEveryIntegrationOnce) {
  dispatcher_.route(alert("a", 0), at(0));
  EXPECT_EQ(dispatcher_.next_due_ms(), at(1000).steady_ms);
  EXPECT_TRUE(advance(999).empty());
  const auto sent = advance(1000);
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[0].notification->reason, Reason::kFirst);
  EXPECT_EQ(sent[0].notification->group_key, "{}:{}");
  EXPECT_NE(sent[0].notification->idempotency_key,
            sent[1].notification->idempotency_key);
  for (const Delivery& delivery : sent) ok(delivery, 1001);
  for (std::int64_t t = 1000; t < kHour; t += 10'000)
    EXPECT_TRUE(advance(t).empty()) << t;
  EXPECT_EQ(advance(kHour + 20'000).size(), 2U);
}

TEST_F(DispatcherTest, SendsOldAlertsWithoutWaiting) {
  dispatcher_.route(alert("a", -5000), at(0));
  EXPECT_EQ(advance(0).size(), 2U);
}

TEST_F(DispatcherTest, ASlotThatIsStuckDelaysNoOther) {
  dispatcher_.route(alert("a", 0), at(0));
  const auto sent = advance(1000);
  ok(sent[1], 1001);  // sent[0] hangs
  dispatcher_.route(alert("b", 11'000), at(11'000));
  const auto more = advance(11'000);
  ASSERT_EQ(more.size(), 1U);
  EXPECT_EQ(more[0].integration->index, 1U);
  // When it comes back it is told the newest state at once.
  ok(sent[0], 12'000);
  EXPECT_EQ(dispatcher_.next_due_ms(), INT64_MIN);
  const auto late = advance(12'000);
  ASSERT_EQ(late.size(), 1U);
  EXPECT_EQ(late[0].notification->alerts.size(), 2U);
  EXPECT_EQ(late[0].notification->reason, Reason::kNewAlerts);
}

TEST_F(DispatcherTest, RetriesWithGrowingPausesAndTheSameKey) {
  dispatcher_.route(alert("a", 0), at(0));
  auto sent = advance(1000);
  ok(sent[1], 1000);
  const std::string key = sent[0].notification->idempotency_key;
  std::int64_t t = 1000;
  std::int64_t before = 0;
  for (int i = 0; i < 4; ++i) {
    fails(sent[0], t, true);
    const std::int64_t due = *dispatcher_.next_due_ms() - 1000;
    const std::int64_t pause = due - t;
    const double nominal = 500 * std::pow(1.5, i);
    EXPECT_GE(static_cast<double>(pause), nominal * 0.5 - 1);
    EXPECT_LE(static_cast<double>(pause), nominal * 1.5 + 1);
    before = pause;
    EXPECT_TRUE(advance(due - 1).empty());
    sent = advance(due);
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].notification->idempotency_key, key);
    t = due;
  }
  EXPECT_GT(before, 0);
}

TEST_F(DispatcherTest, HonoursRetryAfterUpToFiveMinutes) {
  dispatcher_.route(alert("a", 0), at(0));
  auto sent = advance(1000);
  ok(sent[1], 1000);
  fails(sent[0], 1000, true, kHour);
  // The flushes of the group in between try again: their state is newer.
  EXPECT_LE(*dispatcher_.next_due_ms(), at(301'000).steady_ms);
}

TEST_F(DispatcherTest, LeavesAFinalFailureToTheNextFlush) {
  dispatcher_.route(alert("a", 0), at(0));
  const auto sent = advance(1000);
  ok(sent[1], 1000);
  fails(sent[0], 1000, false);
  EXPECT_TRUE(advance(10'999).empty());
  EXPECT_EQ(advance(11'000).size(), 1U);
}

TEST_F(DispatcherTest, KeepsResolvedAlertsUntilEverybodyKnows) {
  dispatcher_.route(alert("a", 0), at(0));
  for (const Delivery& delivery : advance(1000)) ok(delivery, 1000);
  dispatcher_.route(alert("a", 0, 5000), at(5000));
  auto sent = advance(11'000);
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[0].notification->reason, Reason::kAllResolved);
  EXPECT_EQ(sent[0].notification->status(), "resolved");
  ok(sent[0], 11'000);
  fails(sent[1], 11'000, false);
  EXPECT_EQ(dispatcher_.groups().size(), 1U);
  sent = advance(21'000);
  ASSERT_EQ(sent.size(), 1U);
  ok(sent[0], 21'000);
  advance(21'001);
  EXPECT_TRUE(dispatcher_.groups().empty());
}

TEST_F(DispatcherTest, AnAlertThatFiresAgainWhileItsEndIsToldStays) {
  dispatcher_.route(alert("a", 0), at(0));
  for (const Delivery& delivery : advance(1000)) ok(delivery, 1000);
  dispatcher_.route(alert("a", 0, 5000), at(5000));
  const auto sent = advance(11'000);
  dispatcher_.route(alert("a", 11'500), at(11'500));
  for (const Delivery& delivery : sent) ok(delivery, 12'000);
  const auto again = advance(21'000);
  ASSERT_EQ(again.size(), 2U);
  EXPECT_EQ(again[0].notification->reason, Reason::kFirst);
}

TEST_F(DispatcherTest, KeepsDeliveriesOnTheirWayThroughAReload) {
  const AlertPtr firing = alert("a", 0);
  dispatcher_.route(firing, at(0));
  const auto sent = advance(1000);
  ok(sent[0], 1001);
  dispatcher_.set_plan(plan(), {firing}, at(2000));
  EXPECT_TRUE(advance(2000).empty());  // both are known or under way
  ok(sent[1], 2500);
  EXPECT_TRUE(advance(2500).empty());
  EXPECT_TRUE(advance(12'500).empty());
}

TEST_F(DispatcherTest, DoesNotAnnounceTheSameEndAgainAfterAReload) {
  const AlertPtr firing = alert("a", 0);
  const AlertPtr resolved = alert("a", 0, 5000);
  dispatcher_.route(firing, at(0));
  for (const Delivery& delivery : advance(1000)) ok(delivery, 1000);
  dispatcher_.route(resolved, at(5000));
  for (const Delivery& delivery : advance(11'000)) ok(delivery, 11'000);
  dispatcher_.set_plan(plan(), {resolved}, at(12'000));
  EXPECT_TRUE(advance(12'000).empty());
  EXPECT_TRUE(dispatcher_.groups().empty());
}

TEST_F(DispatcherTest, GivesUpAfterADayAndSaysSo) {
  dispatcher_.route(alert("a", 0), at(0));
  auto sent = advance(1000);
  ok(sent[1], 1000);
  fails(sent[0], 1000 + 25 * kHour, true);
  EXPECT_EQ(dispatcher_.counters().given_up, 1U);
}

TEST_F(DispatcherTest, HurryRespectsTheGroupInterval) {
  dispatcher_.route(alert("a", 0), at(0));
  dispatcher_.hurry(at(0));
  for (const Delivery& delivery : advance(0)) ok(delivery, 0);
  dispatcher_.route(alert("b", 10), at(10));
  dispatcher_.hurry(at(10));
  EXPECT_TRUE(advance(10).empty());
  dispatcher_.hurry(at(10'000));
  EXPECT_EQ(advance(10'000).size(), 2U);
}

}  // namespace
}  // namespace prom::alert
