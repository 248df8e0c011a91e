// outscale_sd_configs: the virtual machines of a region of Outscale.  Requests
// are signed as those to AWS are.  https://docs.outscale.com/api.html#readvms
#include "libprom/config/sd/outscale.h"

#include "libprom/base/json_writer.h"
#include "libprom/discover/api.h"
#include "libprom/discover/sd/makers_internal.h"
#include "libprom/http/sigv4.h"

namespace prom::discover {
namespace {

// What the vendor's own library signs for, whatever the region.
constexpr std::string_view kSignedRegion = "eu-west-2";
constexpr std::string_view kSignedService = "oapi";

std::optional<Labels> labels_of(const Json& vm,
                                const config::OutscaleSdConfig& config) {
  const std::string private_ip = vm["PrivateIp"].text();
  const std::string public_ip = vm["PublicIp"].text();
  const std::string& ip = private_ip.empty() ? public_ip : private_ip;
  if (ip.empty()) return std::nullopt;
  LabelsBuilder labels;
  const auto set = [&](std::string_view name, const std::string& value) {
    labels.set("__meta_outscale_vm_" + std::string(name), value);
  };
  labels.set("__address__", host_port(ip, config.port));
  set("instance_id", vm["VmId"].text());
  set("region", config.region);
  set("state", vm["State"].text());
  set("subregion", vm["Placement"]["SubregionName"].text());
  set("private_ip", private_ip);
  set("public_ip", public_ip);
  for (const Json& tag : vm["Tags"].items()) {
    const std::string key = tag["Key"].text();
    const std::string value = tag["Value"].text();
    if (key.empty() || value.empty()) continue;
    set("tag_" + sanitized_label_name(key), value);
  }
  return labels.build();
}

class Outscale : public Poller {
 public:
  Outscale(const config::OutscaleSdConfig& config, Surroundings& around)
      : Poller(http::safe_url(config.endpoint), config.refresh_interval_ms,
               around),
        config_(config) {}

  [[nodiscard]] std::string_view name() const override { return "outscale"; }

 protected:
  Task<Result<Groups>> poll() override {
    config::TargetGroup group;
    group.source = config_.region;
    std::string token;
    for (std::size_t page = 0; page < kPagesMax; ++page) {
      auto request = page_request(token);
      if (!request) co_return fail(std::move(request).error());
      Task<Result<Json>> fetch = fetch_json(async(), *std::move(request));
      const Result<Json> answer = co_await fetch;
      if (!answer) co_return fail(answer.error());
      if (!answer->is_object())
        co_return fail(Code::kBadData, "unexpected answer: no object");
      const auto vms = objects_of((*answer)["Vms"]);
      if (!vms) co_return fail(vms.error());
      for (const Json& vm : *vms) {
        if (auto labels = labels_of(vm, config_))
          group.targets.push_back(*std::move(labels));
      }
      if (group.targets.size() > kItemsMax) break;
      token = (*answer)["NextPageToken"].text();
      if (token.empty()) co_return Groups{std::move(group)};
    }
    co_return fail(Code::kLimit, "a list without an end");
  }

 private:
  // Asks for the page that `token` stands for; "": the first.
  Result<http::Request> page_request(const std::string& token) {
    auto key =
        config::resolve_secret(config_.secret_key, config_.secret_key_file);
    if (!key) return fail(std::move(key).error());
    auto request = api_request(config_.client, config_.endpoint + "/ReadVms",
                               interval_ms());
    if (!request) return request;
    request->method = "POST";
    request->headers.emplace_back("Content-Type", "application/json");
    request->body = "{}";
    if (!token.empty()) {
      request->body = R"({"NextPageToken":)";
      append_json_string(request->body, token);
      request->body += "}";
    }
    // The signature is the authorization.
    auto options = std::make_shared<http::ClientOptions>(*request->options);
    options->authorization.clear();
    options->user.clear();
    options->password.clear();
    options->oauth2.reset();
    request->options = std::move(options);
    const http::AwsKeys keys{.access_key = config_.access_key,
                             .secret_key = *std::move(key),
                             .session_token = {}};
    const http::AwsScope scope{.region = std::string(kSignedRegion),
                               .service = std::string(kSignedService)};
    if (auto ok =
            http::sign_v4(*request, keys, scope, async().clock().wall_ms());
        !ok)
      return fail(std::move(ok).error());
    return request;
  }

  const config::OutscaleSdConfig config_;
};

}  // namespace

Made make_outscale(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<Outscale>(
      static_cast<const config::OutscaleSdConfig&>(config), around);
}

}  // namespace prom::discover
