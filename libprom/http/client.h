// HTTP client over libcurl's multi interface: many requests at once on one
// thread.  client.cc is the only file that sees libcurl (with smtp.cc for
// mail).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libprom/base/result.h"

namespace prom::http {

using Header = std::pair<std::string, std::string>;

struct TlsOptions {
  std::string ca_file, cert_file, key_file;
  std::string ca, cert, key;  // PEM text instead of files
  std::string server_name;
  bool insecure_skip_verify = false;
  std::string min_version, max_version;  // "TLS12", "TLS13"; "" for default
};

// What a connection needs besides the URL.  Secrets are read from their files
// by whoever fills this in, before each request, so that rotation works.
struct ClientOptions {
  TlsOptions tls;
  std::string user, password;  // basic auth; used when user is not empty
  std::string authorization;   // "Bearer token"; used when not empty
  std::string proxy_url, no_proxy;
  bool proxy_from_environment = false;
  bool follow_redirects = true;
  bool http2 = true;
  std::string unix_socket;  // connect here instead of to the URL's host
};

struct Request {
  std::string method = "GET";
  std::string url;
  std::vector<Header> headers;
  std::string body;
  std::int64_t timeout_ms = 10'000;  // the whole exchange
  // Limits on what is received after decompression.  Beyond the first the
  // request fails with kLimit.
  std::uint64_t body_bytes_max = 64ULL << 20U;
  bool accept_gzip = true;
  std::shared_ptr<const ClientOptions> options;  // null: defaults
};

struct Response {
  int status = 0;
  std::string status_text;       // "404 Not Found"
  std::vector<Header> headers;   // names in lower case
  std::string body;              // decompressed
  std::uint64_t wire_bytes = 0;  // body as it was received
  std::int64_t duration_ns = 0;

  [[nodiscard]] std::string header(std::string_view lower_name) const;
};

// Errors: kTimeout, kLimit (body or ratio), kUnavailable (refused, reset, DNS,
// TLS), kBadData (malformed answer).  Messages never hold credentials.
// Credentials and custom headers are never sent to another origin on a
// redirect.  One thread.
class Client {
 public:
  using Done = std::function<void(Result<Response>)>;
  using Id = std::uint64_t;

  Client();
  ~Client();  // unfinished requests are dropped; Done is not called
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Begins a request; `done` is called from within perform().
  Id start(Request request, Done done);
  void cancel(Id id);  // Done is not called
  [[nodiscard]] std::size_t active() const;

  // Waits at most `timeout_ms` (-1: for ever) until a transfer makes progress
  // or one of `wake_fds` becomes readable, then does what can be done.
  void perform(int timeout_ms, const std::vector<int>& wake_fds = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// One request, waiting for its end.
Result<Response> fetch(Request request);

// The URL without user info and query, for messages.
std::string safe_url(std::string_view url);

}  // namespace prom::http
