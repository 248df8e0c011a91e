#include "libprom/alert/notification_data.h"

#include <algorithm>

#include "libprom/base/duration.h"
#include "libprom/base/json_writer.h"
#include "libprom/os/log.h"

namespace prom::alert {
namespace {

using templates::KeyValues;

constexpr std::string_view kZeroTime = "0001-01-01T00:00:00Z";

KeyValues to_key_values(const Labels& labels) {
  KeyValues values(std::in_place);
  for (const LabelView label : labels) values->emplace(label.name, label.value);
  return values;
}

// Leaves in `common` what `other` has, too.
void intersect(KeyValues& common, const KeyValues& other) {
  std::erase_if(*common, [&](const auto& entry) {
    const auto found = other->find(entry.first);
    return found == other->end() || found->second != entry.second;
  });
}

void write_map(JsonWriter& json, std::string_view key,
               const KeyValues& values) {
  json.key(key).begin_object();
  for (const auto& [name, value] : *values) json.key(name).string(value);
  json.end_object();
}

std::int64_t to_ms(const templates::Time& time) {
  if (time.is_zero()) return 0;
  return time.seconds * kSecondMs + time.nanoseconds / 1'000'000;
}

void write_alert(JsonWriter& json, const templates::AlertData& alert) {
  json.begin_object();
  json.key("status").string(alert.status);
  write_map(json, "labels", alert.labels);
  write_map(json, "annotations", alert.annotations);
  json.key("startsAt").string(format_rfc3339_nano(to_ms(alert.starts_at)));
  json.key("endsAt").string(format_rfc3339_nano(to_ms(alert.ends_at)));
  json.key("generatorURL").string(alert.generator_url);
  json.key("fingerprint").string(alert.fingerprint);
  json.end_object();
}

templates::AlertData alert_data(const Alert& alert) {
  return {.status = alert.ends_at_ms == 0 ? "firing" : "resolved",
          .labels = to_key_values(alert.labels),
          .annotations = KeyValues(std::in_place, alert.annotations.begin(),
                                   alert.annotations.end()),
          .starts_at = templates::Time::from_ms(alert.starts_at_ms),
          .ends_at = alert.ends_at_ms == 0
                         ? templates::Time{}
                         : templates::Time::from_ms(alert.ends_at_ms),
          .generator_url = alert.generator_url,
          .fingerprint = format_fingerprint(fingerprint(alert.labels))};
}

}  // namespace

templates::NotificationData notification_data(const Notification& notification,
                                              std::string_view external_url,
                                              std::uint64_t alerts_max) {
  templates::NotificationData data;
  data.receiver = quote_regex(notification.receiver);
  data.status = "resolved";
  data.notification_reason = to_string(notification.reason);
  data.group_labels = to_key_values(notification.group_labels);
  data.common_labels.emplace();
  data.common_annotations.emplace();
  data.route_labels.emplace();
  for (const auto& [name, text] : notification.route_labels)
    data.route_labels->insert_or_assign(name, text);
  data.external_url = external_url;
  for (const Alert& alert : notification.alerts) {
    if (alerts_max != 0 && data.alerts.size() == alerts_max) break;
    data.alerts.push_back(alert_data(alert));
    const templates::AlertData& added = data.alerts.back();
    if (added.status == "firing") data.status = "firing";
    if (data.alerts.size() == 1) {
      data.common_labels = added.labels;
      data.common_annotations = added.annotations;
    } else {
      intersect(data.common_labels, added.labels);
      intersect(data.common_annotations, added.annotations);
    }
  }
  return data;
}

void render_route_labels(templates::NotificationData& data,
                         const templates::TemplateSet& templates,
                         std::int64_t now_ms) {
  templates::NotificationExpander expander(templates, data, now_ms);
  KeyValues rendered(std::in_place);
  for (const auto& [name, text] : *data.route_labels) {
    auto value = expander.route_label(name);
    if (value) {
      rendered->emplace(name, std::move(*value));
    } else {
      os::log_error("route label cannot be rendered",
                    {{"label", name}, {"err", value.error().message}});
    }
  }
  data.route_labels = std::move(rendered);
  data.route_labels_rendered = true;
}

std::string webhook_body(const templates::NotificationData& data,
                         std::string_view group_key,
                         std::uint64_t truncated_alerts) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.key("receiver").string(data.receiver);
  json.key("status").string(data.status);
  json.key("alerts").begin_array();
  for (const templates::AlertData& alert : data.alerts)
    write_alert(json, alert);
  json.end_array();
  json.key("notification_reason").string(data.notification_reason);
  write_map(json, "groupLabels", data.group_labels);
  write_map(json, "commonLabels", data.common_labels);
  write_map(json, "commonAnnotations", data.common_annotations);
  write_map(json, "routeLabels", data.route_labels);
  json.key("externalURL").string(data.external_url);
  json.key("version").string("4");
  json.key("groupKey").string(group_key);
  json.key("truncatedAlerts")
      .integer(static_cast<std::int64_t>(truncated_alerts));
  json.end_object();
  return escape_html_in_json(text) + "\n";
}

std::string format_rfc3339_nano(std::int64_t time_ms) {
  if (time_ms == 0) return std::string(kZeroTime);
  std::string text = format_rfc3339(time_ms);
  if (text.find('.') == std::string::npos) return text;
  text.pop_back();
  while (text.back() == '0') text.pop_back();
  text += 'Z';
  return text;
}

std::string escape_html_in_json(std::string_view json) {
  // None of these occurs outside of strings.
  std::string out;
  out.reserve(json.size());
  for (const char c : json) {
    if (c == '<') {
      out += "\\u003c";
    } else if (c == '>') {
      out += "\\u003e";
    } else if (c == '&') {
      out += "\\u0026";
    } else {
      out += c;
    }
  }
  return out;
}

std::string quote_regex(std::string_view text) {
  static constexpr std::string_view kSpecial = R"(\.+*?()|[]{}^$)";
  std::string out;
  for (const char c : text) {
    if (kSpecial.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace prom::alert
