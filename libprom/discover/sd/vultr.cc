// vultr_sd_configs: the instances of an account.
// https://www.vultr.com/api/#operation/list-instances
#include "libprom/config/sd/vultr.h"

#include "libprom/discover/api.h"
#include "libprom/discover/sd/makers_internal.h"

namespace prom::discover {
namespace {

constexpr std::string_view kPerPage = "100";

struct Member {
  std::string_view label, name;
};

Labels labels_of(const Json& instance, std::int64_t port) {
  static constexpr Member kTexts[] = {
      {"id", "id"},
      {"label", "label"},
      {"os", "os"},
      {"region", "region"},
      {"plan", "plan"},
      {"main_ip", "main_ip"},
      {"main_ipv6", "v6_main_ip"},
      {"internal_ip", "internal_ip"},
      {"hostname", "hostname"},
      {"server_status", "server_status"},
  };
  static constexpr Member kNumbers[] = {
      {"os_id", "os_id"},  {"vcpu_count", "vcpu_count"},
      {"ram_mb", "ram"},   {"allowed_bandwidth_gb", "allowed_bandwidth"},
      {"disk_gb", "disk"},
  };
  LabelsBuilder labels;
  const auto set = [&](std::string_view name, const std::string& value) {
    labels.set("__meta_vultr_instance_" + std::string(name), value);
  };
  labels.set("__address__", host_port(instance["main_ip"].text(), port));
  for (const Member& member : kTexts)
    set(member.label, instance[member.name].text());
  for (const Member& member : kNumbers)
    set(member.label, std::to_string(instance[member.name].integer()));
  for (const std::string_view list : {"features", "tags"}) {
    std::vector<std::string> texts;
    for (const Json& item : instance[list].items())
      texts.push_back(item.text());
    set(list, framed(texts, ","));
  }
  return labels.build();
}

std::optional<std::string> next_page(const Page& page) {
  const std::string cursor = page.body["meta"]["links"]["next"].text();
  if (cursor.empty()) return std::nullopt;
  return to_query({{"cursor", cursor}, {"per_page", std::string(kPerPage)}});
}

class Vultr : public Poller {
 public:
  Vultr(const config::VultrSdConfig& config, Surroundings& around)
      : Poller(http::safe_url(config.api_url), config.refresh_interval_ms,
               around),
        config_(config) {}

  [[nodiscard]] std::string_view name() const override { return "vultr"; }

 protected:
  Task<Result<Groups>> poll() override {
    const std::string url =
        config_.api_url + "/v2/instances?per_page=" + std::string(kPerPage);
    auto request = api_request(config_.client, url, interval_ms());
    if (!request) co_return fail(std::move(request).error());
    Task<Result<std::vector<Json>>> fetch =
        fetch_pages(async(), *std::move(request), "instances", next_page);
    const Result<std::vector<Json>> instances = co_await fetch;
    if (!instances) co_return fail(instances.error());
    config::TargetGroup group;
    group.source = "Vultr";
    for (const Json& instance : *instances)
      group.targets.push_back(labels_of(instance, config_.port));
    co_return Groups{std::move(group)};
  }

 private:
  const config::VultrSdConfig config_;
};

}  // namespace

Made make_vultr(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<Vultr>(
      static_cast<const config::VultrSdConfig&>(config), around);
}

}  // namespace prom::discover
