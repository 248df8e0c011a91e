// How a Client comes by the tokens of OAuth: one request for all that wait.
#include <algorithm>

#include "libprom/http/client_internal.h"
#include "libprom/os/clock.h"

namespace prom::http {
namespace {

constexpr std::int64_t kMillisecondNs = 1'000'000;
// Secrets rotate; tokens of old ones are forgotten then.
constexpr std::size_t kCredentialsMax = 1000;

}  // namespace

void Client::State::begin(Transfer& transfer) {
  const auto& options = transfer.request.options;
  if (options == nullptr || options->oauth2 == nullptr)
    return begin_hop(transfer);
  const std::string key = token_key(*options->oauth2);
  if (credentials.size() >= kCredentialsMax && !credentials.contains(key))
    std::erase_if(credentials,
                  [](const auto& one) { return !one.second.is_fetching; });
  Credentials& known = credentials[key];
  if (os::real_clock().monotonic_ns() < known.until_ns) {
    transfer.authorization = known.token.authorization;
    return begin_hop(transfer);
  }
  known.waiting.push_back(transfer.id);
  watched.insert(transfer.id);
  if (std::exchange(known.is_fetching, true)) return;
  fetch_token(key, options->oauth2, transfer.request.timeout_ms);
}

void Client::State::fetch_token(
    const std::string& key, const std::shared_ptr<const OAuth2Options>& options,
    std::int64_t timeout_ms) {
  auto request = token_request(*options, credentials.at(key).style);
  if (!request)
    return take_token(key, options, timeout_ms,
                      fail(std::move(request).error()));
  request->timeout_ms = timeout_ms;
  Transfer& transfer =
      add(*std::move(request),
          [this, key, options, timeout_ms](Result<Response> response) {
            take_token(key, options, timeout_ms, std::move(response));
          });
  transfer.body_is_secret = true;
  begin_hop(transfer);
}

void Client::State::take_token(
    const std::string& key, const std::shared_ptr<const OAuth2Options>& options,
    std::int64_t timeout_ms, Result<Response> response) {
  Credentials& known = credentials.at(key);
  Result<Token> token = response ? token_of(*response) : fail(response.error());
  if (!token && token.error().code == Code::kPermission && response &&
      known.style == TokenStyle::kHeader && options->assertion.key.empty()) {
    known.style = TokenStyle::kBody;
    return fetch_token(key, options, timeout_ms);
  }
  known.is_fetching = false;
  if (token) {
    known.token = *token;
    known.until_ns = os::real_clock().monotonic_ns() +
                     std::max<std::int64_t>(token->life_ms - kTokenEarlyMs, 0) *
                         kMillisecondNs;
  } else {
    known.style = TokenStyle::kHeader;
  }
  for (const Id id : std::exchange(known.waiting, {})) {
    const auto found = transfers.find(id);
    if (found == transfers.end()) continue;  // cancelled or late meanwhile
    watched.erase(id);
    if (!token) {
      give_up(id, Error(token.error()).in("oauth2"));
      continue;
    }
    found->second->authorization = token->authorization;
    begin_hop(*found->second);
  }
}

}  // namespace prom::http
