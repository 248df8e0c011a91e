#include "libprom/service/service.h"

#include <poll.h>

#include <algorithm>
#include <csignal>

#include "libprom/exposition/process_metrics.h"
#include "libprom/os/file.h"
#include "libprom/os/log.h"
#include "libprom/os/notify.h"

namespace prom::service {
namespace {

constexpr std::int64_t kMetricsEveryNs = 5'000'000'000;
constexpr std::int64_t kTurnMs = 5000;

http::ServerResponse text_answer(int status, std::string text) {
  http::ServerResponse response;
  response.status = status;
  response.body = std::move(text);
  return response;
}

}  // namespace

Status announce_reload(const std::function<Status()>& load) {
  os::notify_manager("RELOADING=1");
  Status done = load();
  if (done) {
    os::log_info("configuration reloaded");
  } else {
    os::log_error("configuration not reloaded, the old one stays",
                  {{"err", done.error().message}});
  }
  os::notify_manager("READY=1");
  return done;
}

Service::Service(std::string tool, const Options& options,
                 exposition::Registry& registry, os::Clock& clock)
    : tool_(std::move(tool)),
      options_(options),
      registry_(registry),
      clock_(clock) {
  exposition::add_process_metrics(registry_);
  std::string name = tool_;
  std::ranges::replace(name, '-', '_');
  registry_
      .gauge(name + "_build_info", "The version that runs.",
             {{"version", PROM_VERSION}})
      .set(1);
}

Service::~Service() = default;

Status Service::take_signals() {
  auto signals = os::Signals::collect({SIGTERM, SIGINT, SIGHUP});
  if (!signals) return fail(std::move(signals).error());
  signals_.emplace(std::move(*signals));
  os::ignore_sigpipe();
  return {};
}

std::optional<Request> Service::next_request() {
  if (!signals_) return std::nullopt;
  const auto signal = signals_->next();
  if (!signal) return std::nullopt;
  return *signal == SIGHUP ? Request::kReload : Request::kStop;
}

std::optional<Request> Service::wait() {
  pollfd readable{.fd = fd(), .events = POLLIN, .revents = 0};
  const std::int64_t left_ns = due_ns_ - clock_.monotonic_ns();
  (void)::poll(&readable, 1,
               static_cast<int>(std::clamp<std::int64_t>(
                   left_ns / 1'000'000 + 1, 0, kTurnMs)));
  return next_request();
}

http::ServerResponse Service::answer(const http::ServerRequest& request) const {
  const bool is_ours = request.path == "/metrics" ||
                       request.path == "/-/healthy" ||
                       request.path == "/-/ready";
  if (!is_ours) return more_ ? more_(request) : text_answer(404, "not found\n");
  if (request.method != "GET" && request.method != "HEAD") {
    auto refused = text_answer(405, "method not allowed\n");
    refused.headers.emplace_back("Allow", "GET, HEAD");
    return refused;
  }
  if (request.path == "/metrics") {
    auto metrics = text_answer(200, registry_.text());
    metrics.content_type = "text/plain; version=0.0.4; charset=utf-8";
    return metrics;
  }
  if (request.path == "/-/ready" && !is_ready_)
    return text_answer(503, tool_ + " is not ready.\n");
  return text_answer(
      200,
      tool_ + (request.path == "/-/ready" ? " is ready.\n" : " is healthy.\n"));
}

Status Service::listen(http::Handler more) {
  more_ = std::move(more);
  if (options_.listen.empty()) return {};
  auto server = http::Server::start(
      {.listen = options_.listen},
      [this](const http::ServerRequest& request) { return answer(request); });
  if (!server) return fail(std::move(server).error().in("--listen"));
  server_ = *std::move(server);
  os::log_info("serving metrics", {{"address", server_->address()}});
  return {};
}

void Service::listen_locally(http::Handler more) {
  more_ = std::move(more);
  if (options_.run_dir.empty()) return;
  auto server = http::Server::start(
      {.listen = "unix:" + os::join_path(options_.run_dir, tool_ + ".sock"),
       .threads = 1},
      [this](const http::ServerRequest& request) { return answer(request); });
  if (server) {
    local_server_ = *std::move(server);
  } else {
    os::log_warn("no local socket", {{"err", server.error().message}});
  }
}

std::string Service::address() const {
  return server_ ? server_->address() : "";
}

void Service::ready() {
  is_ready_ = true;
  os::announce_ready(static_cast<int>(options_.ready_fd));
}

void Service::loaded(bool good) {
  registry_
      .gauge("prometheus_config_last_reload_successful",
             "Whether the configuration was taken the last time.")
      .set(good ? 1 : 0);
  auto& when =
      registry_.gauge("prometheus_config_last_reload_success_timestamp_seconds",
                      "When the configuration was last taken.");
  if (good) when.set(static_cast<double>(clock_.wall_ms()) / 1000);
}

void Service::reload(const std::function<Status()>& load) {
  loaded(announce_reload(load).has_value());
}

void Service::turn() {
  if (clock_.monotonic_ns() >= due_ns_) write_metrics();
}

void Service::write_metrics() {
  due_ns_ = clock_.monotonic_ns() + kMetricsEveryNs;
  if (options_.run_dir.empty()) return;
  auto written = os::write_file_atomically(
      os::real_file_system(), os::join_path(options_.run_dir, tool_ + ".prom"),
      registry_.text());
  if (!written)
    os::log_error("cannot write our metrics",
                  {{"err", written.error().message}});
}

void Service::stop() {
  is_ready_ = false;
  os::notify_manager("STOPPING=1");
  server_.reset();
  local_server_.reset();
}

}  // namespace prom::service
