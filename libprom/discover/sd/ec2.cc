// ec2_sd_configs: the machines of a region, from EC2's Query API.
#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "libprom/base/number.h"
#include "libprom/discover/sd/aws_internal.h"
#include "libprom/discover/sd/makers_internal.h"

namespace prom::discover {
namespace {

constexpr std::string_view kPrefix = "__meta_ec2_";
constexpr const char* kVersion = "2016-11-15";
// More network cards than this no machine has.
constexpr std::int64_t kDevicesMax = 1000;

constexpr std::array kFields = {
    AwsField{"instance_id", "instanceId"},
    AwsField{"private_ip", "privateIpAddress"},
    AwsField{"private_dns_name", "privateDnsName"},
    AwsField{"platform", "platform"},
    AwsField{"public_ip", "ipAddress"},
    AwsField{"ami", "imageId"},
    AwsField{"availability_zone", "placement/availabilityZone"},
    AwsField{"instance_state", "instanceState/name"},
    AwsField{"instance_type", "instanceType"},
    AwsField{"instance_lifecycle", "instanceLifecycle"},
    AwsField{"architecture", "architecture"},
    AwsField{"vpc_id", "vpcId"},
};

struct Ipv6Addresses {
  // By the index of the network card; "" where it has no primary one.
  std::vector<std::string> primary;
  std::vector<std::string> all;

  // The first primary one, else the first; "" without any.
  [[nodiscard]] std::string usual() const {
    for (const auto* list : {&primary, &all}) {
      for (const std::string& address : *list) {
        if (!address.empty()) return address;
      }
    }
    return "";
  }
};

Ipv6Addresses ipv6_addresses(const Xml& instance) {
  Ipv6Addresses found;
  if (instance["vpcId"].is_null()) return found;
  for (const Xml& card : instance["networkInterfaceSet"].items()) {
    if (card["subnetId"].is_null()) continue;
    const std::int64_t device =
        parse_int(card["attachment"]["deviceIndex"].text()).value_or(0);
    for (const Xml& item : card["ipv6AddressesSet"].items()) {
      const std::string address = item["ipv6Address"].text();
      found.all.push_back(address);
      if (item["isPrimaryIpv6"].text() != "true" || device < 0 ||
          device > kDevicesMax)
        continue;
      const auto index = static_cast<std::size_t>(device);
      if (found.primary.size() <= index) found.primary.resize(index + 1);
      found.primary[index] = address;
    }
  }
  return found;
}

// Of its network cards, each once.
std::vector<std::string> subnets(const Xml& instance) {
  std::vector<std::string> ids;
  for (const Xml& card : instance["networkInterfaceSet"].items()) {
    const std::string id = card["subnetId"].text();
    if (!id.empty() && std::ranges::find(ids, id) == ids.end())
      ids.push_back(id);
  }
  return ids;
}

class Ec2 : public AwsPoller {
 public:
  using AwsPoller::AwsPoller;

 protected:
  Task<Result<std::vector<Labels>>> find() override {
    if (!zone_ids_) {
      Task<bool> naming = find_zones();
      co_await naming;
    }
    AwsParameters form = {{"Action", "DescribeInstances"},
                          {"Version", kVersion}};
    int number = 0;
    for (const auto& [name, values] : config_.filters) {
      const std::string key = "Filter." + std::to_string(++number);
      form.emplace_back(key + ".Name", name);
      int place = 0;
      for (const std::string& value : values)
        form.emplace_back(key + ".Value." + std::to_string(++place), value);
    }
    std::vector<Labels> targets;
    Task<Status> listing = aws_.query_pages(
        "ec2", std::move(form), "NextToken",
        [this, &targets](const Xml& page) { return take(page, targets); });
    Status status = co_await listing;
    if (!status) {
      co_return fail(
          std::move(status).error().in("could not describe instances"));
    }
    co_return targets;
  }

 private:
  // Zones that are added later are known after a reload, as upstream.  May
  // fail: then the label is missing.
  Task<bool> find_zones() {
    Task<Result<Xml>> question = aws_.query(
        "ec2",
        {{"Action", "DescribeAvailabilityZones"}, {"Version", kVersion}});
    const Result<Xml> answer = co_await question;
    if (!answer) co_return false;
    zone_ids_.emplace();
    for (const Xml& zone : (*answer)["availabilityZoneInfo"].items())
      zone_ids_->emplace(zone["zoneName"].text(), zone["zoneId"].text());
    co_return true;
  }

  std::string take(const Xml& page, std::vector<Labels>& targets) const {
    for (const Xml& reservation : page["reservationSet"].items()) {
      for (const Xml& instance : reservation["instancesSet"].items())
        add(instance, reservation["ownerId"].text(), targets);
    }
    return page["nextToken"].text();
  }

  void add(const Xml& instance, const std::string& owner,
           std::vector<Labels>& targets) const {
    const Ipv6Addresses ipv6 = ipv6_addresses(instance);
    const std::string private_ip = instance["privateIpAddress"].text();
    const std::string address = private_ip.empty() ? ipv6.usual() : private_ip;
    if (address.empty()) return;
    LabelsBuilder labels;
    const auto set = [&](std::string_view name, std::string_view value) {
      labels.set(std::string(kPrefix) + std::string(name), value);
    };
    labels.set("__address__", host_port(address, config_.port));
    add_aws_fields(labels, kPrefix, kFields, instance);
    set("region", aws_.region());
    set("owner_id", owner);
    set("default_ipv6_address", ipv6.usual());
    set("primary_ipv6_addresses", framed(ipv6.primary, ","));
    set("ipv6_addresses", framed(ipv6.all, ","));
    if (!instance["ipAddress"].is_null())
      set("public_dns_name", instance["dnsName"].text());
    if (zone_ids_) {
      const auto zone =
          zone_ids_->find(instance["placement"]["availabilityZone"].text());
      if (zone != zone_ids_->end()) set("availability_zone_id", zone->second);
    }
    if (!instance["vpcId"].is_null()) {
      set("primary_subnet_id", instance["subnetId"].text());
      set("subnet_id", framed(subnets(instance), ",", ",,"));
    }
    add_aws_tags(labels, std::string(kPrefix) + "tag_", instance["tagSet"],
                 "key", "value");
    targets.push_back(labels.build());
  }

  std::optional<std::map<std::string, std::string>> zone_ids_;
};

}  // namespace

Made make_ec2(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<Ec2>(static_cast<const config::AwsSdConfig&>(config),
                               around);
}

}  // namespace prom::discover
