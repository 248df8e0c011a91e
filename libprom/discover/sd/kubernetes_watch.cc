#include <algorithm>

#include "libprom/base/utf8.h"
#include "libprom/discover/api.h"
#include "libprom/discover/sd/kubernetes_watch_internal.h"
#include "libprom/os/file.h"

namespace prom::discover::kubernetes {
namespace {

constexpr int kPageSize = 500;
constexpr int kGone = 410;
constexpr std::int64_t kListMsMax = 60'000;
// The server ends a watch after a time between this and twice this.
constexpr std::int64_t kWatchSeconds = 300;
constexpr std::int64_t kIdleGraceMs = 30'000;
constexpr std::int64_t kRetryMsMin = 800;
constexpr std::int64_t kRetryMsMax = 30'000;
constexpr std::size_t kReasonBytesMax = 300;
constexpr std::uint64_t kNamespaceBytesMax = 4096;

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

// What the server says of its refusal, which is JSON, and for people.
std::string reason(const http::Response& response) {
  std::string reason =
      "server returned HTTP status " + printable(response.status_text);
  const auto status = Json::parse(response.body);
  if (!status) return reason;
  const std::string message = (*status)["message"].text();
  if (!message.empty())
    reason += ": " + printable(message.substr(0, kReasonBytesMax));
  return reason;
}

Error gone() {
  return {Code::kBusy, "the server has forgotten where the list ended"};
}

}  // namespace

Result<http::Request> Access::request(const std::string& target) const {
  config::HttpClientConfig client = config_.client;
  std::string server = config_.api_server;
  if (!config_.kubeconfig_file.empty()) {
    auto kubeconfig = config::load_kubeconfig(config_.kubeconfig_file);
    if (!kubeconfig) return fail(config::to_error(kubeconfig.error()));
    client = std::move(kubeconfig->client);
    server = std::move(kubeconfig->server);
  } else if (server.empty()) {
    const std::string host = environment_("KUBERNETES_SERVICE_HOST");
    const std::string port = environment_("KUBERNETES_SERVICE_PORT");
    if (host.empty() || port.empty())
      return fail(Code::kConfig,
                  "this is no pod: KUBERNETES_SERVICE_HOST and "
                  "KUBERNETES_SERVICE_PORT must be set, or api_server or "
                  "kubeconfig_file");
    server = "https://" + host_port(host, port);
    client.tls.ca_file = config_.service_account + "/ca.crt";
    client.authorization.emplace().credentials_file =
        config_.service_account + "/token";
  }
  while (server.ends_with('/')) server.pop_back();
  return api_request(client, server + target, kListMsMax);
}

Result<std::string> Access::own_namespace() const {
  auto text =
      os::read_file(config_.service_account + "/namespace", kNamespaceBytesMax);
  if (!text)
    return fail(
        std::move(text).error().in("could not determine the pod's namespace"));
  std::string name = trimmed(*text);
  if (name.empty())
    return fail(Code::kBadData,
                "could not read own namespace name (empty file)");
  return name;
}

Watch::Watch(std::string path,
             std::vector<std::pair<std::string, std::string>> selectors,
             const Access& access, Async& async, Metrics& metrics, Sink& sink)
    : path_(std::move(path)),
      selectors_(std::move(selectors)),
      access_(access),
      async_(async),
      metrics_(metrics),
      sink_(sink) {}

Result<http::Request> Watch::request(
    std::vector<std::pair<std::string, std::string>> parameters) const {
  parameters.insert(parameters.end(), selectors_.begin(), selectors_.end());
  auto request = access_.request(path_ + "?" + to_query(parameters));
  if (request) request->headers.emplace_back("Accept", "application/json");
  return request;
}

void Watch::count(const http::Response& response) {
  constexpr double kNsPerSecond = 1e9;
  metrics_.registry
      .counter("prometheus_sd_kubernetes_http_request_total",
               "Requests to the API of Kubernetes.",
               {{"status_code", std::to_string(response.status)}})
      .add();
  metrics_.registry
      .summary("prometheus_sd_kubernetes_http_request_duration_seconds",
               "How long requests to the API of Kubernetes took.", {},
               {{"endpoint", path_}})
      .observe(static_cast<double>(response.duration_ns) / kNsPerSecond);
}

Task<Status> Watch::run() {
  std::int64_t retry_ms = kRetryMsMin;
  for (;;) {
    const std::int64_t begin_ns = async_.clock().monotonic_ns();
    const bool is_list = version_.empty();
    had_event_ = false;
    Task<Status> look = is_list ? list() : watch();
    const Status looked = co_await look;
    sink_.pause();
    if (looked && is_list) {
      sink_.recovered();
      retry_ms = kRetryMsMin;
      continue;
    }
    if (had_event_) retry_ms = kRetryMsMin;
    std::int64_t pause_ms = 0;
    if (!looked && looked.error().code == Code::kBusy) {
      version_.clear();
      pause_ms = is_list ? retry_ms : 0;
    } else if (!looked) {
      sink_.failed(looked.error().message);
      pause_ms = retry_ms;
    } else {
      sink_.recovered();
      // A watch that ends at once would be made again at once.
      const std::int64_t took_ms =
          (async_.clock().monotonic_ns() - begin_ns) / kMillisecondNs;
      if (took_ms < kRetryMsMin) pause_ms = retry_ms;
    }
    if (pause_ms == 0) continue;
    retry_ms = std::min(retry_ms * 2, kRetryMsMax);
    // Not everybody at the same moment.
    pause_ms +=
        std::uniform_int_distribution<std::int64_t>(0, pause_ms / 2)(random_);
    Async::Wait wait = async_.sleep_ms(pause_ms);
    co_await wait;
  }
}

Task<Status> Watch::list() {
  std::string next;
  std::size_t objects = 0;
  do {
    std::vector<std::pair<std::string, std::string>> parameters = {
        {"limit", std::to_string(kPageSize)}};
    if (!next.empty()) parameters.emplace_back("continue", next);
    auto asked = request(std::move(parameters));
    if (!asked) co_return fail(std::move(asked).error());
    Async::Fetch fetch = async_.fetch(*std::move(asked));
    const Result<http::Response> response = co_await fetch;
    if (!response) co_return fail(response.error());
    count(*response);
    if (response->status == kGone) co_return fail(gone());
    if (response->status != 200)
      co_return fail(Code::kUnavailable, reason(*response));
    const Result<Json> page = Json::parse(response->body);
    if (!page) co_return fail(page.error());
    const Json items = (*page)["items"];
    const std::string version = (*page)["metadata"]["resourceVersion"].text();
    if (version.empty() || !(items.is_array() || items.is_null()))
      co_return fail(Code::kBadData, "the answer is no list of objects");
    for (const Json& object : items.items()) {
      if (++objects > kObjectsMax)
        co_return fail(Code::kLimit,
                       "more than " + std::to_string(kObjectsMax) + " objects");
      sink_.put(object);
    }
    next = (*page)["metadata"]["continue"].text();
    if (next.empty()) version_ = version;
  } while (!next.empty());
  sink_.listed();
  co_return {};
}

Task<Status> Watch::watch() {
  const std::int64_t seconds =
      kWatchSeconds +
      std::uniform_int_distribution<std::int64_t>(0, kWatchSeconds)(random_);
  auto asked = request({{"watch", "true"},
                        {"allowWatchBookmarks", "true"},
                        {"resourceVersion", version_},
                        {"timeoutSeconds", std::to_string(seconds)}});
  if (!asked) co_return fail(std::move(asked).error());
  line_.clear();
  asked->on_body = [this](std::string_view piece) { return take_piece(piece); };
  asked->idle_timeout_ms = seconds * 1000 + kIdleGraceMs;
  Async::Fetch fetch = async_.fetch(*std::move(asked));
  const Result<http::Response> response = co_await fetch;
  if (!response) co_return fail(response.error());
  count(*response);
  if (response->status == kGone) co_return fail(gone());
  if (response->status != 200)
    co_return fail(Code::kUnavailable, reason(*response));
  co_return {};
}

// Events are lines.
Status Watch::take_piece(std::string_view piece) {
  while (!piece.empty()) {
    const std::size_t end = std::min(piece.find('\n'), piece.size());
    if (line_.size() + end > kEventBytesMax)
      return fail(Code::kLimit, "an event is larger than " +
                                    std::to_string(kEventBytesMax >> 20U) +
                                    " MiB");
    line_ += piece.substr(0, end);
    if (end == piece.size()) break;
    piece.remove_prefix(end + 1);
    const Status taken = take_event(line_);
    line_.clear();
    if (!taken) return taken;
  }
  sink_.pause();
  return {};
}

Status Watch::take_event(std::string_view line) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) return {};
  const Result<Json> event = Json::parse(line);
  if (!event) return fail(Error(event.error()).in("an event"));
  const std::string type = (*event)["type"].text();
  const Json object = (*event)["object"];
  if (type == "ERROR") {
    if (object["code"].integer() == kGone) return fail(gone());
    return fail(Code::kUnavailable,
                "watch: " + printable(object["message"].text().substr(
                                0, kReasonBytesMax)));
  }
  const std::string version = object["metadata"]["resourceVersion"].text();
  if (version.empty()) return fail(Code::kBadData, "an event of no object");
  if (type == "ADDED" || type == "MODIFIED") {
    sink_.put(object);
  } else if (type == "DELETED") {
    sink_.remove(object);
  } else if (type != "BOOKMARK") {
    return fail(Code::kBadData, "an event of type " + quote(type));
  }
  version_ = version;
  if (!std::exchange(had_event_, true)) sink_.recovered();
  return {};
}

}  // namespace prom::discover::kubernetes
