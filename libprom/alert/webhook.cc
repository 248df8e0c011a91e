#include "libprom/alert/webhook.h"

#include "libprom/alert/http_post.h"
#include "libprom/alert/notification_data.h"
#include "libprom/config/value.h"

namespace prom::alert {
namespace {

using config::Value;

// Deepest nesting of a payload; rendering recurses.
constexpr std::size_t kPayloadDepthMax = 64;

// Renders keys and strings; what a string becomes is read as YAML again, so
// that a template can make numbers, lists and maps.
Result<Value> render(const Value& value,
                     templates::NotificationExpander& expander,
                     std::size_t depth) {
  if (depth > kPayloadDepthMax)
    return fail(Code::kLimit, "payload is nested too deeply");
  if (const auto* text = std::get_if<std::string>(&value.data)) {
    auto rendered = expander.text(*text);
    if (!rendered) return fail(std::move(rendered).error());
    auto parsed = config::parse_value(*rendered);
    if (parsed) return parsed;
    return Value{.data = std::move(*rendered)};
  }
  if (const auto* list = std::get_if<config::ValueList>(&value.data)) {
    config::ValueList rendered;
    for (const Value& item : *list) {
      auto made = render(item, expander, depth + 1);
      if (!made) return made;
      rendered.push_back(std::move(*made));
    }
    return Value{.data = std::move(rendered)};
  }
  if (const auto* map = std::get_if<config::ValueMap>(&value.data)) {
    config::ValueMap rendered;
    for (const auto& [key, item] : *map) {
      auto name = expander.text(key);
      if (!name) return fail(std::move(name).error());
      auto made = render(item, expander, depth + 1);
      if (!made) return made;
      rendered.push_back({std::move(*name), std::move(*made)});
    }
    return Value{.data = std::move(rendered)};
  }
  return value;
}

class Webhook : public Notifier {
 public:
  explicit Webhook(config::WebhookReceiver config)
      : config_(std::move(config)) {}

  void send(const Notification& notification, Transport& transport,
            Done done) const override {
    auto made = compose(notification, transport);
    if (!made) return done(rejected(std::move(made).error().message));
    post(*made, config_.http, transport, std::move(done));
  }

 private:
  [[nodiscard]] Result<Post> compose(const Notification& notification,
                                     const Transport& transport) const {
    auto data = notification_data(notification, transport.external_url,
                                  config_.alerts_max);
    render_route_labels(data, transport.templates, notification.now_ms);
    templates::NotificationExpander expander(transport.templates, data,
                                             notification.now_ms);
    auto secret = config::resolve_secret(config_.url, config_.url_file);
    if (!secret) return fail(std::move(secret).error());
    auto url = expander.text(secret->reveal());
    if (!url) return fail(std::move(url).error().in("url"));
    if (url->empty())
      return fail(Code::kConfig, "webhook URL is empty after templating");

    Post made{.url = std::move(*url),
              .body = {},
              .timeout_ms = config_.timeout_ms,
              .idempotency_key = notification.idempotency_key};
    if (std::holds_alternative<std::monostate>(config_.payload.data)) {
      made.body = webhook_body(data, notification.group_key,
                               notification.alerts.size() - data.alerts.size());
      return made;
    }
    auto payload = render(config_.payload, expander, 0);
    if (!payload) return fail(std::move(payload).error().in("payload"));
    std::string json;
    config::append_json(json, *payload);
    made.body = escape_html_in_json(json) + "\n";
    return made;
  }

  const config::WebhookReceiver config_;
};

}  // namespace

std::shared_ptr<const Notifier> make_webhook(config::WebhookReceiver config) {
  return std::make_shared<Webhook>(std::move(config));
}

}  // namespace prom::alert
