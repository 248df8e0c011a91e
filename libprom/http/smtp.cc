#include "libprom/http/smtp.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <random>

#include "libprom/base/utf8.h"
#include "libprom/http/easy_internal.h"
#include "libprom/os/clock.h"

namespace prom::http {
namespace {

struct Upload {
  const AddressPolicy* policy = nullptr;
  std::string_view rest;
  std::optional<Error> stopped;
};

std::size_t on_read(char* into, std::size_t size, std::size_t count,
                    void* user) {
  auto& upload = *static_cast<Upload*>(user);
  const std::size_t taken = std::min(size * count, upload.rest.size());
  upload.rest.copy(into, taken);
  upload.rest.remove_prefix(taken);
  return taken;
}

curl_socket_t on_open(void* user, curlsocktype /*purpose*/, curl_sockaddr* to) {
  auto& upload = *static_cast<Upload*>(user);
  const auto address = Address::from(to->addr);
  if (address && !upload.policy->allows(*address)) {
    upload.stopped =
        Error{Code::kPermission,
              "connecting to " + address->to_string() + " is not allowed"};
    return CURL_SOCKET_BAD;
  }
  return ::socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

std::string this_host() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

std::string new_message_id() {
  std::random_device random;
  std::string id = "prom";
  for (int i = 0; i < 4; ++i) id += "." + std::to_string(random());
  return id + "@" + this_host();
}

bool is_host_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '-' || c == ':' ||
           c == '[' || c == ']' || c == '_';
  });
}

Error mail_error(CURL* easy, CURLcode code, const char* text) {
  long reply = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &reply);
  std::string message =
      text[0] != '\0' ? printable(text) : std::string(curl_easy_strerror(code));
  if (code == CURLE_OPERATION_TIMEDOUT)
    return {Code::kTimeout, "mail server did not answer in time"};
  if (code == CURLE_LOGIN_DENIED)
    return {Code::kPermission, std::move(message)};
  if (reply >= 500 && reply < 600) return {Code::kNo, std::move(message)};
  return {Code::kUnavailable, std::move(message)};
}

Status set_server(CURL* easy, const MailServer& server,
                  HeaderList& connect_to) {
  const bool tls_at_once = server.url.starts_with("smtps://");
  const std::string hello = server.hello.empty() ? this_host() : server.hello;
  if ((!tls_at_once && !server.url.starts_with("smtp://")) ||
      has_control_bytes(server.url) || !is_host_name(hello))
    return fail(Code::kConfig, "malformed mail server \"" +
                                   safe_url(server.url) + "\" or hello name");
  std::string url = server.url;
  const std::string& name = server.tls.server_name;
  if (!name.empty()) {
    // As in client.cc: the name goes into the URL, the connection elsewhere.
    const std::size_t host = url.find("://") + 3;
    const std::size_t colon = url.rfind(':');
    const std::string port = colon > host ? url.substr(colon) : "";
    connect_to.reset(curl_slist_append(
        nullptr, ("::" + url.substr(host, url.size() - host - port.size()) +
                  (port.empty() ? ":" : port))
                     .c_str()));
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, connect_to.get());
    url = url.substr(0, host) + name + port;
  }
  curl_easy_setopt(easy, CURLOPT_URL, (url + "/" + hello).c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(
      easy, CURLOPT_USE_SSL,
      static_cast<long>(server.require_tls ? CURLUSESSL_ALL : CURLUSESSL_TRY));
  if (!server.user.empty()) {
    curl_easy_setopt(easy, CURLOPT_USERNAME, server.user.c_str());
    curl_easy_setopt(easy, CURLOPT_PASSWORD, server.password.c_str());
    curl_easy_setopt(easy, CURLOPT_SASL_IR, 1L);  // saves a round trip
    if (!server.identity.empty())
      curl_easy_setopt(easy, CURLOPT_SASL_AUTHZID, server.identity.c_str());
    if (!server.auth.empty()) {
      curl_easy_setopt(easy, CURLOPT_LOGIN_OPTIONS,
                       ("AUTH=" + server.auth).c_str());
    }
  }
  return set_tls(easy, server.tls, true);
}

}  // namespace

Status send_mail(const MailServer& server, const Mail& mail,
                 const AddressPolicy& policy) {
  start_curl();
  auto from = parse_mail_addresses(mail.from);
  if (!from) return fail(std::move(from).error().in("from"));
  if (from->size() != 1)
    return fail(Code::kBadData, "from: more than one mail address");
  auto to = parse_mail_addresses(mail.to);
  if (!to) return fail(std::move(to).error().in("to"));
  auto message =
      mail_message(mail, os::real_clock().wall_ms(), new_message_id());
  if (!message) return fail(std::move(message).error());

  const Easy easy(curl_easy_init());
  HeaderList connect_to;
  if (auto ok = set_server(easy.get(), server, connect_to); !ok) return ok;
  HeaderList recipients;
  for (const MailAddress& one : *to) {
    curl_slist* longer =
        curl_slist_append(recipients.get(), ("<" + one.address + ">").c_str());
    (void)recipients.release();
    recipients.reset(longer);
  }
  Upload upload{.policy = &policy, .rest = *message, .stopped = {}};
  std::array<char, CURL_ERROR_SIZE> text{};
  curl_easy_setopt(easy.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy.get(), CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(easy.get(), CURLOPT_TIMEOUT_MS,
                   static_cast<long>(server.timeout_ms));
  curl_easy_setopt(easy.get(), CURLOPT_ERRORBUFFER, text.data());
  curl_easy_setopt(easy.get(), CURLOPT_PROXY, "");
  curl_easy_setopt(easy.get(), CURLOPT_OPENSOCKETFUNCTION, on_open);
  curl_easy_setopt(easy.get(), CURLOPT_OPENSOCKETDATA, &upload);
  curl_easy_setopt(easy.get(), CURLOPT_MAIL_FROM,
                   ("<" + from->front().address + ">").c_str());
  curl_easy_setopt(easy.get(), CURLOPT_MAIL_RCPT, recipients.get());
  curl_easy_setopt(easy.get(), CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(easy.get(), CURLOPT_READFUNCTION, on_read);
  curl_easy_setopt(easy.get(), CURLOPT_READDATA, &upload);
  curl_easy_setopt(easy.get(), CURLOPT_INFILESIZE_LARGE,
                   static_cast<curl_off_t>(message->size()));
  const CURLcode code = curl_easy_perform(easy.get());
  if (code == CURLE_OK) return {};
  if (upload.stopped) return fail(*std::move(upload.stopped));
  return fail(mail_error(easy.get(), code, text.data()));
}

}  // namespace prom::http
