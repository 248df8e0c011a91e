#include <algorithm>
#include <string_view>

#include <nlohmann/json.hpp>

#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/config/http_client.h"
#include "libprom/http/base64.h"
#include "libprom/http/headers_internal.h"
#include "libprom/http/oauth2_internal.h"
#include "libprom/http/target.h"
#include "libprom/os/clock.h"

namespace prom::http {
namespace {

constexpr std::size_t kShownBytesMax = 200;
constexpr double kMsPerSecond = 1000;

void add_field(std::string& body, std::string_view name,
               std::string_view value) {
  if (!body.empty()) body += '&';
  body += percent_encode(name) + "=" + percent_encode(value);
}

// A member of the answer as text; "" when it is not there or no text.
std::string text_of(const nlohmann::json& answer, const char* name) {
  const auto found = answer.find(name);
  return found != answer.end() && found->is_string() ? found->get<std::string>()
                                                     : std::string();
}

// Some servers send the number as text.
std::int64_t life_ms(const nlohmann::json& answer) {
  const auto found = answer.find("expires_in");
  if (found == answer.end()) return kTokenLifeMs;
  double seconds = 0;
  if (found->is_number()) {
    seconds = found->get<double>();
  } else if (found->is_string()) {
    seconds = parse_float(found->get<std::string>()).value_or(0);
  }
  // 0 and what is no number mean that it does not expire, as upstream has it.
  if (!(seconds > 0)) return kTokenLifeMs;
  const double ms =
      std::min(seconds * kMsPerSecond, static_cast<double>(kTokenLifeMs));
  return static_cast<std::int64_t>(ms);
}

std::string shown(std::string_view text) {
  return printable(text.substr(0, kShownBytesMax));
}

}  // namespace

std::string token_key(const OAuth2Options& options) {
  std::string key;
  const auto add = [&](std::string_view text) {
    key += std::to_string(text.size());
    key += ':';
    key += text;
  };
  add(options.token_url);
  add(options.client_id);
  add(options.client_secret);
  for (const std::string& scope : options.scopes) add(scope);
  add("");
  for (const auto& [name, value] : options.endpoint_params) {
    add(name);
    add(value);
  }
  add("");
  const OAuth2Options::Assertion& assertion = options.assertion;
  for (const std::string* part :
       {&assertion.key, &assertion.key_id, &assertion.algorithm,
        &assertion.issuer, &assertion.audience, &assertion.claims})
    add(*part);
  return key;
}

std::string joined_scopes(const OAuth2Options& options) {
  std::string joined;
  for (const std::string& scope : options.scopes)
    joined += (joined.empty() ? "" : " ") + scope;
  return joined;
}

Result<Request> token_request(const OAuth2Options& options, TokenStyle style) {
  Request request;
  request.method = "POST";
  request.url = options.token_url;
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                     {"Accept", "application/json"}};
  request.body_bytes_max = kTokenAnswerBytesMax;
  request.options = options.connection;
  if (!options.assertion.key.empty()) {
    auto assertion = signed_assertion(options, os::real_clock().wall_ms());
    if (!assertion) return fail(std::move(assertion).error());
    add_field(request.body, "grant_type", config::kAssertionGrant);
    add_field(request.body, "assertion", *assertion);
    return request;
  }
  add_field(request.body, "grant_type", "client_credentials");
  const std::string scopes = joined_scopes(options);
  if (!scopes.empty()) add_field(request.body, "scope", scopes);
  for (const auto& [name, value] : options.endpoint_params)
    add_field(request.body, name, value);
  if (style == TokenStyle::kBody) {
    add_field(request.body, "client_id", options.client_id);
    if (!options.client_secret.empty())
      add_field(request.body, "client_secret", options.client_secret);
  } else {
    request.headers.emplace_back(
        "Authorization",
        "Basic " + base64(percent_encode(options.client_id) + ":" +
                          percent_encode(options.client_secret)));
  }
  return request;
}

Result<Token> token_of(const Response& response) {
  const auto answer = nlohmann::json::parse(response.body, nullptr, false);
  const bool is_object = answer.is_object();
  if (response.status / 100 != 2) {
    std::string why = shown(response.status_text);
    if (is_object && !text_of(answer, "error").empty())
      why += ": " + shown(text_of(answer, "error"));
    return fail(
        response.status / 100 == 4 ? Code::kPermission : Code::kUnavailable,
        "the token server answered " + why);
  }
  if (!is_object)
    return fail(Code::kBadData, "the token server's answer is no JSON object");
  const std::string token = text_of(answer, "access_token");
  if (token.empty())
    return fail(Code::kBadData, "the token server's answer has no token");
  std::string type = text_of(answer, "token_type");
  if (type.empty() || ascii_lower(type) == "bearer") type = "Bearer";
  return Token{.authorization = type + " " + token, .life_ms = life_ms(answer)};
}

}  // namespace prom::http
