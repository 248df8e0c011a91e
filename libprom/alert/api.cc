#include "libprom/alert/api.h"

#include <atomic>

#include "libprom/alert/api_internal.h"
#include "libprom/base/json_writer.h"
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

class Api {
 public:
  Api(Service& service, ApiOptions options)
      : service_(service),
        alerts_(service),
        silences_(service),
        options_(std::move(options)) {}

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
      return json_only(request, [&] { return alerts_.post(request); });
    if (path == "silences" && request.method == "POST")
      return json_only(request, [&] { return silences_.post(request); });
    if (path.starts_with("silence/"))
      return silences_.one(request, path.substr(8));
    if (path == "alerts" || path == "silences")
      return get ? read(request, path) : method_refused(request, "POST,GET");
    if (path == "status" || path == "receivers" || path == "alerts/groups")
      return get ? read(request, path) : method_refused(request, "GET");
    return code_answer(404, 404,
                       "path /api/v2/" + std::string(path) + " was not found");
  }

  template <typename Answer>
  static ServerResponse json_only(const ServerRequest& request, Answer answer) {
    const std::string type = request.header("content-type");
    if (type.substr(0, type.find(';')) != kJson)
      return code_answer(415, 415,
                         "unsupported media type \"" + type +
                             "\", only [application/json] are allowed");
    return answer();
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
    if (path == "receivers") return alerts_.receivers(request);
    if (path == "silences") return silences_.list(request);
    return path == "alerts" ? alerts_.alerts(request) : alerts_.groups(request);
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

  Service& service_;
  AlertsApi alerts_;
  SilencesApi silences_;
  const ApiOptions options_;
  std::atomic<int> readers_ = 0;
};

}  // namespace

http::Handler make_api(Service& service, ApiOptions options) {
  auto api = std::make_shared<Api>(service, std::move(options));
  return [api](const ServerRequest& request) { return api->handle(request); };
}

}  // namespace prom::alert
