#include <algorithm>
#include <array>
#include <set>

#include "libprom/base/utf8.h"
#include "libprom/config/readers_internal.h"

namespace prom::config {
namespace {

// Settings of receiver types that this version only recognises.
constexpr std::array<std::string_view, 11> kUrlKeys = {
    "slack_api_url",      "slack_app_url",         "pagerduty_url",
    "opsgenie_api_url",   "wechat_api_url",        "victorops_api_url",
    "telegram_api_url",   "webex_api_url",         "jira_api_url",
    "rocketchat_api_url", "mattermost_webhook_url"};
constexpr std::array<std::string_view, 9> kSecretKeys = {
    "slack_api_url",     "slack_app_token",     "opsgenie_api_key",
    "wechat_api_secret", "victorops_api_key",   "telegram_bot_token",
    "rocketchat_token",  "rocketchat_token_id", "mattermost_webhook_url"};

// A value and its twin in a file exclude one another.
void check_pair(Fields& fields, std::string_view key) {
  const std::string file_key = std::string(key) + "_file";
  const bool has_value = fields.has(key);
  const bool has_file = fields.has(file_key);
  if (has_value && has_file)
    fields.error(file_key, "at most one of " + std::string(key) + " & " +
                               file_key + " must be configured");
}

void check_other_receivers(Fields& fields) {
  for (const std::string_view key : kUrlKeys) {
    Secret url;
    fields.secret(key, url);
    if (url.empty() || url.reveal() == url.shown()) continue;
    if (const std::string problem = url_problem(url.reveal()); !problem.empty())
      fields.error(key, problem);
  }
  for (const std::string_view key : kSecretKeys) check_pair(fields, key);
  fields.ignore("wechat_api_corp_id");
  const bool has_token =
      fields.has("slack_app_token") || fields.has("slack_app_token_file");
  const bool has_url =
      fields.has("slack_api_url") || fields.has("slack_api_url_file");
  if (!has_token || !has_url) return;
  std::string api_url;
  std::string app_url = "https://slack.com/api/chat.postMessage";
  fields.text("slack_api_url", api_url);
  fields.text("slack_app_url", app_url);
  if (api_url != app_url)
    fields.error("slack_app_token",
                 "at most one of slack_app_token/slack_app_token_file & "
                 "slack_api_url/slack_api_url_file must be configured");
}

void read_global(FileReader& file, const YamlNode& node,
                 AlertmanagerGlobal& into) {
  Fields fields(file, node, "global");
  fields.duration("resolve_timeout", into.resolve_timeout_ms);
  fields.map("http_config", [&](const YamlNode& http) {
    Fields parts(file, http, "http_config");
    read_http_client(parts, into.http);
    parts.done();
  });
  fields.text("smtp_from", into.smtp_from);
  fields.text("smtp_hello", into.smtp_hello);
  read_host_port(fields, "smtp_smarthost", into.smtp_smarthost);
  fields.text("smtp_auth_username", into.smtp_auth_username);
  fields.secret("smtp_auth_password", into.smtp_auth_password);
  fields.text("smtp_auth_password_file", into.smtp_auth_password_file);
  fields.secret("smtp_auth_secret", into.smtp_auth_secret);
  fields.text("smtp_auth_secret_file", into.smtp_auth_secret_file);
  check_pair(fields, "smtp_auth_password");
  check_pair(fields, "smtp_auth_secret");
  fields.text("smtp_auth_identity", into.smtp_auth_identity);
  fields.flag("smtp_require_tls", into.smtp_require_tls);
  read_tls(fields, "smtp_tls_config", into.smtp_tls);
  fields.flag("smtp_force_implicit_tls", into.smtp_force_implicit_tls);
  check_other_receivers(fields);
  fields.done();
}

void read_located_texts(Fields& fields, std::string_view key,
                        std::vector<LocatedText>& into) {
  fields.each(key, [&](const YamlNode& node) {
    if (!node.is_scalar() && !node.is_null())
      return fields.file().error(node, std::string(key) +
                                           " must hold texts, not " +
                                           std::string(kind_name(node)));
    into.push_back(fields.file().located(node));
  });
}

// `prefix` is "", "source_" or "target_".
void read_matchers(Fields& fields, const std::string& prefix,
                   MatcherTexts& into) {
  fields.located_pairs(prefix + "match", into.match);
  fields.map(prefix + "match_re", [&](const YamlNode& map) {
    for (const auto& [name, value] : map.pairs) {
      if (!value->is_scalar()) {
        fields.file().error(*value,
                            "invalid regexp value for " + quote(name->text));
        continue;
      }
      if (auto regex = Regex::compile(value->text); !regex)
        fields.file().error(*value,
                            "error parsing regexp: " + regex.error().message);
      into.match_re.emplace_back(name->text, fields.file().located(*value));
    }
  });
  read_located_texts(fields, prefix + "matchers", into.matchers);
  for (const LocatedPairs* pairs : {&into.match, &into.match_re}) {
    for (const auto& [name, value] : *pairs) {
      if (!is_legacy_label_name(name))
        fields.file().error(value.at, "invalid label name " + quote(name));
    }
  }
}

void read_group_by(Fields& fields, Route& into) {
  if (!fields.has("group_by")) return;
  std::vector<std::string> names;
  fields.texts("group_by", names);
  std::vector<std::string>& group_by = into.group_by.emplace();
  for (const std::string& name : names) {
    if (name == "...") {
      into.group_by_all = true;
    } else if (!is_valid_label_name(name, NameValidation::kUtf8)) {
      fields.error("group_by",
                   "invalid label name " + quote(name) + " in group_by list");
    } else if (std::ranges::find(group_by, name) != group_by.end()) {
      fields.error("group_by",
                   "duplicated label " + quote(name) + " in group_by");
    } else {
      group_by.push_back(name);
    }
  }
  if (into.group_by_all && !group_by.empty())
    fields.error("group_by",
                 "cannot have wildcard group_by (`...`) and other labels at "
                 "the same time");
}

// The nesting is bounded by that of the YAML.
void read_route(FileReader& file, const YamlNode& node, Route& into) {
  into.at = node.at;
  Fields fields(file, node, "route");
  fields.text("receiver", into.receiver);
  read_group_by(fields, into);
  read_matchers(fields, "", into.match);
  fields.flag("continue", into.continue_);
  fields.duration("group_wait", into.group_wait_ms);
  fields.duration("group_interval", into.group_interval_ms);
  fields.duration("repeat_interval", into.repeat_interval_ms);
  if (into.group_interval_ms == 0)
    fields.error("group_interval", "group_interval cannot be zero");
  if (into.repeat_interval_ms == 0)
    fields.error("repeat_interval", "repeat_interval cannot be zero");
  fields.texts("mute_time_intervals", into.mute_time_intervals);
  fields.texts("active_time_intervals", into.active_time_intervals);
  fields.located_pairs("labels", into.labels);
  for (const auto& [name, value] : into.labels) {
    if (!is_valid_label_name(name, NameValidation::kUtf8))
      file.error(value.at,
                 "invalid label name " + quote(name) + " in route labels");
  }
  fields.each("routes", [&](const YamlNode& child) {
    if (child.is_null()) return file.error(child, "empty or null route");
    read_route(file, child, into.routes.emplace_back());
  });
  fields.done();
}

void check_root(FileReader& file, const Route& root) {
  if (root.receiver.empty())
    file.error(root.at, "root route must specify a default receiver");
  if (!root.match.empty())
    file.error(root.at, "root route must not have any matchers");
  if (!root.mute_time_intervals.empty())
    file.error(root.at, "root route must not have any mute time intervals");
  if (!root.active_time_intervals.empty())
    file.error(root.at, "root route must not have any active time intervals");
  if (root.continue_) file.error(root.at, "cannot have continue in root route");
}

void check_references(FileReader& file, const Route& route,
                      const std::set<std::string>& receivers,
                      const std::set<std::string>& intervals) {
  if (!route.receiver.empty() && !receivers.contains(route.receiver))
    file.error(route.at, "undefined receiver " + quote(route.receiver) +
                             " used in route");
  for (const auto* names :
       {&route.active_time_intervals, &route.mute_time_intervals}) {
    for (const std::string& name : *names) {
      if (!intervals.contains(name))
        file.error(route.at,
                   "undefined time interval " + quote(name) + " used in route");
    }
  }
  for (const Route& child : route.routes)
    check_references(file, child, receivers, intervals);
}

void read_inhibit_rule(FileReader& file, const YamlNode& node,
                       InhibitRule& into) {
  into.at = node.at;
  Fields fields(file, node, "inhibit_rule");
  fields.text("name", into.name);
  read_matchers(fields, "source_", into.source);
  read_matchers(fields, "target_", into.target);
  fields.texts("equal", into.equal);
  for (const std::string& name : into.equal) {
    if (!is_valid_label_name(name, NameValidation::kUtf8))
      fields.error("equal",
                   "invalid label name " + quote(name) + " in equal list");
  }
  fields.done();
}

void read_intervals(Fields& fields, std::string_view key, bool is_deprecated,
                    std::set<std::string>& names,
                    std::vector<TimeInterval>& into) {
  fields.each(key, [&](const YamlNode& node) {
    TimeInterval& interval = into.emplace_back();
    interval.is_deprecated = is_deprecated;
    read_time_interval(fields.file(), node, interval);
    if (!names.insert(interval.name).second)
      fields.file().error(node, std::string(is_deprecated ? "mute " : "") +
                                    "time interval " + quote(interval.name) +
                                    " is not unique");
  });
}

void read_receivers(Fields& fields, AlertmanagerConfig& into,
                    std::set<std::string>& names) {
  fields.each("receivers", [&](const YamlNode& node) {
    Receiver& receiver = into.receivers.emplace_back();
    read_receiver(fields.file(), node, into.global, receiver);
    if (!names.insert(receiver.name).second)
      fields.file().error(node, "notification config name " +
                                    quote(receiver.name) + " is not unique");
  });
}

}  // namespace

void read_alertmanager(FileReader& file, const YamlNode& node,
                       AlertmanagerConfig& into) {
  std::set<std::string> receivers;
  std::set<std::string> intervals;
  Fields fields(file, node, "the configuration");
  fields.map("global", [&](const YamlNode& global) {
    read_global(file, global, into.global);
  });
  read_receivers(fields, into, receivers);
  read_intervals(fields, "mute_time_intervals", true, intervals,
                 into.time_intervals);
  read_intervals(fields, "time_intervals", false, intervals,
                 into.time_intervals);
  fields.map("route", [&](const YamlNode& route) {
    read_route(file, route, into.route);
    check_root(file, into.route);
    check_references(file, into.route, receivers, intervals);
  });
  if (!fields.has("route"))
    fields.error("route", node.is_null() ? "no route provided in config"
                                         : "no routes provided");
  fields.each("inhibit_rules", [&](const YamlNode& rule) {
    read_inhibit_rule(file, rule, into.inhibit_rules.emplace_back());
  });
  fields.texts("templates", into.templates);
  for (std::string& path : into.templates) path = file.joined(path);
  fields.map("tracing", [&](const YamlNode& tracing) {
    read_tracing(file, tracing, into.tracing.emplace());
  });
  if (fields.has("event_recorder"))
    file.warn(fields.at("event_recorder"),
              "event_recorder is not available in this version");
  fields.done();
}

}  // namespace prom::config
