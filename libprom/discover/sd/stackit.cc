// stackit_sd_configs: the servers of a project of STACKIT.
// https://docs.api.eu01.stackit.cloud/documentation/iaas/version/v1
#include "libprom/config/sd/stackit.h"

#include <cstdlib>

#include "libprom/base/letters.h"
#include "libprom/discover/api.h"
#include "libprom/discover/sd/makers_internal.h"
#include "libprom/http/target.h"

namespace prom::discover {
namespace {

using config::Secret;

constexpr std::string_view kTokenUrl =
    "https://service-account.api.stackit.cloud/token";

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// A member, whatever the case of its name, as Go reads them.
Json member(const Json& object, std::string_view name) {
  for (auto& [key, value] : object.members()) {
    if (to_lower(key) == to_lower(name)) return value;
  }
  return {};
}

// The key that the service account's file does not hold, where it may be: in
// the settings, in the environment, in the file of credentials; "" when it is
// nowhere.
Result<Secret> private_key(const config::StackitSdConfig& config) {
  if (!config.private_key.empty() || !config.private_key_path.empty())
    return config::resolve_secret(config.private_key, config.private_key_path);
  const std::string path = environment("STACKIT_PRIVATE_KEY_PATH");
  const std::string key = environment("STACKIT_PRIVATE_KEY");
  if (!path.empty() || !key.empty())
    return config::resolve_secret(path.empty() ? Secret(key) : Secret(), path);
  std::string credentials_path = config.credentials_file_path;
  if (credentials_path.empty())
    credentials_path = environment("STACKIT_CREDENTIALS_PATH");
  if (credentials_path.empty())
    credentials_path = environment("HOME") + "/.stackit/credentials.json";
  const auto text = config::resolve_secret(Secret(), credentials_path);
  const auto credentials =
      text ? Json::parse(text->reveal()) : fail(Error(text.error()));
  if (!credentials) return Secret();
  const std::string named =
      member(*credentials, "STACKIT_PRIVATE_KEY_PATH").text();
  if (!named.empty()) return config::resolve_secret(Secret(), named);
  return Secret(member(*credentials, "STACKIT_PRIVATE_KEY").text());
}

// How the service account gets tokens.
Result<http::OAuth2Options> key_flow(const config::StackitSdConfig& config) {
  auto text = config::resolve_secret(config.service_account_key,
                                     config.service_account_key_path);
  if (!text) return fail(std::move(text).error());
  const auto account = Json::parse(text->reveal());
  if (!account) return fail(Error(account.error()).in("service_account_key"));
  const Json credentials = member(*account, "credentials");
  auto key = private_key(config);
  if (!key) return fail(std::move(key).error().in("private_key"));
  http::OAuth2Options options;
  options.client_id = member(credentials, "sub").text();
  options.assertion = {.key = key->empty()
                                  ? member(credentials, "privateKey").text()
                                  : key->reveal(),
                       .key_id = member(credentials, "kid").text(),
                       .algorithm = "RS512",
                       .issuer = member(credentials, "iss").text(),
                       .audience = member(credentials, "aud").text(),
                       .claims = {}};
  if (options.assertion.key.empty()) {
    return fail(Code::kConfig,
                "private key is not part of the service account key and could "
                "not be found");
  }
  options.token_url = config.token_url;
  if (options.token_url.empty())
    options.token_url = environment("STACKIT_TOKEN_BASEURL");
  if (options.token_url.empty())
    options.token_url = member(credentials, "tokenEndpoint").text();
  if (options.token_url.empty()) options.token_url = kTokenUrl;
  return options;
}

// Puts the service account in the place of other credentials.
Status authorize(const config::StackitSdConfig& config,
                 http::Request& request) {
  if (config.service_account_key.empty() &&
      config.service_account_key_path.empty())
    return {};
  auto flow = key_flow(config);
  if (!flow) return fail(std::move(flow).error());
  auto options = std::make_shared<http::ClientOptions>(*request.options);
  options->authorization.clear();
  options->user.clear();
  options->password.clear();
  options->oauth2.reset();
  flow->connection = std::make_shared<http::ClientOptions>(*options);
  options->oauth2 = std::make_shared<http::OAuth2Options>(*std::move(flow));
  request.options = std::move(options);
  return {};
}

std::optional<Labels> labels_of(const Json& server,
                                const config::StackitSdConfig& config) {
  LabelsBuilder labels;
  const auto set = [&](std::string_view name, const std::string& value) {
    labels.set("__meta_stackit_" + std::string(name), value);
  };
  std::string public_ip;
  std::string address;
  for (const Json& interface : server["nics"].items()) {
    if (public_ip.empty()) {
      public_ip = interface["publicIp"].text();
      if (!public_ip.empty()) address = public_ip;
    }
    const std::string ip = interface["ipv4"].text();
    if (ip.empty()) continue;
    set("private_ipv4_" + sanitized_label_name(interface["networkName"].text()),
        ip);
    if (address.empty()) address = ip;
  }
  if (address.empty()) return std::nullopt;
  labels.set("__address__", host_port(address, config.port));
  set("project", config.project);
  set("id", server["id"].text());
  set("name", server["name"].text());
  set("availability_zone", server["availabilityZone"].text());
  set("status", server["status"].text());
  set("power_status", server["powerStatus"].text());
  set("type", server["machineType"].text());
  set("public_ipv4", public_ip);
  for (const auto& [name, value] : server["labels"].members()) {
    // A text, which may be empty.
    if (value.is_null() || (value.text().empty() && value.dump() != "\"\""))
      continue;
    set("label_" + sanitized_label_name(name), value.text());
    set("labelpresent_" + sanitized_label_name(name), "true");
  }
  return labels.build();
}

class Stackit : public Poller {
 public:
  Stackit(const config::StackitSdConfig& config, Surroundings& around)
      : Poller(http::safe_url(endpoint_of(config)) + " " + config.project,
               config.refresh_interval_ms, around),
        config_(config) {}

  [[nodiscard]] std::string_view name() const override { return "stackit"; }

 protected:
  Task<Result<Groups>> poll() override {
    auto request = api_request(config_.client,
                               endpoint_of(config_) + "/v1/projects/" +
                                   http::percent_encode(config_.project) +
                                   "/servers?details=true",
                               interval_ms());
    if (!request) co_return fail(std::move(request).error());
    if (auto ok = authorize(config_, *request); !ok)
      co_return fail(std::move(ok).error());
    Task<Result<Json>> fetch = fetch_json(async(), *std::move(request));
    const Result<Json> answer = co_await fetch;
    if (!answer) co_return fail(answer.error());
    if (!answer->is_object())
      co_return fail(Code::kBadData, "unexpected answer: no object");
    const auto servers = objects_of((*answer)["items"]);
    if (!servers) co_return fail(servers.error());
    config::TargetGroup group;
    group.source = "stackit";
    for (const Json& server : *servers) {
      if (auto labels = labels_of(server, config_))
        group.targets.push_back(*std::move(labels));
    }
    co_return Groups{std::move(group)};
  }

 private:
  static std::string endpoint_of(const config::StackitSdConfig& config) {
    std::string endpoint =
        config.endpoint.empty()
            ? "https://iaas.api." + config.region + ".stackit.cloud"
            : config.endpoint;
    while (endpoint.ends_with('/')) endpoint.pop_back();
    return endpoint;
  }

  const config::StackitSdConfig config_;
};

}  // namespace

Made make_stackit(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<Stackit>(
      static_cast<const config::StackitSdConfig&>(config), around);
}

}  // namespace prom::discover
