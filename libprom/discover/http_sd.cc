// http_sd_configs: a server that answers with target groups as JSON, asked at
// every interval.  While it fails, the targets of the last answer stay.
#include <algorithm>

#include "libprom/base/letters.h"
#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/config/load.h"
#include "libprom/discover/source.h"
#include "libprom/http/settings.h"
#include "libprom/os/log.h"

namespace prom::discover {
namespace {

constexpr std::int64_t kMillisecondNs = 1'000'000;
constexpr std::int64_t kTimeoutMsMax = 60'000;

// application/json, with or without charset=utf-8.
bool is_json(std::string_view content_type) {
  std::string plain;
  for (const char c : to_lower(content_type)) {
    if (c != ' ' && c != '"' && c != '\t') plain += c;
  }
  return plain == "application/json" ||
         plain == "application/json;charset=utf-8";
}

class HttpSource : public Source {
 public:
  HttpSource(const config::HttpSdConfig& config, Surroundings& surroundings)
      : config_(config), surroundings_(surroundings) {}
  ~HttpSource() override {
    if (request_ != 0) surroundings_.client.cancel(request_);
  }
  HttpSource(const HttpSource&) = delete;
  HttpSource& operator=(const HttpSource&) = delete;

  [[nodiscard]] std::string_view mechanism() const override { return "http"; }
  [[nodiscard]] std::int64_t due_ns() const override { return due_ns_; }
  [[nodiscard]] bool is_settled() const override { return is_settled_; }
  [[nodiscard]] const std::string& failure() const override { return failure_; }

  void adopt(const Found& before) override {
    const auto same = before.find(config_.url);
    if (same == before.end()) return;
    replace({*same});
    is_settled_ = true;
  }

  void refresh() override {
    due_ns_ = surroundings_.clock.monotonic_ns() +
              config_.refresh_interval_ms * kMillisecondNs;
    if (request_ != 0) return;  // the last one still runs
    auto settings = http::settings(config_.http);
    if (!settings) return failed(settings.error().message);
    http::Request request;
    request.url = config_.url;
    request.options = settings->options;
    request.headers = std::move(settings->headers);
    request.headers.emplace_back("Accept", "application/json");
    request.headers.emplace_back(
        "X-Prometheus-Refresh-Interval-Seconds",
        format_float(static_cast<double>(config_.refresh_interval_ms) / 1000));
    request.headers.emplace_back("User-Agent", "Prometheus/" PROM_VERSION);
    request.timeout_ms = std::min(config_.refresh_interval_ms, kTimeoutMsMax);
    request_ = surroundings_.client.start(
        std::move(request), [this](const Result<http::Response>& response) {
          request_ = 0;
          take(response);
        });
  }

 private:
  void take(const Result<http::Response>& response) {
    if (!response) return failed(response.error().message);
    if (response->status != 200)
      return failed("server returned HTTP status " + response->status_text);
    if (const std::string type = response->header("content-type");
        !is_json(type))
      return failed("unsupported content type " + quote(type));
    auto groups = config::parse_http_sd(response->body, config_.url);
    if (!groups) return failed(config::to_error(groups.error()).message);
    is_settled_ = true;
    failure_.clear();
    surroundings_.metrics.refreshed(mechanism(), true);
    replace({{config_.url, std::move(*groups)}});
  }

  void failed(const std::string& why) {
    is_settled_ = true;
    failure_ = http::safe_url(config_.url) + ": " + why;
    surroundings_.metrics.refreshed(mechanism(), false);
    surroundings_.metrics.http_failed();
    os::log_error("cannot get targets; keeping those from before",
                  {{"url", http::safe_url(config_.url)}, {"err", why}});
  }

  const config::HttpSdConfig config_;
  Surroundings& surroundings_;
  http::Client::Id request_ = 0;
  std::int64_t due_ns_ = 0;
  bool is_settled_ = false;
  std::string failure_;
};

}  // namespace

std::unique_ptr<Source> make_http_source(const config::HttpSdConfig& config,
                                         Surroundings& surroundings) {
  return std::make_unique<HttpSource>(config, surroundings);
}

}  // namespace prom::discover
