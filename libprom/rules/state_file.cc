#include "libprom/rules/state_file.h"

#include <algorithm>
#include <bit>

#include <nlohmann/json.hpp>

#include "libprom/base/json_writer.h"
#include "libprom/base/number.h"

namespace prom::rules {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kVersion = 1;

struct TimeField {
  const char* name;
  std::int64_t Alert::* member;
};
constexpr TimeField kTimes[] = {
    {"active_at_ms", &Alert::active_at_ms},
    {"fired_at_ms", &Alert::fired_at_ms},
    {"resolved_at_ms", &Alert::resolved_at_ms},
    {"last_sent_ms", &Alert::last_sent_ms},
    {"valid_until_ms", &Alert::valid_until_ms},
    {"keep_firing_since_ms", &Alert::keep_firing_since_ms},
};

void append_labels(JsonWriter& json, const Labels& labels) {
  json.begin_object();
  for (const auto& [name, value] : labels) json.key(name).string(value);
  json.end_object();
}

void append_alert(JsonWriter& json, const Alert& alert) {
  json.begin_object();
  json.key("state").string(to_string(alert.state));
  json.key("labels");
  append_labels(json, alert.labels);
  json.key("annotations").begin_object();
  for (const auto& [name, value] : alert.annotations)
    json.key(name).string(value);
  json.end_object();
  json.key("value").string(format_float(alert.value));
  for (const TimeField& time : kTimes)
    if (alert.*time.member != kNever)
      json.key(time.name).integer(alert.*time.member);
  json.end_object();
}

void append_rule(JsonWriter& json, const GroupRunner& group,
                 std::size_t index) {
  const AlertMap& alerts = group.alerting(index).alerts();
  const auto& series = group.previous(index);
  if (alerts.empty() && series.empty()) return;
  json.begin_object();
  json.key("rule").string(group.group().rules[index]->identity());
  json.key("alerts").begin_array();
  for (const auto& [labels, alert] : alerts) append_alert(json, alert);
  json.end_array();
  std::vector<Labels> sorted(series.begin(), series.end());
  std::ranges::sort(sorted);
  json.key("series").begin_array();
  for (const Labels& labels : sorted) append_labels(json, labels);
  json.end_array();
  json.end_object();
}

// ---- reading; anything unexpected throws inside nlohmann and is caught once

Labels read_labels(const Json& object) {
  LabelsBuilder builder;
  for (const auto& [name, value] : object.items())
    builder.set(name, value.get_ref<const std::string&>());
  return builder.build();
}

Alert read_alert(const Json& object) {
  Alert alert{.labels = read_labels(object.at("labels")), .annotations = {}};
  const std::string state = object.at("state");
  alert.state = state == "firing"    ? AlertState::kFiring
                : state == "pending" ? AlertState::kPending
                                     : AlertState::kInactive;
  for (const auto& [name, value] : object.at("annotations").items())
    alert.annotations.emplace_back(name, value);
  alert.value =
      parse_float(object.at("value").get_ref<const std::string&>()).value_or(0);
  for (const TimeField& time : kTimes)
    if (object.contains(time.name))
      alert.*time.member = object.at(time.name).get<std::int64_t>();
  return alert;
}

struct SavedRule {
  std::string identity;
  std::vector<Alert> alerts;
  GroupRunner::SeriesSet series;
};
struct SavedGroup {
  std::string file, name;
  std::vector<SavedRule> rules;
};

SavedRule read_rule(const Json& object) {
  SavedRule rule{.identity = object.at("rule"), .alerts = {}, .series = {}};
  for (const Json& alert : object.at("alerts"))
    rule.alerts.push_back(read_alert(alert));
  for (const Json& labels : object.at("series"))
    rule.series.insert(read_labels(labels));
  return rule;
}

}  // namespace

struct SavedState::Data {
  std::int64_t saved_ms = 0;
  std::vector<SavedGroup> groups;
};

std::string group_state(const GroupRunner& group) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.key("file").string(group.group().file);
  json.key("name").string(group.group().name);
  json.key("rules").begin_array();
  for (std::size_t i = 0; i < group.group().rules.size(); ++i)
    append_rule(json, group, i);
  json.end_array();
  json.end_object();
  return text;
}

std::string state_text(const std::vector<std::string>& group_states,
                       std::int64_t saved_ms) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.key("version").integer(kVersion);
  json.key("saved_ms").integer(saved_ms);
  json.key("groups").begin_array();
  for (const std::string& state : group_states) json.raw(state);
  json.end_array();
  json.end_object();
  return text + "\n";
}

Status save_state(os::FileSystem& files, const std::string& path,
                  const std::string& text) {
  auto done = os::write_file_atomically(files, path, text);
  if (!done) return fail(std::move(done).error().in("save the rules' state"));
  return {};
}

SavedState::SavedState(std::unique_ptr<Data> data) : data_(std::move(data)) {}
SavedState::SavedState(SavedState&&) noexcept = default;
SavedState& SavedState::operator=(SavedState&&) noexcept = default;
SavedState::~SavedState() = default;

std::int64_t SavedState::saved_ms() const {
  return data_->saved_ms;
}

Result<SavedState> SavedState::load(const std::string& path) {
  auto text = os::read_file(path, kStateBytesMax);
  if (!text) return fail(std::move(text).error());
  auto state = parse(*text);
  if (!state) return fail(std::move(state).error().in(path));
  return state;
}

Result<SavedState> SavedState::parse(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    if (json.at("version") != kVersion)
      return fail(Code::kCorrupt, "a state of another version");
    auto data = std::make_unique<Data>();
    data->saved_ms = json.at("saved_ms");
    for (const Json& object : json.at("groups")) {
      SavedGroup group{object.at("file"), object.at("name"), {}};
      for (const Json& rule : object.at("rules"))
        group.rules.push_back(read_rule(rule));
      data->groups.push_back(std::move(group));
    }
    return SavedState(std::move(data));
  } catch (const Json::exception& e) {
    return fail(Code::kCorrupt, std::string("no state of rules: ") + e.what());
  }
}

void SavedState::apply(GroupRunner& group, std::int64_t now_ms,
                       std::int64_t resume_grace_ms) const {
  const auto saved =
      std::ranges::find_if(data_->groups, [&](const SavedGroup& one) {
        return one.file == group.group().file && one.name == group.group().name;
      });
  if (saved == data_->groups.end()) return;
  // Of rules that look the same, the first takes the first.
  std::vector<bool> taken(saved->rules.size());
  for (std::size_t i = 0; i < group.group().rules.size(); ++i) {
    const Rule& rule = *group.group().rules[i];
    for (std::size_t j = 0; j < saved->rules.size(); ++j) {
      if (taken[j] || saved->rules[j].identity != rule.identity()) continue;
      taken[j] = true;
      group.set_previous(i, saved->rules[j].series);
      for (Alert alert : saved->rules[j].alerts) {
        if (resume_grace_ms > 0 && rule.for_ms >= resume_grace_ms &&
            alert.state == AlertState::kPending)
          alert.active_at_ms =
              resumed_active_at(alert.active_at_ms, data_->saved_ms, now_ms,
                                rule.for_ms, resume_grace_ms);
        Labels labels = alert.labels;
        group.alerting(i).alerts().insert_or_assign(std::move(labels),
                                                    std::move(alert));
      }
      break;
    }
    group.alerting(i).set_restored();
  }
}

}  // namespace prom::rules
