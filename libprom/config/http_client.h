// How to talk to an HTTP server, as configuration files say it: the part that
// scrape jobs, discovery, Alertmanager targets, remote write and receivers
// have in common.  Plain data; http/settings.h makes a connection's options
// of it, reading the secret files as it goes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libprom/base/result.h"

namespace prom::config {

// A password, token or key.  It has no operator<< and no to_string, so that
// it cannot slip into a message; reveal() is searched for in review.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}

  [[nodiscard]] bool empty() const { return value_.empty(); }
  // The value, for the one place that sends it.
  [[nodiscard]] const std::string& reveal() const { return value_; }
  // What a configuration page shows: "<secret>", or "" when there is none.
  [[nodiscard]] std::string_view shown() const {
    return value_.empty() ? "" : "<secret>";
  }
  bool operator==(const Secret&) const = default;

 private:
  std::string value_;
};

// Largest file that is taken for a secret.
constexpr std::uint64_t kSecretFileBytesMax = 1ULL << 20U;

// The value: `secret` itself, or the content of `file` without surrounding
// white space when a file is named.  The file is read at each call, so that
// rotation needs no reload.  Errors name the file, never the content.
Result<Secret> resolve_secret(const Secret& secret, const std::string& file);

struct BasicAuth {
  std::string username, username_file;
  Secret password;
  std::string password_file;
};

struct Authorization {
  std::string type = "Bearer";
  Secret credentials;
  std::string credentials_file;
};

struct TlsConfig {
  std::string ca, ca_file;
  std::string cert, cert_file;
  Secret key;
  std::string key_file;
  std::string server_name;
  bool insecure_skip_verify = false;
  std::string min_version, max_version;  // "TLS10" … "TLS13"; "": default
};

struct ProxyConfig {
  std::string proxy_url;  // may hold credentials
  std::string no_proxy;
  bool from_environment = false;
  std::vector<std::pair<std::string, std::vector<Secret>>> connect_headers;
};

// OAuth2::grant_type for a signed assertion instead of the client's secret.
constexpr std::string_view kAssertionGrant =
    "urn:ietf:params:oauth:grant-type:jwt-bearer";

struct OAuth2 {
  std::string client_id;
  Secret client_secret;
  std::string client_secret_file;
  std::string grant_type;  // "": client_credentials
  Secret client_certificate_key;
  std::string client_certificate_key_file, client_certificate_key_id;
  std::string signature_algorithm, iss, audience;
  std::string claims_json;  // an object, or ""
  std::vector<std::string> scopes;
  std::string token_url;
  std::vector<std::pair<std::string, std::string>> endpoint_params;
  TlsConfig tls;
  ProxyConfig proxy;
};

// One entry of http_headers: every value is sent as a header of its own.
struct HttpHeader {
  std::string name;
  std::vector<std::string> values;
  std::vector<Secret> secrets;
  std::vector<std::string> files;
};

// At most one of the three kinds of authorization is set; the deprecated
// bearer_token has become `authorization`.
struct HttpClientConfig {
  std::optional<BasicAuth> basic_auth;
  std::optional<Authorization> authorization;
  std::optional<OAuth2> oauth2;
  TlsConfig tls;
  ProxyConfig proxy;
  bool follow_redirects = true;
  bool enable_http2 = true;
  std::vector<HttpHeader> headers;
};

// AWS request signing; on Alertmanager targets, remote write and SNS.
struct SigV4 {
  std::string region, access_key, profile, role_arn, external_id;
  Secret secret_key;
  bool use_fips_sts_endpoint = false;
};

}  // namespace prom::config
