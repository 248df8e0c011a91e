// http_sd_configs: a server that answers with target groups as JSON, asked at
// every interval.
#include "libprom/config/sd/http.h"

#include <algorithm>

#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/config/load.h"
#include "libprom/discover/api.h"
#include "libprom/discover/sd/makers_internal.h"
#include "libprom/http/settings.h"

namespace prom::discover {
namespace {

constexpr std::int64_t kTimeoutMsMax = 60'000;

class Http : public Poller {
 public:
  Http(const config::HttpSdConfig& config, Surroundings& around)
      : Poller(http::safe_url(config.url), config.refresh_interval_ms, around),
        config_(config) {}

  [[nodiscard]] std::string_view name() const override { return "http"; }

 protected:
  Task<Result<Groups>> poll() override {
    auto request = make_request();
    if (!request) co_return fail(std::move(request).error());
    const auto response = co_await async().fetch(*std::move(request));
    auto groups = read(response);
    if (!groups) metrics().http_failed();
    co_return groups;
  }

 private:
  [[nodiscard]] Result<http::Request> make_request() const {
    auto settings = http::settings(config_.client);
    if (!settings) return fail(std::move(settings).error());
    http::Request request;
    request.url = config_.url;
    request.options = settings->options;
    request.headers = std::move(settings->headers);
    request.headers.emplace_back("Accept", "application/json");
    request.headers.emplace_back(
        "X-Prometheus-Refresh-Interval-Seconds",
        format_float(static_cast<double>(interval_ms()) / 1000));
    request.headers.emplace_back("User-Agent", "Prometheus/" PROM_VERSION);
    request.timeout_ms = std::min(interval_ms(), kTimeoutMsMax);
    return request;
  }

  [[nodiscard]] Result<Groups> read(
      const Result<http::Response>& response) const {
    if (!response) return fail(response.error());
    if (response->status != 200) {
      return fail(Code::kUnavailable,
                  "server returned HTTP status " + response->status_text);
    }
    const std::string type = response->header("content-type");
    if (!is_json_type(type))
      return fail(Code::kBadData, "unsupported content type " + quote(type));
    auto groups = config::parse_http_sd(response->body, config_.url);
    if (!groups) return fail(config::to_error(groups.error()));
    return *std::move(groups);
  }

  const config::HttpSdConfig config_;
};

}  // namespace

Made make_http(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<Http>(
      static_cast<const config::HttpSdConfig&>(config), around);
}

}  // namespace prom::discover
