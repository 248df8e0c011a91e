// What receivers that speak HTTP have in common: sending a body and making an
// outcome of the answer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libprom/alert/notifier.h"
#include "libprom/config/http_client.h"

namespace prom::alert {

struct Post {
  std::string method = "POST";
  std::string url;
  std::vector<http::Header> headers = {};  // besides the usual ones
  std::string body;
  std::string content_type = "application/json";
  std::int64_t timeout_ms = 0;  // 0: ten seconds
  std::string idempotency_key = {};
};

// Sends it with the settings of `http` and calls `done` with what follows
// from the answer: 2xx is success; 5xx, 429 and a failed connection are worth
// another attempt, after the pause that Retry-After asks for; anything else is
// final.  Neither the URL nor credentials get into the error.
void post(const Post& what, const config::HttpClientConfig& http,
          Transport& transport, Notifier::Done done);

// The outcome that follows from an answer or the lack of it.
Outcome outcome_of(const Result<http::Response>& response);
// Seconds, or a date after `now_ms`, as milliseconds; 0 when it is neither.
std::int64_t retry_after_ms(std::string_view header, std::int64_t now_ms);

}  // namespace prom::alert
