// gce_sd_configs: the instances of a zone of a Google Cloud project, with
// Google's application default credentials.
#include "libprom/config/sd/gce.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "libprom/base/json_writer.h"
#include "libprom/base/utf8.h"
#include "libprom/discover/api.h"
#include "libprom/discover/sd/bearer_internal.h"
#include "libprom/discover/sd/makers_internal.h"
#include "libprom/http/base64.h"
#include "libprom/http/rsa.h"
#include "libprom/http/target.h"
#include "libprom/model/labels.h"
#include "libprom/os/file.h"

namespace prom::discover {
namespace {

constexpr std::string_view kPrefix = "__meta_gce_";
constexpr const char* kScope =
    "https://www.googleapis.com/auth/compute.readonly";
constexpr const char* kTokenUrl = "https://oauth2.googleapis.com/token";
constexpr std::uint64_t kFileBytesMax = 1ULL << 20U;
constexpr std::int64_t kAssertionSeconds = 3600;

// What a service account says of itself to get a token (RFC 7523).
Result<std::string> assertion_of(const Json& account, const std::string& url,
                                 std::int64_t now_ms) {
  std::string header;
  JsonWriter(header)
      .begin_object()
      .key("alg")
      .string("RS256")
      .key("typ")
      .string("JWT")
      .key("kid")
      .string(account["private_key_id"].text())
      .end_object();
  std::string claims;
  JsonWriter(claims)
      .begin_object()
      .key("iss")
      .string(account["client_email"].text())
      .key("scope")
      .string(kScope)
      .key("aud")
      .string(url)
      .key("iat")
      .integer(now_ms / 1000)
      .key("exp")
      .integer(now_ms / 1000 + kAssertionSeconds)
      .end_object();
  std::string text = http::base64_url(header) + "." + http::base64_url(claims);
  const auto signature =
      http::sign_rsa(text, account["private_key"].text(), "");
  if (!signature) return fail(Error(signature.error()).in("private_key"));
  return text + "." + http::base64_url(*signature);
}

class Gce : public Poller {
 public:
  Gce(const config::GceSdConfig& config, Surroundings& around)
      : Poller(config.project + "/" + config.zone, config.refresh_interval_ms,
               around),
        config_(config),
        environment_(around.environment) {}

  [[nodiscard]] std::string_view name() const override { return "gce"; }

 protected:
  Task<Result<Groups>> poll() override {
    if (!token_.is_good(async().clock().wall_ms())) {
      Task<Result<BearerToken>> asking = find_token();
      Result<BearerToken> token = co_await asking;
      if (!token)
        co_return fail(std::move(token).error().in("Google credentials"));
      token_ = *std::move(token);
    }
    AnswerQuery query;
    if (!config_.filter.empty()) query.emplace_back("filter", config_.filter);
    http::Request request;
    request.url = config_.api_url + "/compute/v1/projects/" +
                  http::percent_encode(config_.project) + "/zones/" +
                  http::percent_encode(config_.zone) + "/instances";
    if (!query.empty()) request.url += "?" + to_query(query);
    request.timeout_ms = std::min(interval_ms(), kRequestMsMax);
    auto options = std::make_shared<http::ClientOptions>();
    options->proxy_from_environment = true;
    options->authorization = "Bearer " + token_.value.reveal();
    request.options = std::move(options);
    request.headers.emplace_back("User-Agent", "Prometheus/" PROM_VERSION);
    Task<Result<std::vector<Json>>> listing = fetch_pages(
        async(), std::move(request), "items",
        [query](const Page& page) -> std::optional<std::string> {
          const std::string token = page.body["nextPageToken"].text();
          if (token.empty()) return std::nullopt;
          AnswerQuery next = query;
          next.emplace_back("pageToken", token);
          return to_query(next);
        });
    const Result<std::vector<Json>> instances = co_await listing;
    if (!instances) {
      token_ = {};
      co_return fail(Error(instances.error())
                         .in("error retrieving refresh targets from gce"));
    }
    config::TargetGroup group;
    group.source = "GCE_" + config_.project + "_" + config_.zone;
    for (const Json& instance : *instances) add(instance, group.targets);
    Groups groups;
    groups.push_back(std::move(group));
    co_return groups;
  }

 private:
  using AnswerQuery = std::vector<std::pair<std::string, std::string>>;

  // The file that the environment names, that of the gcloud tool, or the
  // machine.
  Task<Result<BearerToken>> find_token() {
    std::string path = environment_("GOOGLE_APPLICATION_CREDENTIALS");
    const bool is_named = !path.empty();
    if (!is_named) {
      path = environment_("HOME") +
             "/.config/gcloud/application_default_credentials.json";
    }
    http::Request request;
    if (is_named || os::exists(path)) {
      const auto text = os::read_file(path, kFileBytesMax);
      if (!text) co_return fail(text.error());
      const auto account = Json::parse(*text);
      if (!account) co_return fail(Error(account.error()).in(path));
      auto made = request_of(*account);
      if (!made) co_return fail(std::move(made).error().in(path));
      request = *std::move(made);
    } else {
      std::string host = environment_("GCE_METADATA_HOST");
      if (host.empty()) host = "169.254.169.254";
      make_local(request);
      request.url = "http://" + host +
                    "/computeMetadata/v1/instance/service-accounts/default/"
                    "token?" +
                    to_query({{"scopes", kScope}});
      request.headers.emplace_back("Metadata-Flavor", "Google");
    }
    Task<Result<BearerToken>> asking = fetch_token(async(), std::move(request));
    Result<BearerToken> token = co_await asking;
    co_return token;
  }

  Result<http::Request> request_of(const Json& account) {
    AnswerQuery form;
    std::string url = kTokenUrl;
    const std::string type = account["type"].text();
    if (type == "service_account") {
      if (!account["token_uri"].text().empty())
        url = account["token_uri"].text();
      const auto assertion =
          assertion_of(account, url, async().clock().wall_ms());
      if (!assertion) return fail(assertion.error());
      form = {{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"},
              {"assertion", *assertion}};
    } else if (type == "authorized_user") {
      if (!account["token_uri"].text().empty())
        url = account["token_uri"].text();
      form = {{"grant_type", "refresh_token"},
              {"client_id", account["client_id"].text()},
              {"client_secret", account["client_secret"].text()},
              {"refresh_token", account["refresh_token"].text()}};
    } else {
      return fail(Code::kConfig,
                  "credentials of type " + quote(type) + " are not supported");
    }
    http::Request request{.method = "POST", .url = url};
    request.headers.emplace_back("Content-Type",
                                 "application/x-www-form-urlencoded");
    request.body = to_query(form);
    auto options = std::make_shared<http::ClientOptions>();
    options->proxy_from_environment = true;
    request.options = std::move(options);
    return request;
  }

  void add(const Json& instance, std::vector<Labels>& targets) const {
    const std::vector<Json> cards = instance["networkInterfaces"].items();
    if (cards.empty()) return;
    LabelsBuilder labels;
    const auto set = [&](std::string_view name, std::string_view value) {
      labels.set(std::string(kPrefix) + std::string(name), value);
    };
    const Json& first = cards.front();
    const std::string private_ip = first["networkIP"].text();
    labels.set("__address__", private_ip + ":" + std::to_string(config_.port));
    set("project", config_.project);
    set("zone", instance["zone"].text());
    const std::string id = instance["id"].printed();
    set("instance_id", id.empty() ? "0" : id);
    set("instance_name", instance["name"].text());
    set("instance_status", instance["status"].text());
    set("machine_type", instance["machineType"].text());
    set("network", first["network"].text());
    set("subnetwork", first["subnetwork"].text());
    set("private_ip", private_ip);
    for (const Json& card : cards)
      set("interface_ipv4_" + sanitized_label_name(card["name"].text()),
          card["networkIP"].text());
    std::vector<std::string> tags;
    for (const Json& tag : instance["tags"]["items"].items())
      tags.push_back(tag.text());
    set("tags", framed(tags, config_.tag_separator));
    for (const Json& item : instance["metadata"]["items"].items()) {
      if (!item["value"].is_null())
        set("metadata_" + sanitized_label_name(item["key"].text()),
            item["value"].text());
    }
    for (const auto& [key, value] : instance["labels"].members())
      set("label_" + sanitized_label_name(key), value.text());
    const Json access = first["accessConfigs"][0];
    if (access["type"].text() == "ONE_TO_ONE_NAT")
      set("public_ip", access["natIP"].text());
    targets.push_back(labels.build());
  }

  const config::GceSdConfig config_;
  const config::Environment environment_;
  BearerToken token_;
};

}  // namespace

Made make_gce(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<Gce>(static_cast<const config::GceSdConfig&>(config),
                               around);
}

}  // namespace prom::discover
