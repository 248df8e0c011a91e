// triton_sd_configs: the containers or the compute nodes that a Container
// Monitor of Triton knows.  https://docs.tritondatacenter.com/
#include "libprom/config/sd/triton.h"

#include "libprom/discover/api.h"
#include "libprom/discover/sd/makers_internal.h"
#include "libprom/http/target.h"

namespace prom::discover {
namespace {

Labels container_labels(const Json& container) {
  LabelsBuilder labels;
  const auto set = [&](std::string_view name, const std::string& value) {
    labels.set("__meta_triton_" + std::string(name), value);
  };
  std::vector<std::string> groups;
  for (const Json& group : container["groups"].items())
    groups.push_back(group.text());
  set("machine_id", container["vm_uuid"].text());
  set("machine_alias", container["vm_alias"].text());
  set("machine_brand", container["vm_brand"].text());
  set("machine_image", container["vm_image_uuid"].text());
  set("server_id", container["server_uuid"].text());
  set("groups", framed(groups, ","));
  return labels.build();
}

Labels node_labels(const Json& node) {
  LabelsBuilder labels;
  labels.set("__meta_triton_machine_id", node["server_uuid"].text());
  labels.set("__meta_triton_machine_alias", node["server_hostname"].text());
  return labels.build();
}

std::string url_of(const config::TritonSdConfig& config) {
  const bool is_container = config.role == "container";
  std::string url = config.scheme + "://" + config.endpoint + ":" +
                    std::to_string(config.port) + "/v" +
                    std::to_string(config.version) +
                    (is_container ? "/discover" : "/gz/discover");
  std::string groups;
  for (const std::string& group : config.groups)
    groups += (groups.empty() ? "" : ",") + group;
  if (!config.groups.empty()) url += "?groups=" + http::percent_encode(groups);
  return url;
}

class Triton : public Poller {
 public:
  Triton(const config::TritonSdConfig& config, Surroundings& around)
      : Poller(http::safe_url(url_of(config)), config.refresh_interval_ms,
               around),
        config_(config) {}

  [[nodiscard]] std::string_view name() const override { return "triton"; }

 protected:
  Task<Result<Groups>> poll() override {
    const bool is_container = config_.role == "container";
    const std::string url = url_of(config_);
    Task<Result<Json>> fetch =
        fetch_json(async(), config_.client, url, interval_ms());
    const Result<Json> answer = co_await fetch;
    if (!answer) co_return fail(answer.error());
    if (!answer->is_object())
      co_return fail(Code::kBadData, "unexpected answer: no object");
    const auto all = objects_of((*answer)[is_container ? "containers" : "cns"]);
    if (!all) co_return fail(all.error());
    config::TargetGroup group;
    group.source = url;
    for (const Json& one : *all) {
      LabelsBuilder labels(is_container ? container_labels(one)
                                        : node_labels(one));
      labels.set("__address__",
                 std::string(labels.get("__meta_triton_machine_id")) + "." +
                     config_.dns_suffix + ":" + std::to_string(config_.port));
      group.targets.push_back(labels.build());
    }
    co_return Groups{std::move(group)};
  }

 private:
  const config::TritonSdConfig config_;
};

}  // namespace

Made make_triton(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<Triton>(
      static_cast<const config::TritonSdConfig&>(config), around);
}

}  // namespace prom::discover
