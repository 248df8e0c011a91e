#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "libprom/alert/api_internal.h"
#include "libprom/alert/intake.h"
#include "libprom/alert/notification_data.h"
#include "libprom/os/log.h"

namespace prom::alert {

using http::ServerRequest;
using http::ServerResponse;

namespace {

// The parameters that GET /alerts and /alerts/groups share.
struct AlertFilter {
  LabelMatchers labels;
  LabelMatchers receiver_labels;
  std::optional<LabelMatcher> receiver;
  bool active = true;
  bool silenced = true;
  bool inhibited = true;
  bool muted = true;

  [[nodiscard]] bool takes_receiver(const config::AlertmanagerConfig& config,
                                    const std::string& name) const {
    if (receiver && !receiver->matches(name)) return false;
    if (receiver_labels.empty()) return true;
    for (const config::Receiver& known : config.receivers) {
      if (known.name != name) continue;
      std::vector<LabelView> views = {{"name", known.name}};
      for (const auto& [key, value] : known.labels)
        views.push_back({key, value});
      return matches_all(receiver_labels, Labels::from(views));
    }
    return false;
  }
  [[nodiscard]] bool takes(const AlertStatus& status) const {
    const bool is_silenced = !status.silenced_by.empty();
    const bool is_inhibited = !status.inhibited_by.empty();
    if (!active && !is_silenced && !is_inhibited) return false;
    return (silenced || !is_silenced) && (inhibited || !is_inhibited);
  }
};

ApiResult<AlertFilter> read_filter(const ServerRequest& request,
                                   MatcherMode mode) {
  AlertFilter filter;
  auto labels = read_matchers(request, "filter", "", mode);
  if (!labels) return std::unexpected(std::move(labels).error());
  filter.labels = std::move(*labels);
  auto receiver_labels =
      read_matchers(request, "receiver_matchers",
                    "failed to parse receiver_matchers param: ", mode);
  if (!receiver_labels)
    return std::unexpected(std::move(receiver_labels).error());
  filter.receiver_labels = std::move(*receiver_labels);
  if (const std::string pattern = request.parameter("receiver");
      !pattern.empty()) {
    auto receiver = LabelMatcher::create(MatchOp::kRegex, "name", pattern);
    if (!receiver)
      return std::unexpected(
          ApiError{.message = "failed to parse receiver param: " +
                              receiver.error().message});
    filter.receiver = std::move(*receiver);
  }
  filter.active = flag(request, "active");
  filter.silenced = flag(request, "silenced");
  filter.inhibited = flag(request, "inhibited");
  filter.muted = flag(request, "muted");
  return filter;
}

AlertStatus status_of(const Engine& engine, const Alert& alert, Now now) {
  AlertStatus status;
  status.silenced_by = engine.silences().silenced_by(alert.labels, now.wall_ms);
  if (const auto source =
          engine.inhibitor().inhibited_by(alert.labels, now.wall_ms))
    status.inhibited_by.push_back(format_fingerprint(*source));
  for (const RouteNode* node :
       match_routes(engine.dispatcher().plan()->routes, alert.labels))
    status.receivers.push_back(node->options.receiver);
  return status;
}

// What it takes to show groups.
struct GroupContext {
  const Engine& engine;
  const AlertFilter& filter;
  const Loaded& loaded;
  const std::string& external_url;
  Now now;
};

std::map<std::string, std::string> route_labels(
    const Dispatcher::GroupView& view, const GroupContext& in) {
  if (view.route->options.labels.empty()) return {};
  Notification about;
  about.receiver = view.route->options.receiver;
  about.group_labels = *view.labels;
  about.route_labels = view.route->options.labels;
  about.now_ms = in.now.wall_ms;
  for (const AlertPtr& alert : view.alerts) {
    about.alerts.push_back(*alert);
    if (!alert->resolved_at(in.now.wall_ms)) about.alerts.back().ends_at_ms = 0;
  }
  auto data = notification_data(about, in.external_url);
  render_route_labels(data, *in.loaded.compiled.templates, in.now.wall_ms);
  return std::move(*data.route_labels);
}

void write_group(JsonWriter& json, const Dispatcher::GroupView& view,
                 const GroupContext& in) {
  const RouteOptions& route = view.route->options;
  if (!in.filter.takes_receiver(in.loaded.config, route.receiver)) return;
  if (!in.filter.muted && !view.muted_by->empty()) return;
  std::vector<std::pair<AlertPtr, AlertStatus>> shown;
  for (const AlertPtr& alert : view.alerts) {
    if (alert->ends_at_ms < in.now.wall_ms ||
        !matches_all(in.filter.labels, alert->labels))
      continue;
    AlertStatus status = status_of(in.engine, *alert, in.now);
    if (!in.filter.takes(status)) continue;
    status.muted_by = *view.muted_by;
    shown.emplace_back(alert, std::move(status));
  }
  if (shown.empty()) return;
  json.begin_object();
  json.key("alerts").begin_array();
  for (const auto& [alert, status] : shown) write_alert(json, *alert, status);
  json.end_array();
  json.key("labels");
  write_labels(json, *view.labels);
  json.key("receiver").begin_object();
  json.key("name").string(route.receiver);
  json.end_object();
  json.key("routeLabels").begin_object();
  for (const auto& [name, value] : route_labels(view, in))
    json.key(name).string(value);
  json.end_object();
  json.end_object();
}

}  // namespace

ServerResponse AlertsApi::alerts(const ServerRequest& request) {
  auto filter = read_filter(request, service_.options().engine.matcher_mode);
  if (!filter) return error_answer(filter.error());
  const auto loaded = service_.loaded();
  std::string body;
  JsonWriter json(body);
  json.begin_array();
  service_.look([&](const Engine& engine, Now now) {
    std::vector<AlertPtr> sorted;
    for (const auto& [fingerprint, alert] : engine.alerts())
      if (!(alert->ends_at_ms < now.wall_ms) &&
          matches_all(filter->labels, alert->labels))
        sorted.push_back(alert);
    std::sort(sorted.begin(), sorted.end(),
              [](const AlertPtr& a, const AlertPtr& b) {
                return a->fingerprint < b->fingerprint;
              });
    for (const AlertPtr& alert : sorted) {
      const AlertStatus status = status_of(engine, *alert, now);
      const bool wanted =
          std::any_of(status.receivers.begin(), status.receivers.end(),
                      [&](const std::string& name) {
                        return filter->takes_receiver(loaded->config, name);
                      });
      if (wanted && filter->takes(status)) write_alert(json, *alert, status);
    }
  });
  json.end_array();
  return json_answer(200, std::move(body));
}

ServerResponse AlertsApi::groups(const ServerRequest& request) {
  auto filter = read_filter(request, service_.options().engine.matcher_mode);
  if (!filter) return error_answer(filter.error());
  const auto loaded = service_.loaded();
  std::string body;
  JsonWriter json(body);
  json.begin_array();
  service_.look([&](const Engine& engine, Now now) {
    auto views = engine.dispatcher().groups();
    std::stable_sort(
        views.begin(), views.end(), [](const auto& a, const auto& b) {
          const std::string left = format_label_set(*a.labels);
          const std::string right = format_label_set(*b.labels);
          if (left != right) return left < right;
          return a.route->options.receiver < b.route->options.receiver;
        });
    const GroupContext context{.engine = engine,
                               .filter = *filter,
                               .loaded = *loaded,
                               .external_url = service_.options().external_url,
                               .now = now};
    for (const Dispatcher::GroupView& view : views)
      write_group(json, view, context);
  });
  json.end_array();
  return json_answer(200, std::move(body));
}

ServerResponse AlertsApi::receivers(const ServerRequest& request) {
  auto filter = read_filter(request, service_.options().engine.matcher_mode);
  if (!filter) return error_answer(filter.error());
  const auto loaded = service_.loaded();
  std::string body;
  JsonWriter json(body);
  json.begin_array();
  for (const config::Receiver& receiver : loaded->config.receivers) {
    if (!filter->takes_receiver(loaded->config, receiver.name)) continue;
    std::map<std::string, std::string> labels(receiver.labels.begin(),
                                              receiver.labels.end());
    labels.insert_or_assign("name", receiver.name);
    json.begin_object();
    json.key("labels").begin_object();
    for (const auto& [name, value] : labels) json.key(name).string(value);
    json.end_object();
    json.key("name").string(receiver.name);
    json.end_object();
  }
  json.end_array();
  return json_answer(200, std::move(body));
}

ServerResponse AlertsApi::post(const ServerRequest& request) {
  auto alerts = read_alerts(request.body);
  if (!alerts) return error_answer(alerts.error());
  const auto loaded = service_.loaded();
  Intake intake =
      take_in(std::move(*alerts), loaded->config.global.resolve_timeout_ms,
              service_.options().engine.matcher_mode, service_.now().wall_ms);
  count_received(intake);
  const auto stored = service_.with_engine([&](Engine& engine, Now now) {
    return engine.put(std::move(intake.valid), now);
  });
  if (!stored) {
    os::log_error("alerts are not stored", {{"err", stored.error().message}});
    return string_answer(500, stored.error().message);
  }
  if (*stored > 0)
    service_.registry()
        .counter("alertmanager_alerts_limited_total",
                 "Total number of alerts that were dropped due to hitting "
                 "the per-alertname limit.")
        .add(static_cast<double>(*stored));
  if (intake.errors.empty()) return empty_answer(200);
  std::string all;
  for (const std::string& error : intake.errors)
    all += (all.empty() ? "" : "\n") + error;
  return string_answer(400, all);
}

void AlertsApi::count_received(const Intake& intake) {
  const auto count = [&](std::string_view status, std::size_t amount) {
    service_.registry()
        .counter("alertmanager_alerts_received_total",
                 "The total number of received alerts.",
                 Labels{{"status", status}, {"version", "v2"}})
        .add(static_cast<double>(amount));
  };
  count("firing", intake.firing);
  count("resolved", intake.resolved);
  service_.registry()
      .counter("alertmanager_alerts_invalid_total",
               "The total number of received alerts that were invalid.",
               Labels{{"version", "v2"}})
      .add(static_cast<double>(intake.errors.size()));
}

}  // namespace prom::alert
