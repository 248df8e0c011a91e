// Tokens that clouds give for a while, and the services of a machine that give
// them.
#pragma once

#include <cstdint>
#include <string>

#include "libprom/config/http_client.h"
#include "libprom/discover/async.h"
#include "libprom/discover/task.h"

namespace prom::discover {

struct BearerToken {
  config::Secret value;
  std::int64_t expires_ms = 0;

  // It lives for some minutes more.
  [[nodiscard]] bool is_good(std::int64_t now_ms) const;
};

// Asks for a token.  The answer is JSON with access_token and expires_in.
// Errors hold what the server calls the error, and no credentials.
Task<Result<BearerToken>> fetch_token(Async& async, http::Request request);

// What a request to the machine's metadata service needs: it may be reached,
// redirects are not followed, there is no proxy.
void make_local(http::Request& request);

}  // namespace prom::discover
