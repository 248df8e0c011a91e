#include "libprom/alert/inhibit.h"

#include "tests/unit/alert/conformance.h"

namespace prom::alert {
namespace {

using nlohmann::json;
constexpr std::int64_t kNow = 1'700'000'000'000;

AlertPtr alert(const json& labels, std::int64_t ends_at_ms) {
  auto made = std::make_shared<Alert>();
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& [name, value] : labels.items())
    pairs.emplace_back(name, value.get<std::string>());
  std::vector<LabelView> views;
  for (const auto& [name, value] : pairs) views.push_back({name, value});
  made->labels = Labels::from(views);
  made->fingerprint = fingerprint(made->labels);
  made->starts_at_ms = kNow - 1000;
  made->ends_at_ms = ends_at_ms;
  return made;
}

// "source s1=1 / target t1!=1 / equal e"
InhibitRule rule(const std::string& text) {
  const auto part = [&](const std::string& word) {
    const std::size_t begin = text.find(word) + word.size() + 1;
    const std::size_t end = text.find(" /", begin);
    return text.substr(begin, end == std::string::npos ? end : end - begin);
  };
  return {
      .name = text,
      .source = parse_matchers(part("source"), MatcherMode::kClassic).value(),
      .target = parse_matchers(part("target"), MatcherMode::kClassic).value(),
      .equal = {part("equal")}};
}

TEST(Inhibitor, ComparesTheEqualLabelsAsUpstream) {
  const auto data = conformance("semantics_cases.json");
  SKIP_WITHOUT(data);
  for (const json& c : (*data)["inhibit_has_equal"]["cases"]) {
    InhibitRule any;
    any.equal = c["equal"].get<std::vector<std::string>>();
    any.target = parse_matchers("never!=x", MatcherMode::kClassic).value();
    Inhibitor inhibitor({any});
    // Sources must not be targets, or two-sided matches would be left out.
    inhibitor = Inhibitor({any});
    for (const json& source : c["sources"]) {
      json labels = source["labels"];
      labels["never"] = "x";
      inhibitor.update(
          alert(labels, kNow + (source["active"].get<bool>() ? 1000 : -1)));
    }
    EXPECT_EQ(
        inhibitor.inhibited_by(alert(c["target"], 0)->labels, kNow).has_value(),
        c["inhibited"].get<bool>())
        << c;
  }
}

TEST(Inhibitor, MatchesAsUpstream) {
  const auto data = conformance("semantics_cases.json");
  SKIP_WITHOUT(data);
  for (const char* group : {"inhibit_match", "inhibit_matchers"}) {
    const json& set = (*data)[group];
    std::vector<InhibitRule> rules;
    for (const json& text : set["rules"])
      rules.push_back(rule(text.get<std::string>()));
    Inhibitor inhibitor(rules);
    for (const json& source : set["active_sources"])
      inhibitor.update(alert(source["labels"], kNow + 1000));
    for (const json& c : set["cases"])
      EXPECT_EQ(inhibitor.inhibited_by(alert(c["target"], 0)->labels, kNow)
                    .has_value(),
                c["inhibited"].get<bool>())
          << group << c;
  }
}

TEST(Inhibitor, FollowsAlertsAsUpstream) {
  const auto data = conformance("semantics_cases.json");
  SKIP_WITHOUT(data);
  const json& set = (*data)["inhibit_flow"];
  for (const json& c : set["cases"]) {
    Inhibitor inhibitor({rule(set["rule"].get<std::string>())});
    for (const json& a : c["alerts"])
      inhibitor.update(
          alert(a["labels"], kNow + a["endsAt"].get<std::int64_t>() * 1000));
    for (const json& want : c["expect"])
      EXPECT_EQ(inhibitor.inhibited_by(alert(want["labels"], 0)->labels, kNow)
                    .has_value(),
                want["muted"].get<bool>())
          << c;
  }
}

TEST(Inhibitor, RemembersEverySourceOfTheSameValues) {
  Inhibitor inhibitor({rule("source s=1 / target t=1 / equal e")});
  const auto first = alert({{"s", "1"}, {"e", "x"}, {"i", "1"}}, kNow + 1000);
  const auto second = alert({{"s", "1"}, {"e", "x"}, {"i", "2"}}, kNow + 2000);
  inhibitor.update(first);
  inhibitor.update(second);
  const Labels target{{"t", "1"}, {"e", "x"}};
  inhibitor.remove(*second);
  EXPECT_EQ(inhibitor.inhibited_by(target, kNow), first->fingerprint);
  EXPECT_FALSE(inhibitor.inhibited_by(target, kNow + 1000));
  inhibitor.remove(*first);
  EXPECT_FALSE(inhibitor.inhibited_by(target, kNow));
}

}  // namespace
}  // namespace prom::alert
