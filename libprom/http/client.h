// HTTP client over libcurl's multi interface: thousands of requests at once on
// one thread, woken by epoll for the sockets that have something.  libcurl is
// seen in this folder only, and in none of its public headers.
//
// Hostile answers are expected: there is one deadline over the whole exchange,
// limits on headers and body apply while bytes arrive, compressed bodies are
// decompressed under those limits, redirects are followed one by one, and the
// address of every connection is held against an AddressPolicy.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/http/address.h"

namespace prom::http {

using Header = std::pair<std::string, std::string>;

constexpr std::size_t kHeaderBytesMax = 64U << 10U;
constexpr std::size_t kHeaderLinesMax = 100;
constexpr unsigned kRedirectsMax = 5;
constexpr std::size_t kStreamPieceBytes = 64U << 10U;

struct TlsOptions {
  std::string ca_file, cert_file, key_file;
  std::string ca, cert, key;  // PEM text instead of files
  std::string server_name;    // for SNI and the certificate, not the host's
  bool insecure_skip_verify = false;
  // "TLS10" to "TLS13"; "" for TLS 1.2 and for no maximum.
  std::string min_version, max_version;
};

struct OAuth2Options;

// What a connection needs besides the URL.  Secrets are read from their files
// by whoever fills this in, before each request, so that rotation works.
struct ClientOptions {
  TlsOptions tls;
  std::string user, password;  // basic auth; used when one is not empty
  std::string authorization;   // "Bearer token"; used when not empty
  // A token that is fetched with these; null: none.
  std::shared_ptr<const OAuth2Options> oauth2;
  std::string proxy_url, no_proxy;
  std::vector<Header> proxy_headers;  // sent with CONNECT
  bool proxy_from_environment = false;
  bool follow_redirects = true;
  bool http2 = true;
  std::string unix_socket;  // connect here instead of to the URL's host
  // Which addresses these requests may reach; null: what the Client says.
  std::shared_ptr<const AddressPolicy> addresses;
};

// Credentials for a token of OAuth 2.0: the client's secret (RFC 6749, section
// 4.4) or, when assertion.key is set, a signed assertion (RFC 7523, section
// 2.1).  Requests whose options agree share a token.  The Client fetches it
// before the first of them, keeps it until shortly before it expires, and has
// requests wait meanwhile, within their own deadlines.
struct OAuth2Options {
  struct Assertion {
    std::string key, key_id;  // RSA, PEM
    std::string algorithm;    // "RS256", "RS384" or "RS512"; "": RS256
    std::string issuer;       // "": client_id
    std::string audience;     // "": token_url
    std::string claims;       // more of them: a JSON object, or ""
  };

  std::string client_id, client_secret, token_url;
  Assertion assertion = {};
  std::vector<std::string> scopes;
  std::vector<std::pair<std::string, std::string>> endpoint_params;
  std::shared_ptr<const ClientOptions> connection;  // to the token server
};

struct Request {
  std::string method = "GET";
  std::string url = {};
  std::vector<Header> headers = {};
  std::string body = {};
  std::int64_t timeout_ms = 10'000;  // the whole exchange
  // After decompression.  Beyond it the request fails with kLimit.
  std::uint64_t body_bytes_max = 64ULL << 20U;
  bool accept_gzip = true;                            // and zstd
  std::shared_ptr<const ClientOptions> options = {};  // null: defaults

  // For answers without an end, such as watches.  Takes the body of an answer
  // with a 2xx status while it arrives, decompressed, in pieces of at most
  // kStreamPieceBytes that end anywhere; Response::body stays empty.  Other
  // answers are collected as usual.  An error that it returns ends the request
  // with that error.  It must not call the Client.
  //
  // timeout_ms is then the time until the headers are there, and each wait
  // for more is held against idle_timeout_ms; there is no deadline over the
  // whole, and body_bytes_max does not count: limits are the caller's.
  std::function<Status(std::string_view)> on_body = {};
  std::int64_t idle_timeout_ms = 60'000;
};

struct Response {
  int status = 0;
  std::string status_text;       // "404 Not Found"; as sent: not printable
  std::vector<Header> headers;   // names in lower case
  std::string body;              // decompressed
  std::uint64_t wire_bytes = 0;  // body as it was received
  std::int64_t duration_ns = 0;

  // The first of that name; "" without one.
  [[nodiscard]] std::string header(std::string_view lower_name) const;
};

// Errors: kTimeout, kLimit (headers, body or ratio), kUnavailable (refused,
// reset, cut off, DNS, TLS), kBadData (malformed URL or answer, too many
// redirects), kPermission (an address or a redirect that is not allowed).
// Messages are printable and never hold credentials.
//
// Redirects: at most kRedirectsMax, never from https to http.  When scheme,
// host or port change, credentials, the client's certificate and all headers
// but the harmless standard ones stay behind.  One thread.
class Client {
 public:
  using Done = std::function<void(Result<Response>)>;
  using Id = std::uint64_t;

  explicit Client(AddressPolicy policy = {});
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
Result<Response> fetch(Request request, AddressPolicy policy = {});

// The URL without user info, query and fragment, printable, for messages.
std::string safe_url(std::string_view url);

// The URL without user info, printable.
std::string without_user_info(std::string_view url);

}  // namespace prom::http
