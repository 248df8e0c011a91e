#include <algorithm>
#include <array>

#include "libprom/base/letters.h"
#include "libprom/base/utf8.h"
#include "libprom/config/readers_internal.h"

namespace prom::config {
namespace {

constexpr std::array<std::string_view, 18> kReservedHeaders = {
    "Authorization",
    "Host",
    "Content-Encoding",
    "Content-Length",
    "Content-Type",
    "User-Agent",
    "Connection",
    "Keep-Alive",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Www-Authenticate",
    "Accept-Encoding",
    "X-Prometheus-Remote-Write-Version",
    "X-Prometheus-Remote-Read-Version",
    "X-Prometheus-Scrape-Timeout-Seconds",
    "X-Amz-Date",
    "X-Amz-Security-Token",
    "X-Amz-Content-Sha256"};

constexpr std::array<std::string_view, 4> kTlsVersions = {"TLS10", "TLS11",
                                                          "TLS12", "TLS13"};

// Upstream knows secrets by reference where a secret manager is linked in;
// its own server has none.
void refuse_reference(Fields& fields, std::string_view key) {
  if (fields.has(key))
    fields.error(key, std::string(key) +
                          " needs a secret manager, which there is none of");
}

void read_basic_auth(FileReader& file, const YamlNode& node, BasicAuth& into) {
  Fields fields(file, node, "basic_auth");
  fields.text("username", into.username);
  fields.path("username_file", into.username_file);
  fields.secret("password", into.password);
  fields.path("password_file", into.password_file);
  refuse_reference(fields, "username_ref");
  refuse_reference(fields, "password_ref");
  fields.done();
  if (!into.username.empty() && !into.username_file.empty())
    fields.error("username_file",
                 "at most one of basic_auth username, username_file & "
                 "username_ref must be configured");
  if (!into.password.empty() && !into.password_file.empty())
    fields.error("password_file",
                 "at most one of basic_auth password, password_file & "
                 "password_ref must be configured");
}

void read_authorization(FileReader& file, const YamlNode& node,
                        Authorization& into) {
  Fields fields(file, node, "authorization");
  fields.text("type", into.type);
  fields.secret("credentials", into.credentials);
  fields.path("credentials_file", into.credentials_file);
  refuse_reference(fields, "credentials_ref");
  fields.done();
  const std::size_t begin = into.type.find_first_not_of(" \t\r\n");
  into.type =
      begin == std::string::npos
          ? "Bearer"
          : into.type.substr(begin,
                             into.type.find_last_not_of(" \t\r\n") - begin + 1);
  if (to_lower(into.type) == "basic")
    fields.error("type",
                 "authorization type cannot be set to \"basic\", use "
                 "\"basic_auth\" instead");
  if (!into.credentials.empty() && !into.credentials_file.empty())
    fields.error("credentials_file",
                 "at most one of authorization credentials & "
                 "credentials_file must be configured");
}

void read_proxy(Fields& fields, ProxyConfig& into) {
  fields.text("proxy_url", into.proxy_url);
  fields.text("no_proxy", into.no_proxy);
  fields.flag("proxy_from_environment", into.from_environment);
  fields.map("proxy_connect_header", [&](const YamlNode& headers) {
    for (const auto& [name, values] : headers.pairs) {
      std::vector<std::string> texts;
      read_texts(fields.file(), *values, name->text, texts);
      auto& header =
          into.connect_headers.emplace_back(name->text, std::vector<Secret>());
      for (std::string& text : texts) header.second.emplace_back(text);
    }
  });
  if (!into.connect_headers.empty() && !into.from_environment &&
      into.proxy_url.empty())
    fields.error("proxy_connect_header",
                 "if proxy_connect_header is configured, proxy_url or "
                 "proxy_from_environment must also be configured");
  if (into.from_environment && !into.proxy_url.empty())
    fields.error("proxy_url",
                 "if proxy_from_environment is configured, proxy_url must not "
                 "be configured");
  if (into.from_environment && !into.no_proxy.empty())
    fields.error("no_proxy",
                 "if proxy_from_environment is configured, no_proxy must not "
                 "be configured");
  if (!into.from_environment && into.proxy_url.empty() &&
      !into.no_proxy.empty())
    fields.error(
        "no_proxy",
        "if no_proxy is configured, proxy_url must also be configured");
}

void check_oauth2(Fields& fields, const OAuth2& oauth2) {
  if (oauth2.client_id.empty())
    fields.error("client_id", "oauth2 client_id must be configured");
  if (oauth2.token_url.empty())
    fields.error("token_url", "oauth2 token_url must be configured");
  if (oauth2.grant_type == kAssertionGrant) {
    if (!oauth2.client_certificate_key.empty() &&
        !oauth2.client_certificate_key_file.empty())
      fields.error("client_certificate_key_file",
                   "at most one of oauth2 client_certificate_key, "
                   "client_certificate_key_file & client_certificate_key_ref "
                   "must be configured using grant-type=" +
                       std::string(kAssertionGrant));
    const std::string& algorithm = oauth2.signature_algorithm;
    if (!algorithm.empty() && algorithm != "RS256" && algorithm != "RS384" &&
        algorithm != "RS512")
      fields.error("signature_algorithm",
                   "valid signature algorithms are RS256, RS384 and RS512");
  } else if (!oauth2.client_secret.empty() &&
             !oauth2.client_secret_file.empty()) {
    fields.error("client_secret_file",
                 "at most one of oauth2 client_secret, client_secret_file & "
                 "client_secret_ref must be configured using "
                 "grant-type=client_credentials");
  }
}

void read_oauth2(FileReader& file, const YamlNode& node, OAuth2& into) {
  Fields fields(file, node, "oauth2");
  fields.text("client_id", into.client_id);
  fields.secret("client_secret", into.client_secret);
  fields.path("client_secret_file", into.client_secret_file);
  refuse_reference(fields, "client_secret_ref");
  fields.text("grant_type", into.grant_type);
  fields.secret("client_certificate_key", into.client_certificate_key);
  fields.path("client_certificate_key_file", into.client_certificate_key_file);
  refuse_reference(fields, "client_certificate_key_ref");
  fields.text("client_certificate_key_id", into.client_certificate_key_id);
  fields.text("signature_algorithm", into.signature_algorithm);
  fields.text("iss", into.iss);
  fields.text("audience", into.audience);
  fields.map("claims", [&](const YamlNode& claims) {
    into.claims_json = to_json(claims);
  });
  fields.texts("scopes", into.scopes);
  fields.text("token_url", into.token_url);
  fields.text_pairs("endpoint_params", into.endpoint_params);
  read_tls(fields, "tls_config", into.tls);
  read_proxy(fields, into.proxy);
  fields.done();
  check_oauth2(fields, into);
}

void read_headers(Fields& fields, std::vector<HttpHeader>& into) {
  fields.map("http_headers", [&](const YamlNode& headers) {
    for (const auto& [name, value] : headers.pairs) {
      HttpHeader header;
      header.name = canonical_header(name->text);
      if (std::ranges::find(kReservedHeaders, header.name) !=
          kReservedHeaders.end())
        fields.file().error(
            *name, "setting header " + quote(header.name) + " is not allowed");
      Fields parts(fields.file(), *value, "http_headers");
      std::vector<std::string> secrets;
      parts.texts("values", header.values);
      parts.texts("secrets", secrets);
      parts.texts("files", header.files);
      parts.done();
      for (const std::string& secret : secrets)
        header.secrets.emplace_back(secret);
      for (std::string& path : header.files) path = fields.file().joined(path);
      into.push_back(std::move(header));
    }
  });
}

// The deprecated bearer_token becomes an authorization.
void read_bearer_token(Fields& fields, HttpClientConfig& into) {
  Secret token;
  std::string token_file;
  fields.secret("bearer_token", token);
  fields.path("bearer_token_file", token_file);
  if (token.empty() && token_file.empty()) return;
  const std::string_view key =
      token.empty() ? "bearer_token_file" : "bearer_token";
  if (!token.empty() && !token_file.empty())
    fields.error(key,
                 "at most one of bearer_token & bearer_token_file must be "
                 "configured");
  else if (into.basic_auth || into.oauth2)
    fields.error(key,
                 "at most one of basic_auth, oauth2, bearer_token & "
                 "bearer_token_file must be configured");
  else if (into.authorization)
    fields.error(key,
                 "authorization is not compatible with bearer_token & "
                 "bearer_token_file");
  else
    into.authorization = Authorization{.type = "Bearer",
                                       .credentials = std::move(token),
                                       .credentials_file = token_file};
}

}  // namespace

std::string canonical_header(std::string_view name) {
  std::string out;
  bool upper = true;
  for (const char c : name) {
    if (upper && c >= 'a' && c <= 'z') {
      out += static_cast<char>(c - 'a' + 'A');
    } else if (!upper && c >= 'A' && c <= 'Z') {
      out += static_cast<char>(c - 'A' + 'a');
    } else {
      out += c;
    }
    upper = c == '-';
  }
  return out;
}

void read_tls(Fields& fields, std::string_view key, TlsConfig& into) {
  fields.map(key, [&](const YamlNode& node) {
    Fields tls(fields.file(), node, key);
    tls.text("ca", into.ca);
    tls.path("ca_file", into.ca_file);
    tls.text("cert", into.cert);
    tls.path("cert_file", into.cert_file);
    tls.secret("key", into.key);
    tls.path("key_file", into.key_file);
    for (const char* reference : {"ca_ref", "cert_ref", "key_ref"})
      refuse_reference(tls, reference);
    tls.text("server_name", into.server_name);
    tls.flag("insecure_skip_verify", into.insecure_skip_verify);
    for (auto [name, version] : {std::pair("min_version", &into.min_version),
                                 std::pair("max_version", &into.max_version)}) {
      tls.text(name, *version);
      if (!version->empty() &&
          std::ranges::find(kTlsVersions, *version) == kTlsVersions.end())
        tls.error(name, "unknown TLS version: " + printable(*version));
    }
    tls.done();
    const bool has_cert = !into.cert.empty() || !into.cert_file.empty();
    const bool has_key = !into.key.empty() || !into.key_file.empty();
    if (!into.ca.empty() && !into.ca_file.empty())
      tls.error("ca_file",
                "at most one of ca, ca_file & ca_ref must be configured");
    if (!into.cert.empty() && !into.cert_file.empty())
      tls.error("cert_file",
                "at most one of cert, cert_file & cert_ref must be configured");
    if (!into.key.empty() && !into.key_file.empty())
      tls.error("key_file",
                "at most one of key and key_file must be configured");
    if (has_cert && !has_key)
      tls.error("cert_file",
                "exactly one of key or key_file must be configured when a "
                "client certificate is configured");
    if (has_key && !has_cert)
      tls.error("key_file",
                "exactly one of cert or cert_file must be configured when a "
                "client key is configured");
  });
}

void read_sigv4(Fields& fields, std::optional<SigV4>& into) {
  fields.map("sigv4", [&](const YamlNode& node) {
    SigV4& sigv4 = into.emplace();
    Fields parts(fields.file(), node, "sigv4");
    parts.text("region", sigv4.region);
    parts.text("access_key", sigv4.access_key);
    parts.secret("secret_key", sigv4.secret_key);
    parts.text("profile", sigv4.profile);
    parts.text("role_arn", sigv4.role_arn);
    parts.text("external_id", sigv4.external_id);
    parts.flag("use_fips_sts_endpoint", sigv4.use_fips_sts_endpoint);
    parts.done();
    if (sigv4.access_key.empty() != sigv4.secret_key.empty())
      parts.error("access_key",
                  "must provide a AWS SigV4 Access key and Secret Key if "
                  "credentials are specified in the SigV4 config");
  });
}

void read_http_client(Fields& fields, HttpClientConfig& into) {
  FileReader& file = fields.file();
  fields.map("basic_auth", [&](const YamlNode& node) {
    read_basic_auth(file, node, into.basic_auth.emplace());
  });
  fields.map("authorization", [&](const YamlNode& node) {
    read_authorization(file, node, into.authorization.emplace());
  });
  fields.map("oauth2", [&](const YamlNode& node) {
    read_oauth2(file, node, into.oauth2.emplace());
  });
  if (into.authorization && (into.basic_auth || into.oauth2))
    fields.error("authorization",
                 "at most one of basic_auth, oauth2 & authorization must be "
                 "configured");
  else if (into.basic_auth && into.oauth2)
    fields.error("oauth2",
                 "at most one of basic_auth, oauth2 & authorization must be "
                 "configured");
  read_bearer_token(fields, into);
  read_tls(fields, "tls_config", into.tls);
  read_proxy(fields, into.proxy);
  fields.flag("follow_redirects", into.follow_redirects);
  fields.flag("enable_http2", into.enable_http2);
  read_headers(fields, into.headers);
}

}  // namespace prom::config
