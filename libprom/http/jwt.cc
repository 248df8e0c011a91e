// The signed assertion of OAuth 2.0 with an RSA key (RFC 7523).
#include <array>
#include <string>

#include <nlohmann/json.hpp>
#include <openssl/rand.h>

#include "libprom/http/base64.h"
#include "libprom/http/oauth2_internal.h"
#include "libprom/http/rsa.h"

namespace prom::http {
namespace {

constexpr std::int64_t kAssertionLifeS = 600;

// Sixteen random bytes in the form of a UUID.
std::string token_id() {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return "";
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0fU) | 0x40U);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3fU) | 0x80U);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kDigits[bytes.at(i) >> 4U];
    text += kDigits[bytes.at(i) & 15U];
  }
  return text;
}

}  // namespace

Result<std::string> signed_assertion(const OAuth2Options& options,
                                     std::int64_t now_ms) {
  const OAuth2Options::Assertion& with = options.assertion;
  const std::string algorithm =
      with.algorithm.empty() ? "RS256" : with.algorithm;
  nlohmann::json header = {{"alg", algorithm}, {"typ", "JWT"}};
  if (!with.key_id.empty()) header["kid"] = with.key_id;
  const std::int64_t now_s = now_ms / 1000;
  nlohmann::json claims = {
      {"iss", with.issuer.empty() ? options.client_id : with.issuer},
      {"sub", options.client_id},
      {"jti", token_id()},
      {"aud", with.audience.empty() ? options.token_url : with.audience},
      {"iat", now_s},
      {"exp", now_s + kAssertionLifeS}};
  if (!options.scopes.empty()) claims["scope"] = joined_scopes(options);
  if (!with.claims.empty()) {
    const auto more = nlohmann::json::parse(with.claims, nullptr, false);
    if (!more.is_object()) return fail(Code::kConfig, "claims are no mapping");
    claims.update(more);
  }
  using nlohmann::json;
  const auto written = [](const json& value) {
    return base64_url(
        value.dump(-1, ' ', false, json::error_handler_t::replace));
  };
  const std::string text = written(header) + "." + written(claims);
  auto signature = sign_rsa(text, with.key, "", algorithm);
  if (!signature)
    return fail(std::move(signature).error().in("client_certificate_key"));
  return text + "." + base64_url(*signature);
}

}  // namespace prom::http
