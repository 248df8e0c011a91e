#include <array>
#include <memory>

#include "libprom/base/utf8.h"
#include "libprom/discover/api.h"
#include "libprom/discover/sd/azure_token_internal.h"
#include "libprom/http/target.h"
#include "libprom/os/file.h"

namespace prom::discover {
namespace {

constexpr std::uint64_t kTokenFileBytesMax = 1ULL << 20U;

struct NamedCloud {
  std::string_view name, login, audience, management;
};
constexpr std::string_view kPublicLogin = "https://login.microsoftonline.com";
constexpr std::string_view kPublicAudience =
    "https://management.core.windows.net/";
constexpr std::string_view kPublicManagement = "https://management.azure.com";
constexpr NamedCloud kGovernment = {"AZUREUSGOVERNMENT",
                                    "https://login.microsoftonline.us",
                                    "https://management.core.usgovcloudapi.net",
                                    "https://management.usgovcloudapi.net"};
constexpr std::array kClouds = {
    NamedCloud{"AZURECHINACLOUD", "https://login.chinacloudapi.cn",
               "https://management.core.chinacloudapi.cn",
               "https://management.chinacloudapi.cn"},
    NamedCloud{"AZURECLOUD", kPublicLogin, kPublicAudience, kPublicManagement},
    NamedCloud{"AZUREGERMANCLOUD", kPublicLogin, kPublicAudience,
               kPublicManagement},
    NamedCloud{"AZUREPUBLICCLOUD", kPublicLogin, kPublicAudience,
               kPublicManagement},
    kGovernment,
    NamedCloud{"AZUREUSGOVERNMENTCLOUD", kGovernment.login,
               kGovernment.audience, kGovernment.management},
};

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

using Form = std::vector<std::pair<std::string, std::string>>;

http::Request login_request(std::string login_url, const std::string& tenant,
                            const Form& form) {
  while (login_url.ends_with('/')) login_url.pop_back();
  http::Request request{.method = "POST",
                        .url = login_url + "/" + http::percent_encode(tenant) +
                               "/oauth2/v2.0/token"};
  request.headers.emplace_back("Content-Type",
                               "application/x-www-form-urlencoded");
  request.body = to_query(form);
  auto options = std::make_shared<http::ClientOptions>();
  options->proxy_from_environment = true;
  request.options = std::move(options);
  return request;
}

http::Request secret_request(const AzureCloud& cloud, const std::string& tenant,
                             const std::string& client,
                             const std::string& secret) {
  return login_request(cloud.login_url, tenant,
                       {{"grant_type", "client_credentials"},
                        {"client_id", client},
                        {"client_secret", secret},
                        {"scope", cloud.audience + "/.default"}});
}

// The identity that the platform gives to the machine or to the app.
http::Request machine_request(const AzureCloud& cloud,
                              const config::AzureSdConfig& config,
                              const config::Environment& environment) {
  const std::string endpoint = environment("IDENTITY_ENDPOINT");
  const std::string header = environment("IDENTITY_HEADER");
  const bool is_app = !endpoint.empty() && !header.empty();
  Form query = {{"api-version", is_app ? "2019-08-01" : "2018-02-01"},
                {"resource", cloud.audience}};
  if (!config.client_id.empty() && config.authentication_method != "SDK")
    query.emplace_back("client_id", config.client_id);
  http::Request request;
  make_local(request);
  request.url =
      (is_app ? endpoint
              : config.metadata_url + "/metadata/identity/oauth2/token") +
      "?" + to_query(query);
  if (is_app) {
    request.headers.emplace_back("X-IDENTITY-HEADER", header);
  } else {
    request.headers.emplace_back("Metadata", "true");
  }
  return request;
}

// The token of a Kubernetes service account that Azure trusts.
Result<http::Request> federated_request(
    const AzureCloud& cloud, const config::Environment& environment) {
  const std::string file = environment("AZURE_FEDERATED_TOKEN_FILE");
  const std::string client = environment("AZURE_CLIENT_ID");
  const std::string tenant = environment("AZURE_TENANT_ID");
  if (file.empty() || client.empty() || tenant.empty()) {
    return fail(Code::kConfig,
                "AZURE_CLIENT_ID, AZURE_TENANT_ID and "
                "AZURE_FEDERATED_TOKEN_FILE must be set");
  }
  auto assertion = os::read_file(file, kTokenFileBytesMax);
  if (!assertion) return fail(std::move(assertion).error());
  assertion->erase(assertion->find_last_not_of(" \t\r\n") + 1);
  std::string login = environment("AZURE_AUTHORITY_HOST");
  if (login.empty()) login = cloud.login_url;
  return login_request(
      login, tenant,
      {{"grant_type", "client_credentials"},
       {"client_id", client},
       {"client_assertion_type",
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
       {"client_assertion", *assertion},
       {"scope", cloud.audience + "/.default"}});
}

Result<http::Request> token_request(const AzureCloud& cloud,
                                    const config::AzureSdConfig& config,
                                    const config::Environment& environment) {
  const std::string& method = config.authentication_method;
  if (method == "OAuth") {
    return secret_request(cloud, config.tenant_id, config.client_id,
                          config.client_secret.reveal());
  }
  if (method == "ManagedIdentity")
    return machine_request(cloud, config, environment);
  if (method == "WorkloadIdentity")
    return federated_request(cloud, environment);
  const std::string secret = environment("AZURE_CLIENT_SECRET");
  if (!secret.empty()) {
    return secret_request(cloud, environment("AZURE_TENANT_ID"),
                          environment("AZURE_CLIENT_ID"), secret);
  }
  if (!environment("AZURE_FEDERATED_TOKEN_FILE").empty())
    return federated_request(cloud, environment);
  return machine_request(cloud, config, environment);
}

}  // namespace

Result<AzureCloud> azure_cloud(const config::AzureSdConfig& config) {
  const std::string name = upper(config.environment);
  for (const NamedCloud& named : kClouds) {
    if (named.name != name) continue;
    AzureCloud cloud{.login_url = std::string(named.login),
                     .audience = std::string(named.audience),
                     .management_url = std::string(named.management)};
    if (!config.login_url.empty()) cloud.login_url = config.login_url;
    if (!config.management_url.empty())
      cloud.management_url = config.management_url;
    return cloud;
  }
  return fail(
      Code::kConfig,
      "there is no cloud configuration matching the name " + quote(name));
}

Task<Result<BearerToken>> fetch_azure_token(
    Async& async, const config::AzureSdConfig& config,
    const config::Environment& environment, AzureCloud cloud) {
  auto request = token_request(cloud, config, environment);
  if (!request) co_return fail(std::move(request).error());
  Task<Result<BearerToken>> asking = fetch_token(async, *std::move(request));
  Result<BearerToken> token = co_await asking;
  co_return token;
}

}  // namespace prom::discover
