#include "libprom/alert/api.h"

#include <algorithm>
#include <atomic>
#include <optional>

#include "libprom/alert/api_json.h"
#include "libprom/alert/intake.h"
#include "libprom/alert/notification_data.h"
#include "libprom/base/duration.h"
#include "libprom/base/number.h"
#include "libprom/os/log.h"

namespace prom::alert {
namespace {

using http::ServerRequest;
using http::ServerResponse;

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kV1Gone =
    "The Alertmanager v1 API was deprecated in version 0.16.0 and is removed "
    "as of version 0.27.0 - please use the equivalent route in the v2 API";
// Reading everything is the costliest thing that a client can ask for.
constexpr int kReadersMax = 8;

ServerResponse json_answer(int status, std::string body) {
  body += '\n';
  return {.status = status,
          .content_type = std::string(kJson),
          .headers = {{"Cache-Control", "no-store"}},
          .body = std::move(body)};
}
ServerResponse empty_answer(int status) {
  return {
      .status = status, .headers = {{"Cache-Control", "no-store"}}, .body = {}};
}
ServerResponse string_answer(int status, std::string_view message) {
  std::string body;
  append_json_string(body, message);
  return json_answer(status, std::move(body));
}
ServerResponse code_answer(int status, int code, std::string_view message) {
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  json.key("code").integer(code);
  json.key("message").string(message);
  json.end_object();
  return json_answer(status, std::move(body));
}
ServerResponse error_answer(const ApiError& error) {
  if (error.code == 0) return string_answer(error.status, error.message);
  return code_answer(error.status, error.code, error.message);
}
ServerResponse text_answer(int status, std::string_view text) {
  return {.status = status, .headers = {}, .body = std::string(text)};
}

// go-openapi: absent is the default; anything but these words is false.
bool flag(const ServerRequest& request, std::string_view name) {
  const auto values = request.parameters(name);
  if (values.empty() || values.back().empty()) return true;
  static constexpr std::string_view kTrue[] = {
      "1",  "t",  "T", "TRUE",    "true",     "True",   "yes",
      "on", "ok", "y", "checked", "selected", "enabled"};
  return std::find(std::begin(kTrue), std::end(kTrue), values.back()) !=
         std::end(kTrue);
}

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

class Api {
 public:
  Api(Service& service, ApiOptions options)
      : service_(service), options_(std::move(options)) {}

  ServerResponse handle(const ServerRequest& request) {
    std::string_view path = request.path;
    if (!options_.route_prefix.empty()) {
      if (path == "/")
        return {.status = 302,
                .headers = {{"Location", options_.route_prefix}},
                .body = {}};
      if (!path.starts_with(options_.route_prefix))
        return text_answer(404, "404 page not found\n");
      path.remove_prefix(options_.route_prefix.size());
      if (path.empty()) path = "/";
    }
    if (path.starts_with("/api/v2/")) return v2(request, path.substr(8));
    if (path.starts_with("/api/v1/")) return v1_gone();
    const bool get = request.method == "GET" || request.method == "HEAD";
    if (path == "/-/healthy" || path == "/-/ready")
      return get ? text_answer(200, "OK") : not_allowed("GET");
    if (path == "/-/reload") return reload(request);
    if (path == "/metrics" && get)
      return {.content_type = "text/plain; version=0.0.4; charset=utf-8",
              .headers = {},
              .body = service_.registry().text()};
    if (path == "/" && get) return front_page();
    return text_answer(404, "404 page not found\n");
  }

 private:
  static ServerResponse not_allowed(std::string_view allowed) {
    ServerResponse response = text_answer(405, "method not allowed\n");
    response.headers.emplace_back("Allow", allowed);
    return response;
  }
  static ServerResponse v1_gone() {
    std::string body;
    JsonWriter json(body);
    json.begin_object();
    json.key("status").string("deprecated");
    json.key("error").string(kV1Gone);
    json.end_object();
    return json_answer(410, std::move(body));
  }
  static ServerResponse front_page() {
    return text_answer(200,
                       "prom-alert: see /api/v2/alerts, /api/v2/alerts/groups, "
                       "/api/v2/silences, /api/v2/status, /metrics\n");
  }

  // Pages of other sites must not change anything through a visitor's
  // browser: it marks such requests, and it does not send JSON unasked.
  static bool is_foreign(const ServerRequest& request) {
    if (request.header("sec-fetch-site") == "cross-site") return true;
    const std::string origin = request.header("origin");
    if (origin.empty()) return false;
    const std::size_t host = origin.find("://");
    return host == std::string::npos ||
           origin.substr(host + 3) != request.header("host");
  }

  ServerResponse v2(const ServerRequest& request, std::string_view path) {
    const bool get = request.method == "GET" || request.method == "HEAD";
    if (!get && is_foreign(request))
      return string_answer(403, "cross-site requests are refused");
    if (path == "alerts" && request.method == "POST")
      return json_only(request, &Api::post_alerts);
    if (path == "silences" && request.method == "POST")
      return json_only(request, &Api::post_silence);
    if (path.starts_with("silence/")) return silence(request, path.substr(8));
    if (path == "alerts" || path == "silences")
      return get ? read(request, path) : method_refused(request, "POST,GET");
    if (path == "status" || path == "receivers" || path == "alerts/groups")
      return get ? read(request, path) : method_refused(request, "GET");
    return code_answer(404, 404,
                       "path /api/v2/" + std::string(path) + " was not found");
  }
  static ServerResponse method_refused(const ServerRequest& request,
                                       const std::string& allowed) {
    return code_answer(405, 405,
                       "method " + request.method + " is not allowed, but [" +
                           allowed + "] are");
  }
  ServerResponse json_only(
      const ServerRequest& request,
      ServerResponse (Api::*handler)(const ServerRequest&)) {
    const std::string type = request.header("content-type");
    if (type.substr(0, type.find(';')) != kJson)
      return code_answer(415, 415,
                         "unsupported media type \"" + type +
                             "\", only [application/json] are allowed");
    return (this->*handler)(request);
  }

  ServerResponse read(const ServerRequest& request, std::string_view path) {
    struct Place {
      std::atomic<int>& readers;
      bool taken;
      explicit Place(std::atomic<int>& count)
          : readers(count), taken(++count <= kReadersMax) {}
      ~Place() { --readers; }
    };
    const Place place(readers_);
    if (!place.taken)
      return text_answer(503, "Limit of concurrent GET requests reached (" +
                                  std::to_string(kReadersMax) +
                                  "), try again later.\n");
    if (path == "status") return status();
    if (path == "receivers") return receivers(request);
    if (path == "silences") return silences(request);
    return path == "alerts" ? alerts(request) : groups(request);
  }

  ServerResponse reload(const ServerRequest& request) {
    if (request.method != "POST" && request.method != "PUT")
      return not_allowed("POST");
    if (is_foreign(request))
      return text_answer(403, "cross-site requests are refused\n");
    Diagnostics findings;
    if (Status done = service_.reload(findings); !done) {
      os::log_error("reload failed", {{"err", done.error().message}});
      return text_answer(
          500, "failed to reload config: " + done.error().message + "\n");
    }
    return text_answer(200, "");
  }

  ServerResponse status() {
    const auto loaded = service_.loaded();
    std::string body;
    JsonWriter json(body);
    json.begin_object();
    json.key("cluster").begin_object();
    json.key("peers").begin_array().end_array();
    json.key("status").string("disabled");
    json.end_object();
    json.key("config").begin_object();
    json.key("original").string(show_config(loaded->config));
    json.end_object();
    json.key("uptime").string(format_api_time(service_.started_ms()));
    json.key("versionInfo").begin_object();
    json.key("branch").string("");
    json.key("buildDate").string("");
    json.key("buildUser").string("");
    json.key("goVersion").string("");
    json.key("revision").string("prom-alert " PROM_VERSION);
    json.key("version").string("0.34.0");
    json.end_object();
    json.end_object();
    return json_answer(200, std::move(body));
  }

  ServerResponse receivers(const ServerRequest& request) {
    auto filter = read_filter(request);
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

  [[nodiscard]] ApiResult<LabelMatchers> read_matchers(
      const ServerRequest& request, std::string_view name,
      std::string_view complaint) const {
    LabelMatchers matchers;
    for (const std::string& text : request.parameters(name)) {
      auto matcher =
          parse_matcher(text, service_.options().engine.matcher_mode);
      if (!matcher)
        return std::unexpected(ApiError{.message = std::string(complaint) +
                                                   matcher.error().message});
      matchers.push_back(std::move(*matcher));
    }
    return matchers;
  }

  [[nodiscard]] ApiResult<AlertFilter> read_filter(
      const ServerRequest& request) const {
    AlertFilter filter;
    auto labels = read_matchers(request, "filter", "");
    if (!labels) return std::unexpected(std::move(labels).error());
    filter.labels = std::move(*labels);
    auto receiver_labels =
        read_matchers(request, "receiver_matchers",
                      "failed to parse receiver_matchers param: ");
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

  static AlertStatus status_of(const Engine& engine, const Alert& alert,
                               Now now) {
    AlertStatus status;
    status.silenced_by =
        engine.silences().silenced_by(alert.labels, now.wall_ms);
    if (const auto source =
            engine.inhibitor().inhibited_by(alert.labels, now.wall_ms))
      status.inhibited_by.push_back(format_fingerprint(*source));
    for (const RouteNode* node :
         match_routes(engine.dispatcher().plan()->routes, alert.labels))
      status.receivers.push_back(node->options.receiver);
    return status;
  }

  ServerResponse alerts(const ServerRequest& request) {
    auto filter = read_filter(request);
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

  ServerResponse groups(const ServerRequest& request) {
    auto filter = read_filter(request);
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
      for (const Dispatcher::GroupView& view : views)
        write_group(json, engine, view, *filter, *loaded, now);
    });
    json.end_array();
    return json_answer(200, std::move(body));
  }

  void write_group(JsonWriter& json, const Engine& engine,
                   const Dispatcher::GroupView& view, const AlertFilter& filter,
                   const Loaded& loaded, Now now) {
    const RouteOptions& route = view.route->options;
    if (!filter.takes_receiver(loaded.config, route.receiver)) return;
    if (!filter.muted && !view.muted_by->empty()) return;
    std::vector<std::pair<AlertPtr, AlertStatus>> shown;
    for (const AlertPtr& alert : view.alerts) {
      if (alert->ends_at_ms < now.wall_ms ||
          !matches_all(filter.labels, alert->labels))
        continue;
      AlertStatus status = status_of(engine, *alert, now);
      if (!filter.takes(status)) continue;
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
    for (const auto& [name, value] : route_labels(view, loaded, now))
      json.key(name).string(value);
    json.end_object();
    json.end_object();
  }

  std::map<std::string, std::string> route_labels(
      const Dispatcher::GroupView& view, const Loaded& loaded, Now now) {
    if (view.route->options.labels.empty()) return {};
    Notification about;
    about.receiver = view.route->options.receiver;
    about.group_labels = *view.labels;
    about.route_labels = view.route->options.labels;
    about.now_ms = now.wall_ms;
    for (const AlertPtr& alert : view.alerts) {
      about.alerts.push_back(*alert);
      if (!alert->resolved_at(now.wall_ms)) about.alerts.back().ends_at_ms = 0;
    }
    auto data = notification_data(about, service_.options().external_url);
    render_route_labels(data, *loaded.compiled.templates, now.wall_ms);
    return std::move(*data.route_labels);
  }

  ServerResponse post_alerts(const ServerRequest& request) {
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

  void count_received(const Intake& intake) {
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

  ServerResponse silences(const ServerRequest& request) {
    auto filter = read_matchers(request, "filter", "");
    if (!filter) return error_answer(filter.error());
    const bool wanted[] = {flag(request, "pending"), flag(request, "active"),
                           flag(request, "expired")};
    std::string body;
    JsonWriter json(body);
    json.begin_array();
    service_.look([&](const Engine& engine, Now now) {
      std::vector<const Silence*> found;
      for (const auto& [id, silence] : engine.silences().all())
        if (wanted[static_cast<int>(silence.state_at(now.wall_ms))] &&
            has_matchers(silence, *filter))
          found.push_back(&silence);
      std::stable_sort(found.begin(), found.end(),
                       [&](const Silence* a, const Silence* b) {
                         return comes_before(*a, *b, now.wall_ms);
                       });
      for (const Silence* silence : found)
        write_silence(json, *silence, now.wall_ms);
    });
    json.end_array();
    return json_answer(200, std::move(body));
  }

  // A filter names matchers that the silence has, not alerts that it covers.
  static bool has_matchers(const Silence& silence,
                           const LabelMatchers& filter) {
    return std::all_of(
        filter.begin(), filter.end(), [&](const LabelMatcher& wanted) {
          return std::find(silence.matchers.begin(), silence.matchers.end(),
                           wanted) != silence.matchers.end();
        });
  }

  // Active ones first, by their end; then pending ones by their start; then
  // expired ones, the latest first.
  static bool comes_before(const Silence& a, const Silence& b,
                           std::int64_t now_ms) {
    static constexpr int kPlace[] = {1, 0, 2};
    const SilenceState left = a.state_at(now_ms);
    const SilenceState right = b.state_at(now_ms);
    if (left != right)
      return kPlace[static_cast<int>(left)] < kPlace[static_cast<int>(right)];
    if (left == SilenceState::kPending) return a.starts_at_ms < b.starts_at_ms;
    return left == SilenceState::kActive ? a.ends_at_ms < b.ends_at_ms
                                         : a.ends_at_ms > b.ends_at_ms;
  }

  ServerResponse post_silence(const ServerRequest& request) {
    auto silence = read_silence(request.body);
    if (!silence) return error_answer(silence.error());
    if (!silence->id.empty() && !is_uuid(silence->id))
      return code_answer(
          422, 601, "id in body must be of type uuid: \"" + silence->id + "\"");
    const std::int64_t now_ms = service_.now().wall_ms;
    if (silence->starts_at_ms >= silence->ends_at_ms)
      return string_answer(400,
                           "Failed to create silence: start time must be "
                           "before end time");
    if (silence->ends_at_ms < now_ms)
      return string_answer(
          400, "Failed to create silence: end time can't be in the past");
    const std::string who = silence->created_by;
    const std::string what = to_string(silence->matchers);
    const auto id = service_.with_engine([&](Engine& engine, Now now) {
      return engine.set_silence(std::move(*silence), now);
    });
    if (!id) {
      const Code code = id.error().code;
      if (code == Code::kMissing) return string_answer(404, id.error().message);
      const bool theirs = code == Code::kBadData || code == Code::kLimit;
      return string_answer(theirs ? 400 : 500, id.error().message);
    }
    os::log_info(
        "silence set",
        {{"id", *id}, {"matchers", what}, {"by", who}, {"peer", request.peer}});
    std::string body;
    JsonWriter json(body);
    json.begin_object();
    json.key("silenceID").string(*id);
    json.end_object();
    return json_answer(200, std::move(body));
  }

  ServerResponse silence(const ServerRequest& request, std::string_view id) {
    if (request.method != "GET" && request.method != "HEAD" &&
        request.method != "DELETE")
      return method_refused(request, "DELETE,GET");
    if (!is_uuid(id))
      return code_answer(422, 601,
                         "silenceID in path must be of type uuid: \"" +
                             std::string(id) + "\"");
    if (request.method == "DELETE") {
      const Status done = service_.with_engine([&](Engine& engine, Now now) {
        return engine.expire_silence(std::string(id), now);
      });
      if (!done)
        return done.error().code == Code::kMissing
                   ? empty_answer(404)
                   : string_answer(500, done.error().message);
      os::log_info("silence expired",
                   {{"id", std::string(id)}, {"peer", request.peer}});
      return empty_answer(200);
    }
    std::string body;
    service_.look([&](const Engine& engine, Now now) {
      JsonWriter json(body);
      if (const Silence* found = engine.silences().find(std::string(id)))
        write_silence(json, *found, now.wall_ms);
    });
    return body.empty() ? empty_answer(404) : json_answer(200, body);
  }

  Service& service_;
  const ApiOptions options_;
  std::atomic<int> readers_ = 0;
};

}  // namespace

http::Handler make_api(Service& service, ApiOptions options) {
  auto api = std::make_shared<Api>(service, std::move(options));
  return [api](const ServerRequest& request) { return api->handle(request); };
}

}  // namespace prom::alert
