// Sends one mail over smtp:// or smtps:// (libcurl).  Used by prom-alert's
// e-mail receiver; blocks its caller's thread until the server took the mail
// or the deadline passed.
//
// Alerts put untrusted text into subjects and bodies, so nothing that is sent
// can add a header, a recipient or a command: line breaks in headers and
// addresses are refused, bodies are quoted-printable, which has no bare line
// feeds and no boundary of ours in it, and libcurl stuffs the dots.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/http/client.h"

namespace prom::http {

struct MailServer {
  std::string url = {};    // "smtp://host:port", or "smtps://…" for TLS at once
  std::string hello = {};  // name in EHLO; "" for this host's
  TlsOptions tls = {};
  // On smtp://: fail unless STARTTLS works.  When false, TLS is used where it
  // is offered, and credentials travel in the clear where it is not.
  bool require_tls = true;
  std::string user = {}, password = {}, identity = {};
  std::string auth = {};  // "PLAIN", "LOGIN", "CRAM-MD5"; "" for the server's
  std::int64_t timeout_ms = 30'000;
};

struct Mail {
  std::string from = {};  // "a@example.org" or "Name <a@example.org>"
  std::string to = {};    // the same, one or several with commas between
  // Subject and others, UTF-8.  From, To, Date, Message-ID and the MIME
  // headers are added unless they are here.
  std::vector<Header> headers = {};
  std::string text = {};  // either may be empty
  std::string html = {};
};

// kBadData for addresses and headers that must not be sent and kConfig for a
// malformed server, before anything is sent; kPermission when the server
// refuses the credentials; kNo when it refuses the mail for good (5xx);
// kTimeout and kUnavailable otherwise: trying again later is sensible.
Status send_mail(const MailServer& server, const Mail& mail,
                 const AddressPolicy& policy = {});

// The mail as it is sent (RFC 5322, MIME): multipart/alternative, CRLF.
// `message_id` without angle brackets is used when the headers have none.
Result<std::string> mail_message(const Mail& mail, std::int64_t now_ms,
                                 std::string_view message_id);

struct MailAddress {
  std::string name;     // may be empty
  std::string address;  // local@domain
};
// Splits an address list.  kBadData for what is none, and for more than
// kMailAddressesMax.
constexpr std::size_t kMailAddressesMax = 1000;
Result<std::vector<MailAddress>> parse_mail_addresses(std::string_view list);

}  // namespace prom::http
