#include "libprom/alert/api_json.h"

#include <nlohmann/json.hpp>

#include "libprom/base/duration.h"
#include "libprom/base/utf8.h"

namespace prom::alert {
namespace {

using Json = nlohmann::json;

// go-openapi's codes for what a body lacks.
constexpr int kCodeFormat = 601;
constexpr int kCodeRequired = 602;
constexpr int kCodeTooFew = 612;
constexpr int kUnprocessable = 422;

ApiError unreadable(std::string_view what, const std::string& why) {
  return {.status = 400,
          .code = 400,
          .message = "parsing " + std::string(what) +
                     " body from \"\" failed, because " + why};
}
ApiError required(const std::string& path) {
  return {.status = kUnprocessable,
          .code = kCodeRequired,
          .message = path + " in body is required"};
}

// Collects what is wrong with one object; the first finding stays.
class Reader {
 public:
  Reader(const Json& object, std::string path, std::string_view what)
      : object_(object), path_(std::move(path)), what_(what) {}

  [[nodiscard]] const Json* find(const char* name) const {
    const auto found = object_.find(name);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }
  std::string text(const char* name, bool needed) {
    const Json* value = find(name);
    if (value == nullptr) {
      if (needed) refuse(required(path_ + name));
      return {};
    }
    if (!value->is_string()) return wrong_type(name, "a string"), "";
    return value->get<std::string>();
  }
  bool boolean(const char* name, bool needed, bool otherwise) {
    const Json* value = find(name);
    if (value == nullptr) {
      if (needed) refuse(required(path_ + name));
      return otherwise;
    }
    if (!value->is_boolean()) return wrong_type(name, "a bool"), otherwise;
    return value->get<bool>();
  }
  std::int64_t time(const char* name, bool needed) {
    const std::string value = text(name, needed);
    if (value.empty()) return 0;
    const auto parsed = parse_rfc3339_ms(value);
    if (!parsed) {
      refuse(unreadable(
          what_, "parsing time " + quote(value) + ": it is not RFC 3339"));
      return 0;
    }
    // Go's zero time stands for "not given".
    return value.starts_with("0001-01-01T00:00:00") ? 0 : *parsed;
  }
  TextMap texts(const char* name, bool needed) {
    TextMap map;
    const Json* value = find(name);
    if (value == nullptr) {
      if (needed) refuse(required(path_ + name));
      return map;
    }
    if (!value->is_object()) return wrong_type(name, "an object"), map;
    for (const auto& [key, item] : value->items()) {
      if (!item.is_string()) return wrong_type(name, "strings"), map;
      map.emplace(key, item.get<std::string>());
    }
    return map;
  }
  void refuse(ApiError error) {
    if (!error_) error_ = std::move(error);
  }
  std::optional<ApiError>& error() { return error_; }

 private:
  void wrong_type(const char* name, const char* wanted) {
    refuse(unreadable(what_, path_ + name + " must be " + wanted));
  }

  const Json& object_;
  const std::string path_;
  const std::string_view what_;
  std::optional<ApiError> error_;
};

Labels to_labels(const TextMap& texts) {
  std::vector<LabelView> views;
  for (const auto& [name, value] : texts) views.push_back({name, value});
  return Labels::from(views);
}

bool is_uri(const std::string& text) {
  return text.starts_with('/') || text.find("://") != std::string::npos ||
         text.starts_with("mailto:") || text.starts_with("urn:");
}

ApiResult<Alert> to_alert(const Json& object, const std::string& path) {
  if (!object.is_object())
    return std::unexpected(unreadable("alerts", "an alert must be an object"));
  Reader reader(object, path, "alerts");
  Alert alert;
  alert.labels = to_labels(reader.texts("labels", true));
  alert.annotations = reader.texts("annotations", false);
  alert.starts_at_ms = reader.time("startsAt", false);
  alert.ends_at_ms = reader.time("endsAt", false);
  alert.generator_url = reader.text("generatorURL", false);
  if (!alert.generator_url.empty() && !is_uri(alert.generator_url))
    reader.refuse({.status = kUnprocessable,
                   .code = kCodeFormat,
                   .message = path +
                              "generatorURL in body must be of type "
                              "uri: " +
                              quote(alert.generator_url)});
  if (reader.error()) return std::unexpected(std::move(*reader.error()));
  alert.fingerprint = fingerprint(alert.labels);
  return alert;
}

std::expected<Json, ApiError> parse(std::string_view body,
                                    std::string_view what) {
  if (body.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return std::unexpected(required(std::string(what)));
  Json json = Json::parse(body, nullptr, false);
  if (json.is_discarded())
    return std::unexpected(unreadable(what, "it is not JSON"));
  return json;
}

MatchOp operator_for(bool is_regex, bool is_equal) {
  if (is_regex) return is_equal ? MatchOp::kRegex : MatchOp::kNotRegex;
  return is_equal ? MatchOp::kEqual : MatchOp::kNotEqual;
}

ApiResult<LabelMatcher> to_matcher(const Json& object,
                                   const std::string& path) {
  if (!object.is_object())
    return std::unexpected(
        unreadable("silence", "a matcher must be an object"));
  Reader reader(object, path, "silence");
  std::string name = reader.text("name", true);
  std::string value = reader.text("value", true);
  const bool is_regex = reader.boolean("isRegex", true, false);
  const bool is_equal = reader.boolean("isEqual", false, true);
  if (reader.error()) return std::unexpected(std::move(*reader.error()));
  auto matcher = LabelMatcher::create(operator_for(is_regex, is_equal),
                                      std::move(name), std::move(value));
  if (matcher) return std::move(*matcher);
  return std::unexpected(
      ApiError{.message = "invalid silence: invalid regular expression: " +
                          matcher.error().message});
}

ApiResult<Silence> to_silence(const Json& json) {
  if (!json.is_object())
    return std::unexpected(unreadable("silence", "it is not an object"));
  Reader reader(json, "", "silence");
  Silence silence;
  silence.id = reader.text("id", false);
  silence.starts_at_ms = reader.time("startsAt", true);
  silence.ends_at_ms = reader.time("endsAt", true);
  silence.created_by = reader.text("createdBy", true);
  silence.comment = reader.text("comment", true);
  silence.annotations = reader.texts("annotations", false);
  const Json* matchers = reader.find("matchers");
  if (matchers == nullptr) {
    reader.refuse(required("matchers"));
  } else if (!matchers->is_array()) {
    reader.refuse(unreadable("silence", "matchers must be an array"));
  } else if (matchers->empty()) {
    reader.refuse({.status = kUnprocessable,
                   .code = kCodeTooFew,
                   .message = "matchers in body should have at least 1 items"});
  }
  if (reader.error()) return std::unexpected(std::move(*reader.error()));
  for (const Json& item : *matchers) {
    auto matcher = to_matcher(
        item, "matchers." + std::to_string(silence.matchers.size()) + ".");
    if (!matcher) return std::unexpected(std::move(matcher).error());
    silence.matchers.push_back(std::move(*matcher));
  }
  return silence;
}

void write_texts(JsonWriter& json, const TextMap& texts) {
  json.begin_object();
  for (const auto& [name, value] : texts) json.key(name).string(value);
  json.end_object();
}

void write_strings(JsonWriter& json, std::string_view key,
                   const std::vector<std::string>& texts) {
  json.key(key).begin_array();
  for (const std::string& text : texts) json.string(text);
  json.end_array();
}

void write_matchers(JsonWriter& json, const LabelMatchers& matchers) {
  json.key("matchers").begin_array();
  for (const LabelMatcher& matcher : matchers) {
    json.begin_object();
    json.key("isEqual").boolean(matcher.is_equal());
    json.key("isRegex").boolean(matcher.is_regex());
    json.key("name").string(matcher.name());
    json.key("value").string(matcher.value());
    json.end_object();
  }
  json.end_array();
}

}  // namespace

ApiResult<std::vector<Alert>> read_alerts(std::string_view body) {
  auto json = parse(body, "alerts");
  if (!json) return std::unexpected(std::move(json).error());
  if (!json->is_array())
    return std::unexpected(unreadable("alerts", "it is not an array"));
  std::vector<Alert> alerts;
  for (const Json& item : *json) {
    auto alert = to_alert(item, std::to_string(alerts.size()) + ".");
    if (!alert) return std::unexpected(std::move(alert).error());
    alerts.push_back(std::move(*alert));
  }
  return alerts;
}

Result<Alert> read_alert_line(std::string_view line) {
  const Json json = Json::parse(line, nullptr, false);
  if (json.is_discarded()) return fail(Code::kBadData, "not JSON");
  auto alert = to_alert(json, "");
  if (!alert) return fail(Code::kBadData, std::move(alert).error().message);
  return std::move(*alert);
}

ApiResult<Silence> read_silence(std::string_view body) {
  auto json = parse(body, "silence");
  if (!json) return std::unexpected(std::move(json).error());
  return to_silence(*json);
}

Result<std::vector<Silence>> read_silences(std::string_view body) {
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_array()) return fail(Code::kBadData, "not a list of silences");
  std::vector<Silence> silences;
  for (const Json& item : json) {
    auto silence = to_silence(item);
    if (!silence) return fail(Code::kBadData, silence.error().message);
    silences.push_back(std::move(*silence));
  }
  return silences;
}

Result<std::vector<ListedAlert>> read_listed_alerts(std::string_view body) {
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_array()) return fail(Code::kBadData, "not a list of alerts");
  std::vector<ListedAlert> alerts;
  for (const Json& item : json) {
    auto alert = to_alert(item, "");
    if (!alert) return fail(Code::kBadData, alert.error().message);
    ListedAlert listed{.alert = std::move(*alert), .state = "active"};
    const auto status = item.find("status");
    if (status != item.end() && status->is_object())
      listed.state = status->value("state", "active");
    alerts.push_back(std::move(listed));
  }
  return alerts;
}

void write_labels(JsonWriter& json, const Labels& labels) {
  json.begin_object();
  for (const LabelView label : labels) json.key(label.name).string(label.value);
  json.end_object();
}

void write_alert(JsonWriter& json, const Alert& alert,
                 const AlertStatus& status) {
  const bool suppressed = !status.silenced_by.empty() ||
                          !status.inhibited_by.empty() ||
                          !status.muted_by.empty();
  json.begin_object();
  json.key("annotations");
  write_texts(json, alert.annotations);
  json.key("endsAt").string(format_api_time(alert.ends_at_ms));
  json.key("fingerprint").string(format_fingerprint(alert.fingerprint));
  json.key("receivers").begin_array();
  for (const std::string& receiver : status.receivers) {
    json.begin_object();
    json.key("name").string(receiver);
    json.end_object();
  }
  json.end_array();
  json.key("startsAt").string(format_api_time(alert.starts_at_ms));
  json.key("status").begin_object();
  write_strings(json, "inhibitedBy", status.inhibited_by);
  write_strings(json, "mutedBy", status.muted_by);
  write_strings(json, "silencedBy", status.silenced_by);
  json.key("state").string(suppressed ? "suppressed" : "active");
  json.end_object();
  json.key("updatedAt").string(format_api_time(alert.updated_at_ms));
  if (!alert.generator_url.empty())
    json.key("generatorURL").string(alert.generator_url);
  json.key("labels");
  write_labels(json, alert.labels);
  json.end_object();
}

void write_silence(JsonWriter& json, const Silence& silence,
                   std::int64_t now_ms) {
  json.begin_object();
  json.key("id").string(silence.id);
  json.key("status").begin_object();
  json.key("state").string(to_string(silence.state_at(now_ms)));
  json.end_object();
  json.key("updatedAt").string(format_api_time(silence.updated_at_ms));
  if (!silence.annotations.empty()) {
    json.key("annotations");
    write_texts(json, silence.annotations);
  }
  json.key("comment").string(silence.comment);
  json.key("createdBy").string(silence.created_by);
  json.key("endsAt").string(format_api_time(silence.ends_at_ms));
  write_matchers(json, silence.matchers);
  json.key("startsAt").string(format_api_time(silence.starts_at_ms));
  json.end_object();
}

void write_posted_alert(JsonWriter& json, const Alert& alert) {
  json.begin_object();
  json.key("labels");
  write_labels(json, alert.labels);
  json.key("annotations");
  write_texts(json, alert.annotations);
  if (alert.starts_at_ms != 0)
    json.key("startsAt").string(format_api_time(alert.starts_at_ms));
  if (alert.ends_at_ms != 0)
    json.key("endsAt").string(format_api_time(alert.ends_at_ms));
  if (!alert.generator_url.empty())
    json.key("generatorURL").string(alert.generator_url);
  json.end_object();
}

std::string posted_silence(const Silence& silence) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  if (!silence.id.empty()) json.key("id").string(silence.id);
  write_matchers(json, silence.matchers);
  json.key("startsAt").string(format_api_time(silence.starts_at_ms));
  json.key("endsAt").string(format_api_time(silence.ends_at_ms));
  json.key("createdBy").string(silence.created_by);
  json.key("comment").string(silence.comment);
  if (!silence.annotations.empty()) {
    json.key("annotations");
    write_texts(json, silence.annotations);
  }
  json.end_object();
  return text;
}

std::string format_api_time(std::int64_t time_ms) {
  if (time_ms == 0) return "0001-01-01T00:00:00.000Z";
  std::string text = format_rfc3339(time_ms);
  if (text.find('.') == std::string::npos)
    text.replace(text.size() - 1, 1, ".000Z");
  return text;
}

}  // namespace prom::alert
