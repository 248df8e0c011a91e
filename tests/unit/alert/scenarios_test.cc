// Upstream's acceptance scenarios on a clock that the test turns.
#include <cmath>

#include "libprom/alert/engine.h"
#include "libprom/alert/intake.h"
#include "libprom/alert/plan.h"
#include "libprom/config/load.h"

#include "tests/unit/alert/conformance.h"

namespace prom::alert {
namespace {

using nlohmann::json;

constexpr std::int64_t kStart = 1'700'000'000'000;
constexpr std::int64_t kStepMs = 10;

std::int64_t to_ms(const json& seconds) {
  return std::llround(seconds.get<double>() * 1000);
}
Now at(std::int64_t t_ms) {
  return {.wall_ms = kStart + t_ms, .steady_ms = 5000 + t_ms};
}

struct Received {
  std::int64_t t_ms;
  std::vector<Alert> alerts;
};

class Scenario {
 public:
  explicit Scenario(const json& c) : case_(c) {}

  void run() {
    std::string text = case_["config"].get<std::string>();
    for (const char* name : {"WH1", "WH2"}) {
      const std::string mark = std::string("{{") + name + "}}";
      for (std::size_t i = text.find(mark); i != std::string::npos;
           i = text.find(mark))
        text.replace(i, mark.size(), std::string(name) + ".test");
    }
    auto config = config::parse_alertmanager(text, "scenario.yml");
    ASSERT_TRUE(config) << config.error().front().to_string();
    config_ = std::move(*config);
    EngineOptions options;
    if (case_.contains("args") && case_["args"][0] == "--dispatch.start-delay")
      options.dispatch.start_delay_ms = 5000;
    engine_ = std::make_unique<Engine>(options);
    load(0);

    auto actions = case_["actions"].get<std::vector<json>>();
    std::stable_sort(actions.begin(), actions.end(),
                     [](const json& a, const json& b) {
                       return a["at"].get<double>() < b["at"].get<double>();
                     });
    std::int64_t end = 0;
    for (const auto& [name, batches] : case_["want"].items())
      for (const json& want : batches)
        end = std::max(end, to_ms(want["between"][1]));
    std::size_t next = 0;
    for (std::int64_t t = 0; t <= end; t += kStepMs) {
      while (next < actions.size() && to_ms(actions[next]["at"]) <= t)
        act(actions[next++], t);
      turn(t);
    }
    compare();
  }

 private:
  void load(std::int64_t t) {
    auto compiled = compile(config_, MatcherMode::kFallback);
    ASSERT_TRUE(compiled) << compiled.error().front().to_string();
    engine_->set_plan(compiled->plan, compiled->inhibit_rules, at(t));
  }

  void act(const json& action, std::int64_t t) {
    if (action.contains("push")) push(action["push"], t);
    if (action.contains("reload")) load(t);
    if (action.contains("set_silence")) {
      const json& wanted = action["set_silence"];
      Silence silence{.starts_at_ms = kStart + to_ms(wanted["startsAt"]),
                      .ends_at_ms = kStart + to_ms(wanted["endsAt"])};
      for (const json& matcher : wanted["matchers"])
        silence.matchers.push_back(
            parse_matcher(matcher.get<std::string>(), MatcherMode::kFallback)
                .value());
      silences_[wanted["id"].get<std::string>()] =
          engine_->set_silence(silence, at(t)).value();
    }
    if (action.contains("delete_silence")) {
      const auto id = action["delete_silence"].get<std::string>();
      ASSERT_TRUE(engine_->expire_silence(silences_[id], at(t)));
    }
  }

  void push(const json& list, std::int64_t t) {
    std::vector<Alert> alerts;
    for (const json& item : list) {
      Alert alert;
      std::vector<std::pair<std::string, std::string>> pairs;
      for (const auto& [name, value] : item["labels"].items())
        pairs.emplace_back(name, value.get<std::string>());
      std::vector<LabelView> views;
      for (const auto& [name, value] : pairs) views.push_back({name, value});
      alert.labels = Labels::from(views);
      if (item.contains("annotations"))
        alert.annotations = item["annotations"].get<TextMap>();
      if (item.contains("startsAt"))
        alert.starts_at_ms = kStart + to_ms(item["startsAt"]);
      if (item.contains("endsAt"))
        alert.ends_at_ms = kStart + to_ms(item["endsAt"]);
      alerts.push_back(std::move(alert));
    }
    Intake intake =
        take_in(std::move(alerts), config_.global.resolve_timeout_ms,
                MatcherMode::kFallback, at(t).wall_ms);
    EXPECT_TRUE(intake.errors.empty());
    ASSERT_TRUE(engine_->put(std::move(intake.valid), at(t)));
  }

  void turn(std::int64_t t) {
    std::erase_if(timeouts_, [&](const auto& timeout) {
      if (timeout.first > t) return false;
      EXPECT_TRUE(engine_->finish(
          timeout.second, {.ok = false, .retry = true, .error = "timeout"},
          at(t)));
      return true;
    });
    for (const Delivery& delivery : engine_->advance(at(t))) {
      const std::string hook = name_of(*delivery.integration);
      const auto name = case_["name"].get<std::string>();
      if (name == "WebhookTimeout" && t < 3000) {
        timeouts_.emplace_back(t + 500, delivery.id);
        continue;
      }
      if (name != "Retry" || hook != "WH2" || t >= 4500)
        received_[hook].push_back({t, delivery.notification->alerts});
      EXPECT_TRUE(engine_->finish(delivery.id, delivered(), at(t + 1)));
    }
  }

  std::string name_of(const Integration& integration) {
    for (const config::Receiver& receiver : config_.receivers)
      if (receiver.name == integration.receiver)
        return receiver.webhooks[integration.index].url.reveal().substr(7, 3);
    return "";
  }

  bool same(const json& want, const Alert& got, std::int64_t tolerance) {
    std::map<std::string, std::string> labels;
    for (const LabelView label : got.labels)
      labels.emplace(label.name, label.value);
    if (json(labels) != want["labels"]) return false;
    if (json(got.annotations) !=
        (want.contains("annotations") ? want["annotations"] : json::object()))
      return false;
    if (want.contains("startsAt") &&
        std::abs(got.starts_at_ms - kStart - to_ms(want["startsAt"])) >
            tolerance)
      return false;
    if (want.contains("endsAt") != (got.ends_at_ms != 0)) return false;
    return got.ends_at_ms == 0 || std::abs(got.ends_at_ms - kStart -
                                           to_ms(want["endsAt"])) <= tolerance;
  }

  void compare() {
    const std::int64_t tolerance =
        case_.contains("tolerance") ? to_ms(case_["tolerance"]) : 150;
    for (const auto& [hook, batches] : case_["want"].items()) {
      std::size_t wanted = 0;
      for (const json& want : batches) {
        wanted += want["alerts"].size();
        bool found = false;
        for (const Received& batch : received_[hook]) {
          if (batch.t_ms < to_ms(want["between"][0]) ||
              batch.t_ms > to_ms(want["between"][1]))
            continue;
          if (want["alerts"].empty())
            ADD_FAILURE() << case_["name"] << " " << hook
                          << ": nothing was wanted at " << batch.t_ms;
          bool all = batch.alerts.size() == want["alerts"].size();
          for (const json& alert : want["alerts"])
            all = all && std::any_of(batch.alerts.begin(), batch.alerts.end(),
                                     [&](const Alert& got) {
                                       return same(alert, got, tolerance);
                                     });
          found = found || all;
        }
        EXPECT_TRUE(found || want["alerts"].empty())
            << case_["name"] << " " << hook << " " << want;
      }
      std::size_t got = 0;
      for (const Received& batch : received_[hook]) got += batch.alerts.size();
      EXPECT_EQ(got, wanted) << case_["name"] << " " << hook;
    }
  }

  const json& case_;
  config::AlertmanagerConfig config_;
  std::unique_ptr<Engine> engine_;
  std::map<std::string, std::string> silences_;
  std::map<std::string, std::vector<Received>> received_;
  std::vector<std::pair<std::int64_t, std::uint64_t>> timeouts_;
};

TEST(Scenarios, BehaveAsUpstream) {
  const auto data = conformance("acceptance_scenarios.json");
  SKIP_WITHOUT(data);
  std::size_t count = 0;
  for (const json& c : (*data)["scenarios"]) {
    // Clusters are not available; the command line has tests of its own.
    if (!c.contains("want") || c.contains("cli") || c.contains("instances") ||
        c.contains("instances_variants"))
      continue;
    SCOPED_TRACE(c["name"].get<std::string>());
    Scenario(c).run();
    ++count;
  }
  EXPECT_GE(count, 15U);
}

}  // namespace
}  // namespace prom::alert
