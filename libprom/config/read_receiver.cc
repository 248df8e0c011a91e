#include <algorithm>
#include <array>

#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/config/readers_internal.h"

namespace prom::config {
namespace {

// Receiver types that are recognised and reported, not run.
constexpr std::array<std::string_view, 16> kUnavailable = {
    "discord_configs",    "incidentio_configs", "jira_configs",
    "mattermost_configs", "msteams_configs",    "msteamsv2_configs",
    "opsgenie_configs",   "pagerduty_configs",  "pushover_configs",
    "rocketchat_configs", "slack_configs",      "sns_configs",
    "telegram_configs",   "victorops_configs",  "webex_configs",
    "wechat_configs"};

void read_http_config(Fields& outer, const HttpClientConfig& global,
                      HttpClientConfig& into) {
  into = global;
  outer.map("http_config", [&](const YamlNode& node) {
    // A receiver's own settings replace the global ones as a whole.
    into = {};
    Fields fields(outer.file(), node, "http_config");
    read_http_client(fields, into);
    fields.done();
  });
}

bool is_template(std::string_view text) {
  return text.find("{{") != std::string_view::npos;
}

void read_webhook(FileReader& file, const YamlNode& node,
                  const AlertmanagerGlobal& global, WebhookReceiver& into) {
  Fields fields(file, node, "webhook_config");
  fields.flag("send_resolved", into.send_resolved);
  read_http_config(fields, global.http, into.http);
  fields.secret("url", into.url);
  // Relative to the working directory, as upstream.
  fields.text("url_file", into.url_file);
  fields.count("max_alerts", into.alerts_max);
  fields.go_duration("timeout", into.timeout_ms);
  if (const YamlNode* payload = fields.find("payload"))
    into.payload = value_of(*payload);
  fields.done();
  const std::string& url = into.url.reveal();
  if (url.empty() && into.url_file.empty())
    file.error(node, "one of url or url_file must be configured");
  if (!url.empty() && !into.url_file.empty())
    fields.error("url_file",
                 "at most one of url & url_file must be configured");
  if (!url.empty() && url != into.url.shown() && !is_template(url)) {
    if (const std::string problem = url_problem(url); !problem.empty())
      fields.error("url", "invalid URL: " + problem);
  }
}

void read_headers(Fields& fields, TextPairs& into) {
  fields.map("headers", [&](const YamlNode& headers) {
    for (const auto& [name, value] : headers.pairs) {
      const std::string canonical = canonical_header(name->text);
      if (std::ranges::find(into, canonical,
                            &std::pair<std::string, std::string>::first) !=
          into.end())
        fields.file().error(
            *name, "duplicate header " + quote(canonical) + " in email config");
      if (!value->is_scalar() && !value->is_null())
        fields.file().error(*value, "a header must be a text, not " +
                                        std::string(kind_name(*value)));
      into.emplace_back(canonical, value->text);
    }
  });
}

void read_threading(Fields& outer, EmailReceiver& into) {
  outer.map("threading", [&](const YamlNode& node) {
    Fields fields(outer.file(), node, "threading");
    fields.flag("enabled", into.threading);
    fields.text("thread_by_date", into.thread_by_date);
    fields.done();
    if (!into.threading) return;
    for (const char* name : {"References", "In-Reply-To"}) {
      if (std::ranges::find(into.headers, name,
                            &std::pair<std::string, std::string>::first) !=
          into.headers.end())
        fields.error("enabled",
                     "conflicting configuration: threading.enabled conflicts "
                     "with custom " +
                         std::string(name) + " header");
    }
    if (into.thread_by_date != "none" && into.thread_by_date != "daily")
      fields.error("thread_by_date",
                   "threading.thread_by_date must be either 'none' or 'daily'");
  });
}

// What an e-mail receiver has of `global` until it says otherwise.
EmailReceiver email_defaults(const AlertmanagerGlobal& global) {
  EmailReceiver email;
  email.from = global.smtp_from;
  email.hello = global.smtp_hello;
  email.smarthost = global.smtp_smarthost;
  email.auth_username = global.smtp_auth_username;
  email.auth_identity = global.smtp_auth_identity;
  email.require_tls = global.smtp_require_tls;
  email.tls = global.smtp_tls;
  email.force_implicit_tls = global.smtp_force_implicit_tls;
  return email;
}

// A secret and its file go together: either of the receiver's own replaces
// both of the global ones.
void read_own_or_global(Fields& fields, std::string_view key,
                        const Secret& global, const std::string& global_file,
                        Secret& into, std::string& into_file) {
  const std::string file_key = std::string(key) + "_file";
  fields.secret(key, into);
  fields.text(file_key, into_file);
  if (!into.empty() && !into_file.empty())
    fields.error(file_key, "at most one of " + std::string(key) + " & " +
                               file_key + " must be configured");
  if (into.empty() && into_file.empty()) {
    into = global;
    into_file = global_file;
  }
}

// A text of the receiver's own, if it has one.
void read_own(Fields& fields, std::string_view key, std::string& into) {
  std::string own;
  fields.text(key, own);
  if (!own.empty()) into = own;
}

void read_email(FileReader& file, const YamlNode& node,
                const AlertmanagerGlobal& global, EmailReceiver& into) {
  into = email_defaults(global);
  Fields fields(file, node, "email_config");
  fields.flag("send_resolved", into.send_resolved);
  fields.text("to", into.to);
  read_own(fields, "from", into.from);
  read_own(fields, "hello", into.hello);
  read_host_port(fields, "smarthost", into.smarthost);
  read_own(fields, "auth_username", into.auth_username);
  read_own_or_global(fields, "auth_password", global.smtp_auth_password,
                     global.smtp_auth_password_file, into.auth_password,
                     into.auth_password_file);
  read_own_or_global(fields, "auth_secret", global.smtp_auth_secret,
                     global.smtp_auth_secret_file, into.auth_secret,
                     into.auth_secret_file);
  read_own(fields, "auth_identity", into.auth_identity);
  read_headers(fields, into.headers);
  fields.text("html", into.html);
  fields.text("text", into.text);
  std::optional<bool> require_tls;
  fields.flag("require_tls", require_tls);
  into.require_tls = require_tls.value_or(into.require_tls);
  fields.flag("force_implicit_tls", into.force_implicit_tls);
  if (fields.has("tls_config")) into.tls = {};
  read_tls(fields, "tls_config", into.tls);
  read_threading(fields, into);
  fields.done();
  if (into.to.empty()) file.error(node, "missing to address in email config");
  if (into.smarthost.empty()) file.error(node, "no global SMTP smarthost set");
  if (into.from.empty()) file.error(node, "no global SMTP from set");
}

}  // namespace

std::string HostPort::to_string() const {
  if (empty()) return "";
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + port;
}

std::string unavailable_message(const UnavailableReceiver& receiver) {
  return receiver.key + ": receiver type not available in this version";
}

void read_host_port(Fields& fields, std::string_view key, HostPort& into) {
  std::string text;
  fields.text(key, text);
  if (text.empty()) return;
  const auto bad = [&](std::string_view why) {
    fields.error(key, "address " + printable(text) + ": " + std::string(why));
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return bad("missing port in address");
  std::string host = text.substr(0, colon);
  const std::string port = text.substr(colon + 1);
  if (host.starts_with('[')) {
    if (!host.ends_with(']')) return bad("missing ']' in address");
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string::npos) {
    return bad("too many colons in address");
  }
  if (port.empty()) return bad("port cannot be empty");
  into = {host, port};
}

void read_receiver(FileReader& file, const YamlNode& node,
                   const AlertmanagerGlobal& global, Receiver& into) {
  into.at = node.at;
  Fields fields(file, node, "receiver");
  fields.text("name", into.name);
  fields.text_pairs("labels", into.labels);
  fields.each("webhook_configs", [&](const YamlNode& each) {
    if (each.is_null()) return file.error(each, "missing webhook config");
    read_webhook(file, each, global, into.webhooks.emplace_back());
  });
  fields.each("email_configs", [&](const YamlNode& each) {
    if (each.is_null()) return file.error(each, "missing email config");
    read_email(file, each, global, into.emails.emplace_back());
  });
  for (const std::string_view key : kUnavailable) {
    bool is_used = false;
    fields.each(key, [&](const YamlNode& each) {
      is_used = true;
      if (each.is_null())
        file.error(each, "missing " +
                             std::string(key.substr(0, key.find("_configs"))) +
                             " config");
    });
    if (is_used) into.unavailable.push_back({std::string(key), fields.at(key)});
  }
  fields.done();
  if (into.name.empty()) file.error(node, "missing name in receiver");
  bool has_name = false;
  for (const auto& [name, value] : into.labels) {
    if (name != "name") continue;
    has_name = true;
    if (value != into.name)
      fields.error("labels",
                   "receiver label \"name\" must match receiver name " +
                       quote(into.name) + ", got " + quote(value));
  }
  if (!has_name) into.labels.emplace_back("name", into.name);
}

}  // namespace prom::config
