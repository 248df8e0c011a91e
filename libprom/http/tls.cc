// TLS of clients, for HTTP and for SMTP.
#include <array>
#include <optional>
#include <utility>

#include "libprom/http/easy_internal.h"

namespace prom::http {
namespace {

// Certificate stores are parsed once a minute, not once a connection.
constexpr long kCaCacheSeconds = 60;

std::optional<long> tls_version(const std::string& name, bool is_maximum) {
  static const std::array<std::pair<std::string_view, std::pair<long, long>>, 4>
      kVersions = {{
          {"TLS10", {CURL_SSLVERSION_TLSv1_0, CURL_SSLVERSION_MAX_TLSv1_0}},
          {"TLS11", {CURL_SSLVERSION_TLSv1_1, CURL_SSLVERSION_MAX_TLSv1_1}},
          {"TLS12", {CURL_SSLVERSION_TLSv1_2, CURL_SSLVERSION_MAX_TLSv1_2}},
          {"TLS13", {CURL_SSLVERSION_TLSv1_3, CURL_SSLVERSION_MAX_TLSv1_3}},
      }};
  if (name.empty()) return is_maximum ? 0 : CURL_SSLVERSION_TLSv1_2;
  for (const auto& [known, numbers] : kVersions)
    if (known == name) return is_maximum ? numbers.second : numbers.first;
  return std::nullopt;
}

void set_text_blob(CURL* easy, CURLoption option, const std::string& text) {
  curl_blob blob{.data = const_cast<char*>(text.data()),
                 .len = text.size(),
                 .flags = CURL_BLOB_COPY};
  curl_easy_setopt(easy, option, &blob);
}

}  // namespace

Status set_tls(CURL* easy, const TlsOptions& tls, bool with_certificate) {
  const auto min_version = tls_version(tls.min_version, false);
  const auto max_version = tls_version(tls.max_version, true);
  if (!min_version || !max_version)
    return fail(Code::kConfig, "unknown TLS version");
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, *min_version | *max_version);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER,
                   tls.insecure_skip_verify ? 0L : 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST,
                   tls.insecure_skip_verify ? 0L : 2L);
  curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, kCaCacheSeconds);
  if (!tls.ca.empty()) {
    set_text_blob(easy, CURLOPT_CAINFO_BLOB, tls.ca);
  } else if (!tls.ca_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, tls.ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  }
  if (!with_certificate) return {};
  if (!tls.cert.empty()) {
    set_text_blob(easy, CURLOPT_SSLCERT_BLOB, tls.cert);
  } else if (!tls.cert_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_SSLCERT, tls.cert_file.c_str());
  }
  if (!tls.key.empty()) {
    set_text_blob(easy, CURLOPT_SSLKEY_BLOB, tls.key);
  } else if (!tls.key_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_SSLKEY, tls.key_file.c_str());
  }
  return {};
}

}  // namespace prom::http
