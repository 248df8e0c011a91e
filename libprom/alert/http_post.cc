#include "libprom/alert/http_post.h"

#include <ctime>

#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/http/settings.h"
#include "libprom/os/clock.h"

namespace prom::alert {
namespace {

constexpr std::int64_t kTimeoutMs = 10'000;
constexpr std::uint64_t kAnswerBytesMax = 4ULL << 20U;
constexpr std::size_t kDetailBytesMax = 256;
constexpr std::string_view kUserAgent =
    "Alertmanager/0.34.0 prom-alert/" PROM_VERSION;

std::string_view reason_for(int status) {
  if (status == 401 || status == 403) return "authError";
  if (status == 429) return "rateLimited";
  if (status / 100 == 4) return "clientError";
  if (status / 100 == 5) return "serverError";
  return "other";
}

// Webhook URLs hold tokens, so an error must not repeat them.
void redact(std::string& text, const std::string& url) {
  for (const std::string& secret : {url, http::safe_url(url)}) {
    if (secret.empty()) continue;
    for (std::size_t at = text.find(secret); at != std::string::npos;
         at = text.find(secret, at))
      text.replace(at, secret.size(), "<redacted>");
  }
}

}  // namespace

std::int64_t retry_after_ms(std::string_view header, std::int64_t now_ms) {
  if (const auto seconds = parse_uint(header))
    return *seconds > 86'400 ? 86'400'000
                             : static_cast<std::int64_t>(*seconds) * 1000;
  std::tm date{};
  const std::string text(header);
  if (strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date) == nullptr)
    return 0;
  const std::int64_t wait = timegm(&date) * 1000 - now_ms;
  return wait > 0 ? wait : 0;
}

Outcome outcome_of(const Result<http::Response>& response) {
  Outcome outcome;
  if (!response) {
    const Code code = response.error().code;
    outcome.error = response.error().message;
    outcome.retry = code == Code::kTimeout || code == Code::kUnavailable ||
                    code == Code::kBadData || code == Code::kLimit;
    outcome.reason =
        code == Code::kTimeout ? "contextDeadlineExceeded" : "other";
    return outcome;
  }
  if (response->status / 100 == 2) return delivered();
  outcome.error = "unexpected status code " + std::to_string(response->status);
  if (!response->body.empty())
    outcome.error +=
        ": " +
        printable(std::string_view(response->body).substr(0, kDetailBytesMax));
  outcome.reason = reason_for(response->status);
  outcome.retry = response->status / 100 == 5 || response->status == 429;
  if (outcome.retry)
    outcome.retry_after_ms = retry_after_ms(response->header("retry-after"),
                                            os::real_clock().wall_ms());
  return outcome;
}

void post(const Post& what, const config::HttpClientConfig& http,
          Transport& transport, Notifier::Done done) {
  auto settings = http::settings(http);
  if (!settings) return done(rejected(settings.error().message));
  http::Request request;
  request.method = what.method;
  request.url = what.url;
  request.headers = settings->headers;
  request.headers.emplace_back("Content-Type", what.content_type);
  request.headers.emplace_back("User-Agent", kUserAgent);
  if (!what.idempotency_key.empty())
    request.headers.emplace_back("Idempotency-Key", what.idempotency_key);
  request.headers.insert(request.headers.end(), what.headers.begin(),
                         what.headers.end());
  request.body = what.body;
  request.timeout_ms = what.timeout_ms > 0 ? what.timeout_ms : kTimeoutMs;
  request.body_bytes_max = kAnswerBytesMax;
  request.options = settings->options;
  transport.client.start(std::move(request),
                         [done = std::move(done),
                          url = what.url](Result<http::Response> response) {
                           Outcome outcome = outcome_of(response);
                           redact(outcome.error, url);
                           done(std::move(outcome));
                         });
}

}  // namespace prom::alert
