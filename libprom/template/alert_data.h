// The data of Alertmanager's notification templates: .Alerts.Firing,
// .GroupLabels.SortedPairs, .CommonLabels.Remove and so on, and the expansion
// of a notification's texts.  Used by alert/ for every templated field.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/template/template.h"
#include "libprom/template/value.h"

namespace prom::templates {

// nullopt is Go's nil map: it behaves as an empty one and is null in JSON.
using KeyValues = std::optional<std::map<std::string, std::string>>;

struct AlertData {
  std::string status = {};  // "firing" or "resolved"
  KeyValues labels = {};
  KeyValues annotations = {};
  Time starts_at = {};
  Time ends_at = {};
  std::string generator_url = {};
  std::string fingerprint = {};
};

struct NotificationData {
  std::string receiver = {};  // regexp-quoted
  std::string status = {};
  std::vector<AlertData> alerts = {};
  std::string notification_reason = {};
  KeyValues group_labels = {};
  KeyValues common_labels = {};
  KeyValues common_annotations = {};
  KeyValues route_labels = {};
  std::string external_url = {};
  // The values of route_labels are rendered already: {{ routeLabels "x" }}
  // returns them as they are.
  bool route_labels_rendered = false;
};

Value to_value(const KeyValues& labels);
Value to_value(const NotificationData& data);

// Expands the texts of one notification.  Each route label is rendered at most
// once; a cycle among them is an error.  Borrows both arguments.  One thread.
class NotificationExpander {
 public:
  NotificationExpander(const TemplateSet& templates,
                       const NotificationData& data, std::int64_t now_ms);

  // "" without further ado for "".
  Result<std::string> text(std::string_view source) {
    return run(source, false);
  }
  Result<std::string> html(std::string_view source) {
    return run(source, true);
  }
  Result<std::string> route_label(std::string_view name);

 private:
  Result<std::string> run(std::string_view source, bool html);

  const TemplateSet& templates_;
  const NotificationData& data_;
  const Value value_;
  ExecuteOptions options_;
  std::map<std::string, std::string, std::less<>> rendered_;
  std::vector<std::string> rendering_;  // for the report of a cycle
};

}  // namespace prom::templates
