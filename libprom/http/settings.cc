#include "libprom/http/settings.h"

namespace prom::http {
namespace {

using config::resolve_secret;
using config::Secret;

Status fill_authorization(const config::HttpClientConfig& config,
                          ClientOptions& options) {
  if (config.basic_auth) {
    const config::BasicAuth& auth = *config.basic_auth;
    auto user = resolve_secret(Secret(auth.username), auth.username_file);
    if (!user) return fail(std::move(user).error().in("basic_auth"));
    auto password = resolve_secret(auth.password, auth.password_file);
    if (!password) return fail(std::move(password).error().in("basic_auth"));
    options.user = user->reveal();
    options.password = password->reveal();
  }
  if (config.authorization) {
    const config::Authorization& auth = *config.authorization;
    auto credentials = resolve_secret(auth.credentials, auth.credentials_file);
    if (!credentials)
      return fail(std::move(credentials).error().in("authorization"));
    if (!credentials->empty())
      options.authorization = auth.type + " " + credentials->reveal();
  }
  return {};
}

// The client's certificate and key go along as text: libcurl tells connections
// apart by them, so a new certificate is not kept waiting by old connections.
// The file of authorities is libcurl's to read, which keeps it parsed.
Result<TlsOptions> tls_options(const config::TlsConfig& tls) {
  auto cert = resolve_secret(Secret(tls.cert), tls.cert_file);
  if (!cert) return fail(std::move(cert).error().in("tls_config"));
  auto key = resolve_secret(tls.key, tls.key_file);
  if (!key) return fail(std::move(key).error().in("tls_config"));
  TlsOptions options;
  options.ca_file = tls.ca_file;
  options.ca = tls.ca;
  options.cert = cert->reveal();
  options.key = key->reveal();
  options.server_name = tls.server_name;
  options.insecure_skip_verify = tls.insecure_skip_verify;
  options.min_version = tls.min_version;
  options.max_version = tls.max_version;
  return options;
}

Result<std::vector<Header>> extra_headers(
    const std::vector<config::HttpHeader>& headers) {
  std::vector<Header> all;
  for (const config::HttpHeader& header : headers) {
    for (const std::string& value : header.values)
      all.emplace_back(header.name, value);
    for (const Secret& value : header.secrets)
      all.emplace_back(header.name, value.reveal());
    for (const std::string& file : header.files) {
      auto value = resolve_secret(Secret(), file);
      if (!value) return fail(std::move(value).error().in("http_headers"));
      all.emplace_back(header.name, value->reveal());
    }
  }
  return all;
}

void fill_proxy(const config::ProxyConfig& proxy, ClientOptions& options) {
  options.proxy_url = proxy.proxy_url;
  options.no_proxy = proxy.no_proxy;
  options.proxy_from_environment = proxy.from_environment;
  for (const auto& [name, values] : proxy.connect_headers)
    for (const Secret& value : values)
      options.proxy_headers.emplace_back(name, value.reveal());
}

Result<std::shared_ptr<const OAuth2Options>> oauth2_options(
    const config::OAuth2& oauth2) {
  // Anything that is not the other grant is this one, as upstream has it.
  const bool by_assertion = oauth2.grant_type == config::kAssertionGrant;
  auto secret =
      by_assertion
          ? resolve_secret(oauth2.client_certificate_key,
                           oauth2.client_certificate_key_file)
          : resolve_secret(oauth2.client_secret, oauth2.client_secret_file);
  if (!secret) return fail(std::move(secret).error().in("oauth2"));
  auto connection = std::make_shared<ClientOptions>();
  auto tls = tls_options(oauth2.tls);
  if (!tls) return fail(std::move(tls).error().in("oauth2"));
  connection->tls = *std::move(tls);
  fill_proxy(oauth2.proxy, *connection);
  auto options = std::make_shared<OAuth2Options>();
  options->client_id = oauth2.client_id;
  if (by_assertion) {
    if (secret->empty())
      return fail(Code::kConfig, "oauth2: no client_certificate_key");
    options->assertion = {.key = secret->reveal(),
                          .key_id = oauth2.client_certificate_key_id,
                          .algorithm = oauth2.signature_algorithm,
                          .issuer = oauth2.iss,
                          .audience = oauth2.audience,
                          .claims = oauth2.claims_json};
  } else {
    options->client_secret = secret->reveal();
  }
  options->token_url = oauth2.token_url;
  options->scopes = oauth2.scopes;
  options->endpoint_params = oauth2.endpoint_params;
  options->connection = std::move(connection);
  return options;
}

}  // namespace

Result<Settings> settings(const config::HttpClientConfig& config) {
  auto options = std::make_shared<ClientOptions>();
  auto tls = tls_options(config.tls);
  if (!tls) return fail(std::move(tls).error());
  options->tls = *std::move(tls);
  fill_proxy(config.proxy, *options);
  if (config.oauth2) {
    auto oauth2 = oauth2_options(*config.oauth2);
    if (!oauth2) return fail(std::move(oauth2).error());
    options->oauth2 = *std::move(oauth2);
  }
  options->follow_redirects = config.follow_redirects;
  options->http2 = config.enable_http2;
  if (auto status = fill_authorization(config, *options); !status)
    return fail(std::move(status).error());
  auto headers = extra_headers(config.headers);
  if (!headers) return fail(std::move(headers).error());
  return Settings{std::move(options), std::move(*headers)};
}

}  // namespace prom::http
