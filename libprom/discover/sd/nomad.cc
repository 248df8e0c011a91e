// nomad_sd_configs: the services that Nomad itself registers.
#include "libprom/config/sd/nomad.h"

#include "libprom/discover/api.h"
#include "libprom/discover/sd/makers_internal.h"
#include "libprom/http/target.h"

namespace prom::discover {
namespace {

class Nomad : public Poller {
 public:
  Nomad(const config::NomadSdConfig& config, Surroundings& around)
      : Poller(http::safe_url(config.server), config.refresh_interval_ms,
               around),
        config_(config),
        failures_(metrics().registry.counter(
            "prometheus_sd_nomad_failures_total",
            "Failed looks at the services of Nomad.")) {}

  [[nodiscard]] std::string_view name() const override { return "nomad"; }

 protected:
  Task<Result<Groups>> poll() override {
    config::TargetGroup group;
    group.source = "Nomad";
    Task<Result<Json>> list = get("/v1/services");
    const Result<Json> namespaces = co_await list;
    if (!namespaces) co_return fail(namespaces.error());
    for (const Json& space : namespaces->items()) {
      for (const Json& service : space["Services"].items()) {
        const std::string path =
            "/v1/service/" +
            http::percent_encode(service["ServiceName"].text());
        Task<Result<Json>> one = get(path);
        const Result<Json> instances = co_await one;
        if (!instances)
          co_return fail(
              Error(instances.error()).in("failed to fetch services"));
        for (const Json& instance : instances->items())
          group.targets.push_back(target(instance));
      }
    }
    Groups groups;
    groups.push_back(std::move(group));
    co_return groups;
  }

 private:
  Task<Result<Json>> get(std::string path) {
    std::string url = config_.server;
    while (url.ends_with('/')) url.pop_back();
    url += path + "?";
    if (!config_.namespace_name.empty())
      url += "namespace=" + http::percent_encode(config_.namespace_name) + "&";
    if (!config_.region.empty())
      url += "region=" + http::percent_encode(config_.region) + "&";
    if (config_.allow_stale) url += "stale=&";
    url.pop_back();
    Task<Result<Json>> fetch =
        fetch_json(async(), config_.client, url, interval_ms());
    Result<Json> answer = co_await fetch;
    // Go writes an empty list as null.
    if (answer && !answer->is_array() && !answer->is_null())
      answer = fail(Code::kBadData, "the answer is no list");
    if (!answer) failures_.add();
    co_return answer;
  }

  [[nodiscard]] Labels target(const Json& instance) const {
    const std::string address = instance["Address"].text();
    const std::string port = std::to_string(instance["Port"].integer());
    std::vector<std::string> tags;
    for (const Json& tag : instance["Tags"].items()) tags.push_back(tag.text());
    LabelsBuilder labels;
    labels.set("__address__", host_port(address, port))
        .set("__meta_nomad_address", address)
        .set("__meta_nomad_dc", instance["Datacenter"].text())
        .set("__meta_nomad_namespace", instance["Namespace"].text())
        .set("__meta_nomad_node_id", instance["NodeID"].text())
        .set("__meta_nomad_service", instance["ServiceName"].text())
        .set("__meta_nomad_service_address", address)
        .set("__meta_nomad_service_id", instance["ID"].text())
        .set("__meta_nomad_service_port", port)
        .set("__meta_nomad_tags", framed(tags, config_.tag_separator));
    return labels.build();
  }

  const config::NomadSdConfig config_;
  exposition::Counter& failures_;
};

}  // namespace

Made make_nomad(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<Nomad>(
      static_cast<const config::NomadSdConfig&>(config), around);
}

}  // namespace prom::discover
