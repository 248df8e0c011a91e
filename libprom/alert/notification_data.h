// A notification as templates and JSON bodies see it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libprom/alert/notifier.h"
#include "libprom/template/alert_data.h"

namespace prom::alert {

// The data of one notification.  Of more than `alerts_max` alerts (0: any) the
// rest is left out, before anything is said about all of them.
templates::NotificationData notification_data(const Notification& notification,
                                              std::string_view external_url,
                                              std::uint64_t alerts_max = 0);

// Renders the route labels in `data` as templates.  One that fails is dropped
// and logged, as upstream does.
void render_route_labels(templates::NotificationData& data,
                         const templates::TemplateSet& templates,
                         std::int64_t now_ms);

// The standard body of a webhook, byte for byte as upstream's.
std::string webhook_body(const templates::NotificationData& data,
                         std::string_view group_key,
                         std::uint64_t truncated_alerts);

// RFC 3339 with as many digits as needed; year 1 for "not given".
std::string format_rfc3339_nano(std::int64_t time_ms);

// JSON as Go writes it where it may be put into a page: <, > and & as \u….
std::string escape_html_in_json(std::string_view json);

// `text` as a regular expression that matches just it (Go's QuoteMeta).
std::string quote_regex(std::string_view text);

}  // namespace prom::alert
