#include "libprom/template/alert_data.h"

#include <algorithm>
#include <array>
#include <utility>

namespace prom::templates {
namespace {

using Arguments = std::span<const Value>;

// ---- string lists: []string with Join

class Strings : public Object {
 public:
  explicit Strings(const std::vector<std::string>& items)
      : data_(Value::strings(items)) {}
  [[nodiscard]] std::string_view type_name() const override {
    return "template.Strings";
  }
  [[nodiscard]] const Value& data() const override { return data_; }
  [[nodiscard]] std::span<const Method> methods() const override {
    return kMethods;
  }

 private:
  static Result<Value> join(const Object& self, Arguments arguments) {
    std::string text;
    bool first = true;
    for (const Value& item : self.data().as_list().items) {
      if (!first) text += arguments[0].as_string();
      first = false;
      text += item.as_string();
    }
    return Value::string(std::move(text));
  }
  static const std::array<Method, 1> kMethods;

  Value data_;
};

const std::array<Object::Method, 1> Strings::kMethods = {
    Method{"Join", "s", join}};

Value to_strings(const std::vector<std::string>& items) {
  return Value::object(std::make_shared<Strings>(items));
}

// ---- pairs: a list of {Name, Value}

class Pairs : public Object {
 public:
  explicit Pairs(std::vector<std::pair<std::string, std::string>> pairs)
      : pairs_(std::move(pairs)) {
    List list{.type = "template.Pairs"};
    for (const auto& [name, value] : pairs_)
      list.items.push_back(Value::object(std::make_shared<Record>(
          "template.Pair",
          std::vector<Field>{{"Name", "Name", Value::string(name)},
                             {"Value", "Value", Value::string(value)}})));
    data_ = Value::list(std::move(list));
  }
  [[nodiscard]] std::string_view type_name() const override {
    return "template.Pairs";
  }
  [[nodiscard]] const Value& data() const override { return data_; }
  [[nodiscard]] std::span<const Method> methods() const override {
    return kMethods;
  }
  [[nodiscard]] std::optional<std::string> text() const override {
    std::string text;
    for (const auto& [name, value] : pairs_) {
      if (!text.empty()) text += ", ";
      text += name;
      text += '=';
      text += value;
    }
    return text;
  }
  [[nodiscard]] Value names() const {
    std::vector<std::string> names;
    for (const auto& pair : pairs_) names.push_back(pair.first);
    return to_strings(names);
  }
  [[nodiscard]] Value values() const {
    std::vector<std::string> values;
    for (const auto& pair : pairs_) values.push_back(pair.second);
    return to_strings(values);
  }

 private:
  static const std::array<Method, 2> kMethods;

  std::vector<std::pair<std::string, std::string>> pairs_;
  Value data_;
};

const std::array<Object::Method, 2> Pairs::kMethods = {
    Method{"Names", "",
           [](const Object& self, Arguments) -> Result<Value> {
             return dynamic_cast<const Pairs&>(self).names();
           }},
    Method{"Values", "", [](const Object& self, Arguments) -> Result<Value> {
             return dynamic_cast<const Pairs&>(self).values();
           }}};

// ---- labels: a map with methods

class Kv : public Object {
 public:
  explicit Kv(const KeyValues& labels) : present_(labels.has_value()) {
    if (labels) labels_ = *labels;
    Map map{.missing = Value::string(""), .type = "template.KV"};
    for (const auto& [name, value] : labels_)
      map.entries.emplace(name, Value::string(value));
    map.is_null = !present_;
    data_ = Value::map(std::move(map));
  }
  [[nodiscard]] std::string_view type_name() const override {
    return "template.KV";
  }
  [[nodiscard]] const Value& data() const override { return data_; }
  [[nodiscard]] std::span<const Method> methods() const override {
    return kMethods;
  }
  [[nodiscard]] std::optional<std::string> text() const override {
    return sorted()->text();
  }
  // The alert's name first, then by name.
  [[nodiscard]] std::shared_ptr<const Pairs> sorted() const {
    std::vector<std::pair<std::string, std::string>> pairs(labels_.begin(),
                                                           labels_.end());
    std::ranges::stable_partition(
        pairs, [](const auto& pair) { return pair.first == "alertname"; });
    return std::make_shared<Pairs>(std::move(pairs));
  }
  [[nodiscard]] Value without(const Value& names) const {
    auto rest = labels_;
    if (!names.is_nil())
      for (const Value& name : names.plain().as_list().items)
        rest.erase(name.as_string());
    return to_value(KeyValues(std::move(rest)));
  }

 private:
  static const std::array<Method, 4> kMethods;

  bool present_;
  std::map<std::string, std::string> labels_;
  Value data_;
};

const Kv& kv(const Object& self) {
  return dynamic_cast<const Kv&>(self);
}

const std::array<Object::Method, 4> Kv::kMethods = {
    Method{"Names", "",
           [](const Object& self, Arguments) -> Result<Value> {
             return kv(self).sorted()->names();
           }},
    Method{"Remove", "z",
           [](const Object& self, Arguments arguments) -> Result<Value> {
             return kv(self).without(arguments[0]);
           }},
    Method{"SortedPairs", "",
           [](const Object& self, Arguments) -> Result<Value> {
             return Value::object(kv(self).sorted());
           }},
    Method{"Values", "", [](const Object& self, Arguments) -> Result<Value> {
             return kv(self).sorted()->values();
           }}};

// ---- alerts

Value alert_value(const AlertData& alert) {
  using Field = Object::Field;
  return Value::object(std::make_shared<Record>(
      "template.Alert",
      std::vector<Field>{
          {"Status", "status", Value::string(alert.status)},
          {"Labels", "labels", to_value(alert.labels)},
          {"Annotations", "annotations", to_value(alert.annotations)},
          {"StartsAt", "startsAt", Value::time(alert.starts_at)},
          {"EndsAt", "endsAt", Value::time(alert.ends_at)},
          {"GeneratorURL", "generatorURL", Value::string(alert.generator_url)},
          {"Fingerprint", "fingerprint", Value::string(alert.fingerprint)}}));
}

class Alerts : public Object {
 public:
  explicit Alerts(const std::vector<AlertData>& alerts) {
    List list{.type = "template.Alerts"};
    for (const AlertData& alert : alerts)
      list.items.push_back(alert_value(alert));
    data_ = Value::list(std::move(list));
  }
  [[nodiscard]] std::string_view type_name() const override {
    return "template.Alerts";
  }
  [[nodiscard]] const Value& data() const override { return data_; }
  [[nodiscard]] std::span<const Method> methods() const override {
    return kMethods;
  }

 private:
  template <bool kFiring>
  static Result<Value> with_status(const Object& self, Arguments) {
    const std::string_view wanted = kFiring ? "firing" : "resolved";
    List part{.type = "[]template.Alert"};
    for (const Value& alert : self.data().as_list().items)
      if (alert.as_object().find_field("Status")->value.as_string() == wanted)
        part.items.push_back(alert);
    return Value::list(std::move(part));
  }
  static const std::array<Method, 2> kMethods;

  Value data_;
};

const std::array<Object::Method, 2> Alerts::kMethods = {
    Method{"Firing", "", with_status<true>},
    Method{"Resolved", "", with_status<false>}};

}  // namespace

Value to_value(const KeyValues& labels) {
  return Value::object(std::make_shared<Kv>(labels));
}

Value to_value(const NotificationData& data) {
  using Field = Object::Field;
  return Value::object(std::make_shared<Record>(
      "template.Data",
      std::vector<Field>{
          {"Receiver", "receiver", Value::string(data.receiver)},
          {"Status", "status", Value::string(data.status)},
          {"Alerts", "alerts",
           Value::object(std::make_shared<Alerts>(data.alerts))},
          {"NotificationReason", "notification_reason",
           Value::string(data.notification_reason)},
          {"GroupLabels", "groupLabels", to_value(data.group_labels)},
          {"CommonLabels", "commonLabels", to_value(data.common_labels)},
          {"CommonAnnotations", "commonAnnotations",
           to_value(data.common_annotations)},
          {"RouteLabels", "routeLabels", to_value(data.route_labels)},
          {"ExternalURL", "externalURL", Value::string(data.external_url)}}));
}

NotificationExpander::NotificationExpander(const TemplateSet& templates,
                                           const NotificationData& data,
                                           std::int64_t now_ms)
    : templates_(templates), data_(data), value_(to_value(data)) {
  options_.environment.now_ms = now_ms;
  options_.environment.external_url = data.external_url;
  options_.environment.route_label = [this](std::string_view name) {
    return route_label(name);
  };
}

Result<std::string> NotificationExpander::run(std::string_view source,
                                              bool html) {
  if (source.empty()) return std::string();
  // Route labels are rendered by the engine that asks for them, so what one
  // text rendered is of no use to the next.
  if (rendering_.empty()) rendered_.clear();
  const bool outer = std::exchange(options_.html, html);
  auto text = templates_.expand(source, value_, options_);
  options_.html = outer;
  return text;
}

Result<std::string> NotificationExpander::route_label(std::string_view name) {
  if (!data_.route_labels) return std::string();
  const auto raw = data_.route_labels->find(std::string(name));
  if (raw == data_.route_labels->end()) return std::string();
  if (data_.route_labels_rendered) return raw->second;
  if (const auto known = rendered_.find(name); known != rendered_.end())
    return known->second;
  const bool cycle = std::ranges::find(rendering_, name) != rendering_.end();
  if (cycle || rendering_.size() >= kCallDepthMax) {
    std::string path;
    for (const std::string& label : rendering_) path += label + " -> ";
    return fail(Code::kBadData, (cycle ? "route label cycle detected: "
                                       : "route labels nested too deeply: ") +
                                    path + std::string(name));
  }
  rendering_.emplace_back(name);
  auto text = run(raw->second, options_.html);
  rendering_.pop_back();
  if (text) rendered_.emplace(name, *text);
  return text;
}

}  // namespace prom::templates
