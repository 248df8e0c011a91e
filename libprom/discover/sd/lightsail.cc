// lightsail_sd_configs: the instances of Amazon Lightsail in a region.
#include "libprom/base/json_writer.h"
#include "libprom/discover/sd/aws_internal.h"
#include "libprom/discover/sd/makers_internal.h"

namespace prom::discover {
namespace {

constexpr std::string_view kPrefix = "__meta_lightsail_";

class Lightsail : public AwsPoller {
 public:
  using AwsPoller::AwsPoller;

 protected:
  // Upstream reads the first page only.
  Task<Result<std::vector<Labels>>> find() override {
    std::vector<Labels> targets;
    std::string token;
    for (std::size_t page = 0; page < kPagesMax; ++page) {
      std::string body = "{}";
      if (!token.empty()) {
        body = "{\"pageToken\":";
        append_json_string(body, token);
        body += '}';
      }
      Task<Result<Json>> question = aws_.call(
          "lightsail", "Lightsail_20161128.GetInstances", std::move(body));
      Result<Json> answer = co_await question;
      if (!answer)
        co_return fail(std::move(answer).error().in("could not get instances"));
      for (const Json& instance : (*answer)["instances"].items())
        add(instance, targets);
      token = (*answer)["nextPageToken"].text();
      if (token.empty()) co_return targets;
    }
    co_return fail(Code::kLimit, "could not get instances: too many pages");
  }

 private:
  void add(const Json& instance, std::vector<Labels>& targets) const {
    const std::string private_ip = instance["privateIpAddress"].text();
    if (private_ip.empty()) return;
    LabelsBuilder labels;
    const auto set = [&](std::string_view name, std::string_view value) {
      labels.set(std::string(kPrefix) + std::string(name), value);
    };
    labels.set("__address__", host_port(private_ip, config_.port));
    set("private_ip", private_ip);
    set("region", aws_.region());
    set("availability_zone", instance["location"]["availabilityZone"].text());
    set("blueprint_id", instance["blueprintId"].text());
    set("bundle_id", instance["bundleId"].text());
    set("instance_name", instance["name"].text());
    set("instance_state", instance["state"]["name"].text());
    set("instance_support_code", instance["supportCode"].text());
    set("public_ip", instance["publicIpAddress"].text());
    std::vector<std::string> ipv6;
    for (const Json& address : instance["ipv6Addresses"].items())
      ipv6.push_back(address.text());
    set("ipv6_addresses", framed(ipv6, ","));
    add_aws_tags(labels, std::string(kPrefix) + "tag_", instance["tags"]);
    targets.push_back(labels.build());
  }
};

}  // namespace

Made make_lightsail(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<Lightsail>(
      static_cast<const config::AwsSdConfig&>(config), around);
}

}  // namespace prom::discover
