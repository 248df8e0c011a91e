// OAuth 2.0: the request for a token, by client credentials (RFC 6749, section
// 4.4) or a signed assertion (RFC 7523), and what its answer means.
#pragma once

#include <cstdint>
#include <string>

#include "libprom/base/result.h"
#include "libprom/http/client.h"

namespace prom::http {

// A token is renewed so long before it expires.
constexpr std::int64_t kTokenEarlyMs = 10'000;
// How long one without a stated end is used, and the most that is believed.
constexpr std::int64_t kTokenLifeMs = 3'600'000;
constexpr std::uint64_t kTokenAnswerBytesMax = 1ULL << 20U;

// Servers differ in where they want the client's credentials: in the
// Authorization header, as the standard says, or in the body.
enum class TokenStyle { kHeader, kBody };

struct Token {
  std::string authorization;  // the whole header: "Bearer abc"
  std::int64_t life_ms = 0;   // from when the answer came
};

// Tells configurations apart whose tokens differ.  Holds the secret: for
// comparing only.
std::string token_key(const OAuth2Options& options);

// Its timeout is the caller's to set.  kConfig when an assertion cannot be
// signed.
Result<Request> token_request(const OAuth2Options& options, TokenStyle style);

// "a b c"
std::string joined_scopes(const OAuth2Options& options);

// A JSON Web Token (RFC 7519) that says who asks, signed with the key of the
// options.  kConfig when the key or the claims are none.
Result<std::string> signed_assertion(const OAuth2Options& options,
                                     std::int64_t now_ms);

// The token of an answer.  kPermission when the server refused the client.
Result<Token> token_of(const Response& response);

}  // namespace prom::http
