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

TlsOptions tls_options(const config::TlsConfig& tls) {
  return {.ca_file = tls.ca_file,
          .cert_file = tls.cert_file,
          .key_file = tls.key_file,
          .ca = tls.ca,
          .cert = tls.cert,
          .key = tls.key.reveal(),
          .server_name = tls.server_name,
          .insecure_skip_verify = tls.insecure_skip_verify,
          .min_version = tls.min_version,
          .max_version = tls.max_version};
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

}  // namespace

Result<Settings> settings(const config::HttpClientConfig& config) {
  if (config.oauth2)
    return fail(Code::kConfig, "oauth2: not available in this version");
  auto options = std::make_shared<ClientOptions>();
  options->tls = tls_options(config.tls);
  options->proxy_url = config.proxy.proxy_url;
  options->no_proxy = config.proxy.no_proxy;
  options->proxy_from_environment = config.proxy.from_environment;
  for (const auto& [name, values] : config.proxy.connect_headers)
    for (const Secret& value : values)
      options->proxy_headers.emplace_back(name, value.reveal());
  options->follow_redirects = config.follow_redirects;
  options->http2 = config.enable_http2;
  if (auto status = fill_authorization(config, *options); !status)
    return fail(std::move(status).error());
  auto headers = extra_headers(config.headers);
  if (!headers) return fail(std::move(headers).error());
  return Settings{std::move(options), std::move(*headers)};
}

}  // namespace prom::http
