#include "libprom/alert/alert.h"

#include "libprom/alert/digest.h"
#include "libprom/alert/record.h"

#include "tests/unit/alert/conformance.h"

namespace prom::alert {
namespace {

using nlohmann::json;

constexpr std::int64_t kNow = 1'700'000'000'000;

Labels labels_of(const json& object) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& [name, value] : object.items())
    pairs.emplace_back(name, value.get<std::string>());
  std::vector<LabelView> views;
  for (const auto& [name, value] : pairs) views.push_back({name, value});
  return Labels::from(views);
}

Alert alert_of(const json& c) {
  Alert alert;
  alert.starts_at_ms = kNow + c["startsAt"].get<std::int64_t>() * 1000;
  alert.ends_at_ms = kNow + c["endsAt"].get<std::int64_t>() * 1000;
  alert.updated_at_ms = kNow + c["updatedAt"].get<std::int64_t>() * 1000;
  alert.is_timeout = c["timeout"].get<bool>();
  return alert;
}

TEST(Alert, FingerprintsAsUpstream) {
  const auto data = conformance("semantics_cases.json");
  SKIP_WITHOUT(data);
  for (const json& c : (*data)["hash_vectors"]["fingerprint"])
    EXPECT_EQ(format_fingerprint(fingerprint(labels_of(c["labels"]))),
              c["fp"].get<std::string>());
  for (const json& c : (*data)["hash_vectors"]["group_key_sha256"])
    EXPECT_EQ(sha256_hex(c["key"].get<std::string>()),
              c["hex"].get<std::string>());
}

TEST(Alert, MergesAsUpstream) {
  const auto data = conformance("semantics_cases.json");
  SKIP_WITHOUT(data);
  for (const json& c : (*data)["alert_merge"]["cases"]) {
    const Alert a = alert_of(c["A"]);
    const Alert b = alert_of(c["B"]);
    const Alert want = alert_of(c["result"]);
    for (const Alert& got : {merge(a, b, kNow), merge(b, a, kNow)}) {
      EXPECT_EQ(got.starts_at_ms, want.starts_at_ms) << c;
      EXPECT_EQ(got.ends_at_ms, want.ends_at_ms) << c;
      EXPECT_EQ(got.updated_at_ms, want.updated_at_ms) << c;
      EXPECT_EQ(got.is_timeout, want.is_timeout) << c;
    }
  }
}

TEST(Alert, OverlapsAsUpstream) {
  const auto data = conformance("semantics_cases.json");
  SKIP_WITHOUT(data);
  for (const json& c : (*data)["alert_put_provider"]["cases"])
    EXPECT_EQ(overlaps(alert_of(c["old"]), alert_of(c["new"])),
              c["merged"].get<bool>())
        << c;
}

TEST(Alert, SortsAsUpstream) {
  const auto data = conformance("semantics_cases.json");
  SKIP_WITHOUT(data);
  for (const json& c : (*data)["alert_sort"]["cases"]) {
    std::vector<Alert> alerts;
    for (const json& labels : c["input"]) {
      alerts.emplace_back();
      alerts.back().labels = labels_of(labels);
    }
    sort_for_message(alerts);
    for (std::size_t i = 0; i < alerts.size(); ++i)
      EXPECT_EQ(alerts[i].labels, labels_of(c["sorted"][i])) << c;
  }
}

TEST(Record, RoundTripsAlertsSilencesAndLogEntries) {
  Alert alert;
  alert.labels = Labels{{"alertname", "x"}, {"ünï", "\n"}};
  alert.annotations = {{"empty", ""}, {"summary", "s"}};
  alert.generator_url = "http://x/";
  alert.starts_at_ms = -5;
  alert.ends_at_ms = kNow;
  alert.updated_at_ms = 7;
  alert.is_timeout = true;
  const auto again = decode_alert(encode(alert));
  ASSERT_TRUE(again);
  EXPECT_EQ(encode(*again), encode(alert));
  EXPECT_EQ(again->fingerprint, fingerprint(alert.labels));

  Silence silence{.id = random_uuid()};
  silence.matchers =
      parse_matchers("a=b,c=~\"d.*\"", MatcherMode::kClassic).value();
  silence.annotations = {{"k", "v"}};
  silence.starts_at_ms = kNow;
  silence.comment = "why";
  const auto silence_again = decode_silence(encode(silence));
  ASSERT_TRUE(silence_again);
  EXPECT_EQ(encode(*silence_again), encode(silence));

  const LogEntry entry{.key = "k",
                       .firing = {1, 2},
                       .resolved = {UINT64_MAX},
                       .sent_at_ms = 3,
                       .expires_at_ms = 4,
                       .data = {{"threadTs", "1.2"}}};
  const auto entry_again = decode_log_entry(encode(entry));
  ASSERT_TRUE(entry_again);
  EXPECT_EQ(encode(*entry_again), encode(entry));
}

TEST(Record, RefusesEveryCut) {
  Alert alert;
  alert.labels = Labels{{"a", "b"}};
  alert.annotations = {{"c", "d"}};
  const std::string bytes = encode(alert);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode_alert(bytes.substr(0, size))) << size;
}

}  // namespace
}  // namespace prom::alert
