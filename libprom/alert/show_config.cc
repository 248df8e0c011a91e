// The configuration in force as YAML, for /api/v2/status and amtool.  It is
// written from what was understood, not from the file, so that nothing that is
// secret can slip through.
#include "libprom/alert/service.h"
#include "libprom/base/duration.h"
#include "libprom/base/json_writer.h"

namespace prom::alert {
namespace {

// Every version of amtool reads a URL here, older ones no "<secret>".
constexpr std::string_view kHiddenUrl = "http://secret.invalid/";

class Yaml {
 public:
  void line(std::string_view text) {
    out_.append(depth_, ' ');
    if (item_) out_.replace(out_.size() - 2, 2, "- ");
    item_ = false;
    out_ += text;
    out_ += '\n';
  }
  void text(std::string_view key, std::string_view value) {
    std::string quoted;
    append_json_string(quoted, value);  // JSON strings are YAML, too
    line(std::string(key) + ": " + quoted);
  }
  void flag(std::string_view key, bool value) {
    line(std::string(key) + (value ? ": true" : ": false"));
  }
  void texts(std::string_view key, const std::vector<std::string>& values) {
    std::string all;
    for (const std::string& value : values) {
      if (!all.empty()) all += ", ";
      append_json_string(all, value);
    }
    line(std::string(key) + ": [" + all + "]");
  }
  template <typename F>
  void nested(std::string_view key, F inner) {
    line(std::string(key) + ":");
    depth_ += 2;
    inner();
    depth_ -= 2;
  }
  // One item of a list, whose first line gets the dash.
  template <typename F>
  void item(F inner) {
    depth_ += 2;
    item_ = true;
    inner();
    item_ = false;
    depth_ -= 2;
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
  std::size_t depth_ = 0;
  bool item_ = false;
};

void write_pairs(Yaml& yaml, std::string_view key,
                 const config::LocatedPairs& pairs) {
  if (pairs.empty()) return;
  yaml.nested(key, [&] {
    for (const auto& [name, value] : pairs) {
      std::string quoted;
      append_json_string(quoted, name);
      yaml.text(quoted, value.text);
    }
  });
}

void write_matchers(Yaml& yaml, const config::MatcherTexts& texts,
                    const std::string& prefix) {
  write_pairs(yaml, prefix + "match", texts.match);
  write_pairs(yaml, prefix + "match_re", texts.match_re);
  if (texts.matchers.empty()) return;
  std::vector<std::string> plain;
  for (const auto& matcher : texts.matchers) plain.push_back(matcher.text);
  yaml.texts(prefix + "matchers", plain);
}

void write_route(Yaml& yaml, const config::Route& route) {
  yaml.text("receiver", route.receiver);
  if (route.group_by_all) {
    yaml.texts("group_by", {"..."});
  } else if (route.group_by) {
    yaml.texts("group_by", *route.group_by);
  }
  write_matchers(yaml, route.match, "");
  if (route.continue_) yaml.flag("continue", true);
  const auto duration = [&](std::string_view key,
                            const std::optional<std::int64_t>& value) {
    if (value) yaml.text(key, format_duration(*value));
  };
  duration("group_wait", route.group_wait_ms);
  duration("group_interval", route.group_interval_ms);
  duration("repeat_interval", route.repeat_interval_ms);
  if (!route.mute_time_intervals.empty())
    yaml.texts("mute_time_intervals", route.mute_time_intervals);
  if (!route.active_time_intervals.empty())
    yaml.texts("active_time_intervals", route.active_time_intervals);
  write_pairs(yaml, "labels", route.labels);
  if (route.routes.empty()) return;
  yaml.nested("routes", [&] {
    for (const config::Route& child : route.routes)
      yaml.item([&] { write_route(yaml, child); });
  });
}

void write_receiver(Yaml& yaml, const config::Receiver& receiver) {
  yaml.text("name", receiver.name);
  if (!receiver.webhooks.empty())
    yaml.nested("webhook_configs", [&] {
      for (const config::WebhookReceiver& webhook : receiver.webhooks)
        yaml.item([&] {
          yaml.flag("send_resolved", webhook.send_resolved);
          if (!webhook.url_file.empty()) {
            yaml.text("url_file", webhook.url_file);
          } else {
            yaml.text("url", kHiddenUrl);
          }
          yaml.line("max_alerts: " + std::to_string(webhook.alerts_max));
        });
    });
  if (receiver.emails.empty()) return;
  yaml.nested("email_configs", [&] {
    for (const config::EmailReceiver& email : receiver.emails)
      yaml.item([&] {
        yaml.flag("send_resolved", email.send_resolved);
        yaml.text("to", email.to);
        yaml.text("from", email.from);
        yaml.text("smarthost", email.smarthost.to_string());
        yaml.flag("require_tls", email.require_tls);
      });
  });
}

}  // namespace

std::string show_config(const config::AlertmanagerConfig& config) {
  Yaml yaml;
  yaml.nested("global", [&] {
    yaml.text("resolve_timeout",
              format_duration(config.global.resolve_timeout_ms));
  });
  yaml.nested("route", [&] { write_route(yaml, config.route); });
  if (!config.inhibit_rules.empty())
    yaml.nested("inhibit_rules", [&] {
      for (const config::InhibitRule& rule : config.inhibit_rules)
        yaml.item([&] {
          yaml.texts("equal", rule.equal);
          write_matchers(yaml, rule.source, "source_");
          write_matchers(yaml, rule.target, "target_");
        });
    });
  yaml.nested("receivers", [&] {
    for (const config::Receiver& receiver : config.receivers)
      yaml.item([&] { write_receiver(yaml, receiver); });
  });
  if (!config.templates.empty()) yaml.texts("templates", config.templates);
  return yaml.take();
}

}  // namespace prom::alert
