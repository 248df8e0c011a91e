// eureka_sd_configs: the instances of the applications that Eureka knows.
#include "libprom/config/sd/eureka.h"

#include "libprom/base/number.h"
#include "libprom/discover/api.h"
#include "libprom/discover/sd/makers_internal.h"
#include "libprom/discover/xml.h"

namespace prom::discover {
namespace {

// A number among white space, as an XML reader takes it.
std::string number(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return "0";
  const std::size_t end = text.find_last_not_of(" \t\r\n");
  return std::to_string(
      parse_int(text.substr(begin, end - begin + 1)).value_or(0));
}

void add_port(const Xml& port, const std::string& prefix,
              LabelsBuilder& labels) {
  if (port.is_null()) return;
  const std::string enabled = port.attribute("enabled");
  labels.set(prefix, number(port.text()));
  labels.set(prefix + "_enabled",
             enabled == "true" || enabled == "1" ? "true" : "false");
}

void add_metadata(const Xml& metadata, const std::string& prefix,
                  LabelsBuilder& labels) {
  for (const Xml& item : metadata.items())
    labels.set(prefix + sanitized_label_name(item.name()), item.text());
}

Labels target(const std::string& app, const Xml& instance) {
  constexpr struct {
    std::string_view label, element;
  } kTexts[] = {
      {"__meta_eureka_app_instance_hostname", "hostName"},
      {"__meta_eureka_app_instance_homepage_url", "homePageUrl"},
      {"__meta_eureka_app_instance_statuspage_url", "statusPageUrl"},
      {"__meta_eureka_app_instance_healthcheck_url", "healthCheckUrl"},
      {"__meta_eureka_app_instance_ip_addr", "ipAddr"},
      {"__meta_eureka_app_instance_vip_address", "vipAddress"},
      {"__meta_eureka_app_instance_secure_vip_address", "secureVipAddress"},
      {"__meta_eureka_app_instance_status", "status"},
      {"__meta_eureka_app_instance_id", "instanceId"},
      {"instance", "instanceId"},
  };
  LabelsBuilder labels;
  for (const auto& [label, element] : kTexts)
    labels.set(label, instance[element].text());
  const Xml port = instance["port"];
  labels.set("__address__",
             host_port(instance["hostName"].text(),
                       port.is_null() ? "80" : number(port.text())));
  labels.set("__meta_eureka_app_name", app);
  labels.set("__meta_eureka_app_instance_country_id",
             number(instance["countryId"].text()));
  add_port(port, "__meta_eureka_app_instance_port", labels);
  add_port(instance["securePort"], "__meta_eureka_app_instance_secure_port",
           labels);
  const Xml center = instance["dataCenterInfo"];
  labels.set("__meta_eureka_app_instance_datacenterinfo_name",
             center["name"].text());
  add_metadata(center["metadata"],
               "__meta_eureka_app_instance_datacenterinfo_metadata_", labels);
  add_metadata(instance["metadata"], "__meta_eureka_app_instance_metadata_",
               labels);
  return labels.build();
}

class Eureka : public Poller {
 public:
  Eureka(const config::EurekaSdConfig& config, Surroundings& around)
      : Poller(http::safe_url(config.server), config.refresh_interval_ms,
               around),
        config_(config) {}

  [[nodiscard]] std::string_view name() const override { return "eureka"; }

 protected:
  Task<Result<Groups>> poll() override {
    auto request =
        api_request(config_.client, config_.server + "/apps", interval_ms());
    if (!request) co_return fail(std::move(request).error());
    request->headers.emplace_back("Accept", "application/xml");
    Task<Result<http::Response>> fetch =
        fetch_good(async(), *std::move(request));
    const Result<http::Response> response = co_await fetch;
    if (!response) co_return fail(response.error());
    const Result<Xml> answer = Xml::parse(response->body);
    if (!answer) co_return fail(answer.error());
    config::TargetGroup group;
    group.source = "eureka";
    for (const Xml& app : answer->items("application")) {
      const std::string name = app["name"].text();
      for (const Xml& instance : app.items("instance"))
        group.targets.push_back(target(name, instance));
    }
    Groups groups;
    groups.push_back(std::move(group));
    co_return groups;
  }

 private:
  const config::EurekaSdConfig config_;
};

}  // namespace

Made make_eureka(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<Eureka>(
      static_cast<const config::EurekaSdConfig&>(config), around);
}

}  // namespace prom::discover
