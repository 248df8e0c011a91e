#include <sys/socket.h>

#include <algorithm>
#include <mutex>

#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/http/easy_internal.h"
#include "libprom/http/headers_internal.h"
#include "libprom/http/proxy_internal.h"
#include "libprom/os/clock.h"

namespace prom::http {
namespace {

constexpr std::int64_t kMillisecondNs = 1'000'000;
constexpr long kReceiveBufferBytes = 64L << 10U;
constexpr long kIdleConnectionSecondsMax = 300;

// Headers that say nothing about who asks: they stay on a redirect to another
// origin.
constexpr std::array<std::string_view, 7> kHarmlessHeaders = {
    "accept",
    "accept-encoding",
    "accept-language",
    "content-encoding",
    "content-type",
    "user-agent",
    "x-prometheus-scrape-timeout-seconds"};

// --- callbacks of libcurl; the last argument is ours

void put_off_deadline(Transfer& transfer) {
  transfer.deadline_ns = os::real_clock().monotonic_ns() +
                         transfer.request.idle_timeout_ms * kMillisecondNs;
}

// The headers of an answer are complete: from here on a stream may last.
void begin_stream(Transfer& transfer) {
  if (!transfer.request.on_body) return;
  long status = 0;
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status / 100 != 2) return;
  transfer.is_streaming = true;
  put_off_deadline(transfer);
}

// One header line, or the blank one at their end.
std::size_t on_header(char* data, std::size_t size, std::size_t count,
                      void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view line(data, size * count);
  transfer.header_bytes += line.size();
  if (transfer.header_bytes > kHeaderBytesMax ||
      ++transfer.header_lines > kHeaderLinesMax) {
    transfer.stopped =
        Error{Code::kLimit, "headers exceed " +
                                std::to_string(kHeaderBytesMax) + " bytes or " +
                                std::to_string(kHeaderLinesMax) + " lines"};
    return 0;
  }
  if (line.starts_with("HTTP/")) {
    // Anew for each answer: a proxy's, 100 Continue, then the real one.
    transfer.response.headers.clear();
    const std::size_t space = line.find(' ');
    transfer.response.status_text =
        space == std::string_view::npos ? "" : trimmed(line.substr(space));
    return line.size();
  }
  if (line == "\r\n" || line == "\n") {
    begin_stream(transfer);
    return line.size();
  }
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos) {
    transfer.response.headers.emplace_back(
        ascii_lower(trimmed(line.substr(0, colon))),
        trimmed(line.substr(colon + 1)));
  }
  return line.size();
}

Status begin_body(Transfer& transfer) {
  long status = 0;
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_RESPONSE_CODE, &status);
  transfer.body = std::make_unique<BodyReader>(transfer.request.body_bytes_max);
  if (transfer.is_streaming) transfer.body->stream_to(transfer.request.on_body);
  // The body of a redirect is read, so that the connection stays usable, and
  // thrown away.
  if (leads_elsewhere(transfer, status)) return {};
  if (auto ok = transfer.body->begin(
          ascii_lower(transfer.response.header("content-encoding")));
      !ok)
    return ok;
  curl_off_t length = -1;
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T,
                    &length);
  if (length < 0) return {};
  return transfer.body->expect(static_cast<std::uint64_t>(length));
}

std::size_t on_body(char* data, std::size_t size, std::size_t count,
                    void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view piece(data, size * count);
  Status ok;
  if (transfer.is_streaming) put_off_deadline(transfer);
  if (transfer.body == nullptr) ok = begin_body(transfer);
  if (ok) ok = transfer.body->feed(piece);
  if (ok) return piece.size();
  transfer.stopped = std::move(ok).error();
  return CURL_WRITEFUNC_ERROR;
}

bool address_allowed(Transfer& transfer, const Address& address) {
  const ClientOptions* options = transfer.request.options.get();
  const AddressPolicy& policy = options != nullptr && options->addresses
                                    ? *options->addresses
                                    : *transfer.policy;
  if (policy.allows(address)) return true;
  transfer.stopped =
      Error{Code::kPermission,
            "connecting to " + address.to_string() + " is not allowed"};
  return false;
}

curl_socket_t on_open_socket(void* user, curlsocktype /*purpose*/,
                             curl_sockaddr* to) {
  auto& transfer = *static_cast<Transfer*>(user);
  const auto address = Address::from(to->addr);
  if (address && !address_allowed(transfer, *address)) return CURL_SOCKET_BAD;
  return ::socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

// --- options

bool append(HeaderList& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) return false;
  (void)list.release();
  list.reset(longer);
  return true;
}

Status add_headers(HeaderList& list, const std::vector<Header>& headers,
                   bool trusted) {
  for (const auto& [name, value] : headers) {
    if (name.empty() || has_control_bytes(name) || has_control_bytes(value) ||
        name.find_first_of(": ") != std::string::npos) {
      return fail(Code::kBadData,
                  "header \"" + printable(name) + "\" cannot be sent");
    }
    if (!trusted && std::ranges::find(kHarmlessHeaders, ascii_lower(name)) ==
                        kHarmlessHeaders.end())
      continue;
    // A header without a value is written with a semicolon for libcurl.
    append(list, value.empty() ? name + ";" : name + ": " + value);
  }
  return {};
}

Status set_headers(Transfer& transfer, const ClientOptions& options) {
  const Request& request = transfer.request;
  HeaderList list;
  const auto has = [&](std::string_view lower_name) {
    return std::ranges::any_of(request.headers, [&](const Header& header) {
      return ascii_lower(header.first) == lower_name;
    });
  };
  if (!has("user-agent"))
    append(list, std::string("User-Agent: prom-tools/") + PROM_VERSION);
  if (!has("accept-encoding")) {
    append(list, request.accept_gzip ? "Accept-Encoding: zstd, gzip;q=0.9"
                                     : "Accept-Encoding: identity");
  }
  const std::string& authorization = transfer.authorization.empty()
                                         ? options.authorization
                                         : transfer.authorization;
  if (transfer.trusted && !authorization.empty()) {
    if (has_control_bytes(authorization))
      return fail(Code::kBadData, "credentials contain control characters");
    append(list, "Authorization: " + authorization);
  }
  append(list, "Expect:");  // no 100-continue: it costs a round trip
  if (auto ok = add_headers(list, request.headers, transfer.trusted); !ok)
    return ok;
  if (!options.tls.server_name.empty() && !has("host")) {
    // The URL carries the name for TLS then; see set_server_name.
    append(list, "Host: " + transfer.origin.host + ":" + transfer.origin.port);
  }
  transfer.headers = std::move(list);
  curl_easy_setopt(transfer.easy.get(), CURLOPT_HTTPHEADER,
                   transfer.headers.get());
  return {};
}

// libcurl takes the name for SNI and for the certificate from the URL.  So the
// URL gets the name, and the connection goes to where it pointed before.
Status set_server_name(Transfer& transfer, const std::string& name) {
  const auto renamed = with_host(transfer.url, name);
  if (!renamed)
    return fail(Code::kBadData,
                "server name \"" + printable(name) + "\" is no host name");
  HeaderList list;
  append(list, name + ":" + transfer.origin.port + ":" + transfer.origin.host +
                   ":" + transfer.origin.port);
  transfer.connect_to = std::move(list);
  CURL* easy = transfer.easy.get();
  curl_easy_setopt(easy, CURLOPT_URL, renamed->c_str());
  curl_easy_setopt(easy, CURLOPT_CONNECT_TO, transfer.connect_to.get());
  return {};
}

void set_method(Transfer& transfer) {
  CURL* easy = transfer.easy.get();
  const std::string& method = transfer.method;
  if (method == "GET" && transfer.request.body.empty()) {
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    return;
  }
  if (method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    return;
  }
  if (method == "POST" || !transfer.request.body.empty()) {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(transfer.request.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, transfer.request.body.data());
  }
  if (method != "POST")
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
}

Status set_proxy(Transfer& transfer, const ClientOptions& options) {
  CURL* easy = transfer.easy.get();
  const std::string proxy = proxy_of(transfer.origin, options);
  curl_easy_setopt(easy, CURLOPT_PROXY, proxy.c_str());
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
  // What a proxy answers to CONNECT is not the server's.
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (options.proxy_headers.empty()) return {};
  HeaderList list;
  if (auto ok = add_headers(list, options.proxy_headers, true); !ok) return ok;
  transfer.proxy_headers = std::move(list);
  curl_easy_setopt(easy, CURLOPT_HEADEROPT,
                   static_cast<long>(CURLHEADER_SEPARATE));
  curl_easy_setopt(easy, CURLOPT_PROXYHEADER, transfer.proxy_headers.get());
  return {};
}

}  // namespace

void start_curl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

Status prepare_hop(Transfer& transfer, CURLSH* share, std::int64_t left_ms) {
  static const ClientOptions kDefaults;
  const ClientOptions& options = transfer.request.options != nullptr
                                     ? *transfer.request.options
                                     : kDefaults;
  // Behind a proxy nothing else sees an address that the URL spells out.
  std::string_view host = transfer.origin.host;
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  if (const auto address = Address::parse(host);
      address && options.unix_socket.empty() &&
      !address_allowed(transfer, *address))
    return fail(*std::exchange(transfer.stopped, std::nullopt));
  CURL* easy = transfer.easy.get();
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
  curl_easy_setopt(easy, CURLOPT_URL, transfer.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_SHARE, share);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  // Names are asked for when a connection is made, as in Go.  libcurl's own
  // cache of them is walked at the end of each transfer, which with a thousand
  // targets was a third of all the work.
  curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
  // A resolver that hangs is left behind, not waited for.
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  // The deadline of a stream moves: it is the Client's to watch.
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
                   transfer.request.on_body ? 0 : static_cast<long>(left_ms));
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(left_ms));
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, kReceiveBufferBytes);
  curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, kIdleConnectionSecondsMax);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                   options.http2 ? static_cast<long>(CURL_HTTP_VERSION_2TLS)
                                 : static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.curl_text.data());
  transfer.curl_text[0] = '\0';
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &transfer);
  if (!options.unix_socket.empty()) {
    curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH,
                     options.unix_socket.c_str());
  }
  if (transfer.trusted &&
      (!options.user.empty() || !options.password.empty())) {
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    curl_easy_setopt(easy, CURLOPT_USERNAME, options.user.c_str());
    curl_easy_setopt(easy, CURLOPT_PASSWORD, options.password.c_str());
  }
  set_method(transfer);
  if (auto ok = set_proxy(transfer, options); !ok) return ok;
  if (auto ok = set_headers(transfer, options); !ok) return ok;
  if (transfer.origin.scheme == "http") return {};
  if (!options.tls.server_name.empty()) {
    if (auto ok = set_server_name(transfer, options.tls.server_name); !ok)
      return ok;
  }
  return set_tls(easy, options.tls, transfer.trusted);
}

bool leads_elsewhere(const Transfer& transfer, long status) {
  if (transfer.request.options != nullptr &&
      !transfer.request.options->follow_redirects)
    return false;
  return (status == 301 || status == 302 || status == 303 || status == 307 ||
          status == 308) &&
         !transfer.response.header("location").empty();
}

Error hop_error(const Transfer& transfer, CURLcode code) {
  if (transfer.stopped) return *transfer.stopped;
  const std::string text = transfer.curl_text[0] != '\0'
                               ? printable(trimmed(transfer.curl_text.data()))
                               : std::string(curl_easy_strerror(code));
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      if (transfer.is_streaming) {
        return {Code::kTimeout,
                "nothing came for " +
                    std::to_string(transfer.request.idle_timeout_ms) + " ms"};
      }
      return {Code::kTimeout, "no complete answer within " +
                                  std::to_string(transfer.request.timeout_ms) +
                                  " ms"};
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_BAD_CONTENT_ENCODING:
      return {Code::kBadData, text};
    case CURLE_OUT_OF_MEMORY:
      return {Code::kLimit, text};
    default:
      return {Code::kUnavailable, text};
  }
}

}  // namespace prom::http
