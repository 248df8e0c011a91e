// alertmanager.yml as plain structs, complete and resolved: receivers have
// their own value for what they inherit from `global`.  prom-alert reads it;
// loading is in load.h.
//
// Matchers stay text here, with positions: their two grammars belong to
// alert/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libprom/base/diagnostic.h"
#include "libprom/config/http_client.h"
#include "libprom/config/prometheus.h"
#include "libprom/config/rules.h"
#include "libprom/config/value.h"

namespace prom::config {

using TextPairs = std::vector<std::pair<std::string, std::string>>;

// "mail.example:25"; the host may be empty.
struct HostPort {
  std::string host, port;

  [[nodiscard]] bool empty() const { return host.empty() && port.empty(); }
  // With brackets around an IPv6 address; "" when empty.
  [[nodiscard]] std::string to_string() const;
};

struct AlertmanagerGlobal {
  std::int64_t resolve_timeout_ms = 300'000;
  HttpClientConfig http;
  std::string smtp_from;
  HostPort smtp_smarthost;
  std::string smtp_hello = "localhost";
  std::string smtp_auth_username;
  Secret smtp_auth_password;
  std::string smtp_auth_password_file;
  Secret smtp_auth_secret;
  std::string smtp_auth_secret_file;
  std::string smtp_auth_identity;
  bool smtp_require_tls = true;
  TlsConfig smtp_tls;
  std::optional<bool> smtp_force_implicit_tls;  // unset: by port 465
};

// The three ways to write matchers; all must hold.
struct MatcherTexts {
  LocatedPairs match;                 // name: exact value
  LocatedPairs match_re;              // name: anchored regex
  std::vector<LocatedText> matchers;  // each may hold several

  [[nodiscard]] bool empty() const {
    return match.empty() && match_re.empty() && matchers.empty();
  }
};

struct Route {
  TextPosition at;
  std::string receiver;  // "": the parent's
  // Unset: the parent's.  Set and empty: one group for all alerts.
  std::optional<std::vector<std::string>> group_by;
  bool group_by_all = false;  // '...'
  MatcherTexts match;
  // NOLINTNEXTLINE(readability-identifier-naming): the name is a keyword.
  bool continue_ = false;
  std::optional<std::int64_t> group_wait_ms;
  std::optional<std::int64_t> group_interval_ms;
  std::optional<std::int64_t> repeat_interval_ms;
  std::vector<std::string> mute_time_intervals;
  std::vector<std::string> active_time_intervals;
  LocatedPairs labels;  // templates
  std::vector<Route> routes;
};

struct InhibitRule {
  TextPosition at;
  std::string name;
  MatcherTexts source, target;
  std::vector<std::string> equal;
};

// Ranges include both ends.  Empty lists do not restrict.
struct IntervalRange {
  int begin = 0;
  int end = 0;
};
struct TimeIntervalSpec {
  std::vector<IntervalRange> times;     // minutes of the day, end exclusive
  std::vector<IntervalRange> weekdays;  // 0 Sunday … 6
  std::vector<IntervalRange> days_of_month;  // 1…31, -1 the last day
  std::vector<IntervalRange> months;         // 1…12
  std::vector<IntervalRange> years;
  std::string location;  // IANA name, "UTC", "Local"; "": UTC
};
struct TimeInterval {
  std::string name;
  TextPosition at;
  bool is_deprecated = false;  // from mute_time_intervals
  std::vector<TimeIntervalSpec> specs;
};

struct WebhookReceiver {
  bool send_resolved = true;
  HttpClientConfig http;
  Secret url;  // template
  std::string url_file;
  std::uint64_t alerts_max = 0;  // 0: all
  std::int64_t timeout_ms = 0;   // 0: none of its own
  Value payload;                 // null: the standard body
};

struct EmailReceiver {
  bool send_resolved = false;
  std::string to;    // template
  std::string from;  // template
  std::string hello;
  HostPort smarthost;
  std::string auth_username;
  Secret auth_password;
  std::string auth_password_file;
  Secret auth_secret;
  std::string auth_secret_file;
  std::string auth_identity;
  TextPairs headers;  // canonical names; values are templates
  std::string html = R"({{ template "email.default.html" . }})";
  std::string text;
  bool require_tls = true;
  TlsConfig tls;
  std::optional<bool> force_implicit_tls;
  bool threading = false;
  std::string thread_by_date;  // "none", "daily"; with threading only
};

// A receiver type that upstream has and this version has not.
struct UnavailableReceiver {
  std::string key;  // "slack_configs"
  TextPosition at;
};

struct Receiver {
  std::string name;
  TextPosition at;
  TextPairs labels;
  std::vector<WebhookReceiver> webhooks;
  std::vector<EmailReceiver> emails;
  std::vector<UnavailableReceiver> unavailable;
};

struct AlertmanagerConfig {
  std::string file;
  std::string text;  // the file itself, for carets
  AlertmanagerGlobal global;
  Route route;
  std::vector<InhibitRule> inhibit_rules;
  std::vector<Receiver> receivers;
  std::vector<std::string> templates;  // patterns, joined to the directory
  std::vector<TimeInterval> time_intervals;
  std::optional<TracingConfig> tracing;
  Diagnostics warnings;
};

// "slack_configs: receiver type not available in this version"
std::string unavailable_message(const UnavailableReceiver& receiver);

}  // namespace prom::config
