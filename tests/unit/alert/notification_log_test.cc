#include "libprom/alert/notification_log.h"

#include "tests/unit/alert/conformance.h"

namespace prom::alert {
namespace {

using nlohmann::json;
constexpr std::int64_t kNow = 1'700'000'000'000;

AlertHashes hashes(const json& list) {
  AlertHashes set;
  for (const json& item : list) set.insert(item.get<std::uint64_t>());
  return set;
}

TEST(NotificationLog, DecidesAsUpstream) {
  const auto data = conformance("semantics_cases.json");
  SKIP_WITHOUT(data);
  for (const json& c : (*data)["dedup_needs_update"]["cases"]) {
    LogEntry entry;
    const json& known = c["entry"];
    if (!known.is_null()) {
      entry.firing = hashes(known["firing"]);
      entry.resolved = hashes(known["resolved"]);
      if (known.contains("ts") && known["ts"].is_number())
        entry.sent_at_ms = kNow + known["ts"].get<std::int64_t>() * 1000;
    }
    const std::int64_t repeat =
        c.contains("repeat") ? c["repeat"].get<std::int64_t>() * 1000 : 0;
    const Reason reason = why_notify(
        known.is_null() ? nullptr : &entry, hashes(c["firing"]),
        hashes(c["resolved"]), repeat, c["send_resolved"].get<bool>(), kNow);
    EXPECT_EQ(reason != Reason::kNone, c["notify"].get<bool>()) << c;
  }
}

TEST(NotificationLog, ForgetsAfterTwiceTheRepeatIntervalOrTheRetention) {
  int changes = 0;
  NotificationLog log(10'000, [&](const LogEntry&) { ++changes; });
  log.record({.key = "short"}, 1000, kNow);
  log.record({.key = "long"}, 100'000, kNow);
  EXPECT_EQ(log.find("short")->expires_at_ms, kNow + 2000);
  EXPECT_EQ(log.find("long")->expires_at_ms, kNow + 10'000);
  EXPECT_EQ(log.collect(kNow + 2000), 1U);
  EXPECT_EQ(log.find("short"), nullptr);
  EXPECT_EQ(changes, 2);
}

TEST(NotificationLog, KeepsTheNewerOfTwo) {
  NotificationLog log(10'000, [](const LogEntry&) {});
  log.restore({.key = "k", .firing = {1}, .sent_at_ms = kNow});
  log.restore({.key = "k", .firing = {2}, .sent_at_ms = kNow - 1});
  EXPECT_TRUE(log.told_firing(1));
  EXPECT_FALSE(log.told_firing(2));
}

}  // namespace
}  // namespace prom::alert
