#include <algorithm>

#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/discover/json.h"
#include "libprom/discover/sd/bearer_internal.h"

namespace prom::discover {
namespace {

constexpr std::int64_t kEarlyMs = 120'000;
constexpr std::int64_t kLifeSecondsMax = 86'400;
constexpr std::int64_t kLocalTimeoutMs = 5'000;
constexpr std::uint64_t kAnswerBytesMax = 1ULL << 20U;
constexpr std::size_t kShownBytesMax = 100;

}  // namespace

bool BearerToken::is_good(std::int64_t now_ms) const {
  return !value.empty() && expires_ms > now_ms + kEarlyMs;
}

Task<Result<BearerToken>> fetch_token(Async& async, http::Request request) {
  request.headers.emplace_back("Accept", "application/json");
  request.body_bytes_max = kAnswerBytesMax;
  const std::string url = http::safe_url(request.url);
  Async::Fetch fetch = async.fetch(std::move(request));
  const Result<http::Response> response = co_await fetch;
  if (!response) co_return fail(Error(response.error()).in(url));
  const auto json = Json::parse(response->body);
  if (response->status != 200) {
    std::string why = "HTTP status " + response->status_text;
    if (json) why += ": " + (*json)["error"].text().substr(0, kShownBytesMax);
    co_return fail(Code::kUnavailable, url + ": no token: " + printable(why));
  }
  if (!json) co_return fail(Error(json.error()).in(url));
  BearerToken token;
  token.value = config::Secret((*json)["access_token"].text());
  if (token.value.empty())
    co_return fail(Code::kBadData, url + ": the answer has no token");
  const std::int64_t seconds =
      parse_int((*json)["expires_in"].printed()).value_or(0);
  token.expires_ms =
      async.clock().wall_ms() +
      std::clamp<std::int64_t>(seconds, 0, kLifeSecondsMax) * 1000;
  co_return token;
}

void make_local(http::Request& request) {
  auto options = std::make_shared<http::ClientOptions>();
  options->follow_redirects = false;
  options->addresses =
      std::make_shared<http::AddressPolicy>(http::AddressPolicy::allow_all());
  request.options = std::move(options);
  request.timeout_ms = kLocalTimeoutMs;
  request.body_bytes_max = kAnswerBytesMax;
}

}  // namespace prom::discover
