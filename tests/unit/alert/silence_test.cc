#include "libprom/alert/silence.h"

#include "tests/unit/alert/conformance.h"

namespace prom::alert {
namespace {

using nlohmann::json;

constexpr std::int64_t kNow = 1'700'000'000'000;
constexpr std::int64_t kHour = 3'600'000;

MatchOp op_of(const std::string& text) {
  for (const MatchOp op : {MatchOp::kEqual, MatchOp::kNotEqual, MatchOp::kRegex,
                           MatchOp::kNotRegex})
    if (prom::to_string(op) == text) return op;
  return MatchOp::kEqual;
}

LabelMatchers matchers(const std::string& text) {
  return parse_matchers(text, MatcherMode::kClassic).value();
}

class Store : public testing::Test {
 protected:
  Silences make(SilenceLimits limits = {}) {
    return Silences(kHour, limits, MatcherMode::kFallback,
                    [this](const Silence&) { ++changes_; });
  }
  int changes_ = 0;
};

TEST(Silence, IsValidAsUpstream) {
  const auto data = conformance("semantics_cases.json");
  SKIP_WITHOUT(data);
  for (const json& c : (*data)["silence_validate"]["cases"]) {
    Silence silence;
    for (const json& m : c["matchers"])
      silence.matchers.push_back(
          LabelMatcher::create(op_of(m["type"].get<std::string>()),
                               m["name"].get<std::string>(),
                               m["value"].get<std::string>())
              .value());
    if (!c["start"].is_null())
      silence.starts_at_ms = kNow + c["start"].get<std::int64_t>() * 1000;
    if (!c["end"].is_null())
      silence.ends_at_ms = kNow + c["end"].get<std::int64_t>() * 1000;
    const bool classic = c.contains("mode");
    const Status valid = validate(
        silence, classic ? MatcherMode::kClassic : MatcherMode::kFallback);
    const auto want = c["err"].get<std::string>();
    ASSERT_EQ(valid.has_value(), want.empty()) << c;
    if (valid) continue;
    EXPECT_NE(valid.error().message.find(want), std::string::npos)
        << valid.error().message;
  }
}

TEST_F(Store, ChangesInPlaceWhereUpstreamDoes) {
  const auto data = conformance("semantics_cases.json");
  SKIP_WITHOUT(data);
  for (const json& c : (*data)["silence_can_update"]["cases"]) {
    Silences silences = make();
    const auto time = [&](const json& seconds) {
      return kNow + static_cast<std::int64_t>(seconds.get<double>() * 1000);
    };
    Silence old{.id = random_uuid(), .matchers = matchers("a=b")};
    old.starts_at_ms = time(c["old"]["startsAt"]);
    old.ends_at_ms = time(c["old"]["endsAt"]);
    silences.restore(old);
    Silence wanted = old;
    if (c.contains("matchers_differ")) wanted.matchers = matchers("a=c");
    wanted.starts_at_ms = time(c["new"]["startsAt"]);
    wanted.ends_at_ms = time(c["new"]["endsAt"]);
    const auto id = silences.set(wanted, kNow);
    // An end before the start is refused before the question comes up.
    const bool in_place = id && *id == old.id;
    EXPECT_EQ(in_place, c["update"].get<bool>()) << c;
  }
}

TEST_F(Store, FollowsTheLifeOfASilence) {
  constexpr std::int64_t kMinute = 60'000;
  Silences silences = make();
  Silence first{.matchers = matchers("a=b"),
                .starts_at_ms = kNow + 2 * kMinute,
                .ends_at_ms = kNow + 5 * kMinute};
  const std::string id = silences.set(first, kNow).value();
  EXPECT_TRUE(is_uuid(id));
  const Labels labels{{"a", "b"}};
  EXPECT_TRUE(silences.silenced_by(labels, kNow).empty());
  EXPECT_EQ(silences.silenced_by(labels, kNow + 3 * kMinute).size(), 1U);
  // At its very end it still counts.
  EXPECT_EQ(silences.silenced_by(labels, kNow + 5 * kMinute).size(), 1U);
  EXPECT_TRUE(silences.silenced_by(labels, kNow + 5 * kMinute + 1).empty());

  // Other matchers: the old one ends, another begins.
  Silence other = *silences.find(id);
  other.matchers = matchers("a=c");
  const std::string second = silences.set(other, kNow + 3 * kMinute).value();
  EXPECT_NE(second, id);
  EXPECT_EQ(silences.find(id)->ends_at_ms, kNow + 3 * kMinute);
  EXPECT_EQ(silences.find(second)->starts_at_ms, kNow + 3 * kMinute);

  EXPECT_TRUE(silences.expire(second, kNow + 4 * kMinute));
  EXPECT_TRUE(silences.expire(second, kNow + 5 * kMinute));
  EXPECT_EQ(silences.find(second)->ends_at_ms, kNow + 4 * kMinute);
  EXPECT_EQ(silences.expire("nope", kNow).error().code, Code::kMissing);
  other.id = random_uuid();
  EXPECT_EQ(silences.set(other, kNow).error().code, Code::kMissing);

  EXPECT_EQ(silences.collect(kNow + kHour + 3 * kMinute), 1U);
  EXPECT_EQ(silences.find(id), nullptr);
  EXPECT_EQ(changes_, 4);  // created, ended, created, ended
}

TEST_F(Store, EndsAPendingSilenceBeforeItBegins) {
  Silences silences = make();
  Silence later{.matchers = matchers("a=b"),
                .starts_at_ms = kNow + kHour,
                .ends_at_ms = kNow + 2 * kHour};
  const std::string id = silences.set(later, kNow).value();
  ASSERT_TRUE(silences.expire(id, kNow + 1));
  EXPECT_EQ(silences.find(id)->starts_at_ms, kNow + 1);
  EXPECT_EQ(silences.find(id)->state_at(kNow + 2), SilenceState::kExpired);
}

TEST_F(Store, KeepsItsLimitsAndItsSilencesWhenOneIsRefused) {
  Silences silences = make({.count_max = 1, .bytes_max = 4096});
  Silence silence{.matchers = matchers("a=b"),
                  .starts_at_ms = kNow,
                  .ends_at_ms = kNow + kHour};
  const std::string id = silences.set(silence, kNow).value();
  EXPECT_EQ(silences.set(silence, kNow).error().message,
            "exceeded maximum number of silences: 1 (limit: 1)");
  Silence large = *silences.find(id);
  large.comment.assign(5000, 'x');
  EXPECT_EQ(silences.set(large, kNow).error().code, Code::kLimit);
  Silence moved = *silences.find(id);
  moved.starts_at_ms = kNow + 60'000;
  EXPECT_EQ(silences.set(moved, kNow).error().code, Code::kLimit);
  EXPECT_EQ(silences.find(id)->state_at(kNow + 1), SilenceState::kActive);
  Silence commented = *silences.find(id);
  commented.comment = "c";
  EXPECT_EQ(silences.set(commented, kNow).value(), id);
}

}  // namespace
}  // namespace prom::alert
