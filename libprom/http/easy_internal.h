// One hop of a request as a libcurl easy handle: everything that is set before
// it runs, and what its outcome means.  client.cc runs many of them.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <curl/curl.h>

#include "libprom/http/body_internal.h"
#include "libprom/http/client.h"
#include "libprom/http/url_internal.h"

namespace prom::http {

// curl_global_init, once per process.
void start_curl();

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

struct FreeEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;

// The state of one request over its hops.  Owned by the Client.
struct Transfer {
  Client::Id id = 0;
  Request request;
  Client::Done done;
  const AddressPolicy* policy = nullptr;

  std::int64_t started_ns = 0;
  std::string url;              // of this hop
  std::string method;           // of this hop
  Origin origin;                // of this hop
  bool trusted = true;          // still at the origin that the caller named
  std::string authorization;    // of OAuth; instead of that of the options
  bool body_is_secret = false;  // it must not go to another origin
  unsigned redirects = 0;
  // Held against the clock while it waits for a token or streams.
  std::int64_t deadline_ns = 0;
  bool is_streaming = false;  // the body of this answer goes to on_body

  Easy easy;
  CURLM* multi = nullptr;  // that runs it; the Client's
  HeaderList headers, proxy_headers, connect_to;
  std::array<char, CURL_ERROR_SIZE> curl_text{};

  // Of the answer to this hop.
  Response response;
  std::unique_ptr<BodyReader> body;
  std::size_t header_bytes = 0;
  std::size_t header_lines = 0;
  // Why a callback stopped the transfer; more telling than curl's reason.
  std::optional<Error> stopped;
};

// Sets up transfer.easy for the hop that transfer.url, .method and .origin
// describe, with `left_ms` to go.  kBadData for what must not be sent: line
// breaks in headers, for one.
Status prepare_hop(Transfer& transfer, CURLSH* share, std::int64_t left_ms);

// Whether the answer sends the request elsewhere and the caller wants that.
bool leads_elsewhere(const Transfer& transfer, long status);

// What a finished hop that did not succeed means.
Error hop_error(const Transfer& transfer, CURLcode code);

// What HTTP and SMTP have in common.  The certificate stays at home when
// `with_certificate` is false.
Status set_tls(CURL* easy, const TlsOptions& tls, bool with_certificate);

}  // namespace prom::http
