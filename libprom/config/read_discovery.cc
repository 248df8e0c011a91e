#include <algorithm>
#include <array>

#include "libprom/base/utf8.h"
#include "libprom/config/sd/aws.h"
#include "libprom/config/sd/azure.h"
#include "libprom/config/sd/consul.h"
#include "libprom/config/sd/digitalocean.h"
#include "libprom/config/sd/dns.h"
#include "libprom/config/sd/docker.h"
#include "libprom/config/sd/eureka.h"
#include "libprom/config/sd/exec.h"
#include "libprom/config/sd/file.h"
#include "libprom/config/sd/gce.h"
#include "libprom/config/sd/hetzner.h"
#include "libprom/config/sd/http.h"
#include "libprom/config/sd/ionos.h"
#include "libprom/config/sd/kubernetes.h"
#include "libprom/config/sd/kuma.h"
#include "libprom/config/sd/linode.h"
#include "libprom/config/sd/marathon.h"
#include "libprom/config/sd/nomad.h"
#include "libprom/config/sd/oci.h"
#include "libprom/config/sd/openstack.h"
#include "libprom/config/sd/outscale.h"
#include "libprom/config/sd/ovhcloud.h"
#include "libprom/config/sd/puppetdb.h"
#include "libprom/config/sd/readers_internal.h"
#include "libprom/config/sd/scaleway.h"
#include "libprom/config/sd/stackit.h"
#include "libprom/config/sd/static.h"
#include "libprom/config/sd/triton.h"
#include "libprom/config/sd/uyuni.h"
#include "libprom/config/sd/vultr.h"
#include "libprom/config/sd/zookeeper.h"

namespace prom::config {
namespace {

// The settings of one element of the list.
using Reader = std::shared_ptr<const SdConfig> (*)(Fields&);

template <class Config>
std::shared_ptr<const SdConfig> read_as(Fields& fields) {
  auto config = std::make_shared<Config>();
  read_sd(fields, *config);
  return config;
}

struct Key {
  std::string_view name;
  Reader read = nullptr;
};

// The one place that knows what there is.  Static groups are read together.
constexpr std::string_view kStatic = "static_configs";
constexpr std::array kKeys = {
    Key{"aws_sd_configs", read_as<AwsSdConfig>},
    Key{"azure_sd_configs", read_as<AzureSdConfig>},
    Key{"consul_sd_configs", read_as<ConsulSdConfig>},
    Key{"digitalocean_sd_configs", read_as<DigitalOceanSdConfig>},
    Key{"dns_sd_configs", read_as<DnsSdConfig>},
    Key{"docker_sd_configs", read_as<DockerSdConfig>},
    Key{"dockerswarm_sd_configs", read_as<DockerswarmSdConfig>},
    Key{"ec2_sd_configs", read_as<Ec2SdConfig>},
    Key{"ecs_sd_configs", read_as<EcsSdConfig>},
    Key{"elasticache_sd_configs", read_as<ElasticacheSdConfig>},
    Key{"eureka_sd_configs", read_as<EurekaSdConfig>},
    Key{"exec_sd_configs", read_as<ExecSdConfig>},
    Key{"file_sd_configs", read_as<FileSdConfig>},
    Key{"gce_sd_configs", read_as<GceSdConfig>},
    Key{"hetzner_sd_configs", read_as<HetznerSdConfig>},
    Key{"http_sd_configs", read_as<HttpSdConfig>},
    Key{"ionos_sd_configs", read_as<IonosSdConfig>},
    Key{"kubernetes_sd_configs", read_as<KubernetesSdConfig>},
    Key{"kuma_sd_configs", read_as<KumaSdConfig>},
    Key{"lightsail_sd_configs", read_as<LightsailSdConfig>},
    Key{"linode_sd_configs", read_as<LinodeSdConfig>},
    Key{"marathon_sd_configs", read_as<MarathonSdConfig>},
    Key{"msk_sd_configs", read_as<MskSdConfig>},
    Key{"nerve_sd_configs", read_as<NerveSdConfig>},
    Key{"nomad_sd_configs", read_as<NomadSdConfig>},
    Key{"oci_sd_configs", read_as<OciSdConfig>},
    Key{"openstack_sd_configs", read_as<OpenstackSdConfig>},
    Key{"outscale_sd_configs", read_as<OutscaleSdConfig>},
    Key{"ovhcloud_sd_configs", read_as<OvhcloudSdConfig>},
    Key{"puppetdb_sd_configs", read_as<PuppetdbSdConfig>},
    Key{"rds_sd_configs", read_as<RdsSdConfig>},
    Key{"scaleway_sd_configs", read_as<ScalewaySdConfig>},
    Key{"serverset_sd_configs", read_as<ServersetSdConfig>},
    Key{"stackit_sd_configs", read_as<StackitSdConfig>},
    Key{"triton_sd_configs", read_as<TritonSdConfig>},
    Key{"uyuni_sd_configs", read_as<UyuniSdConfig>},
    Key{"vultr_sd_configs", read_as<VultrSdConfig>},
};

void check_static_targets(FileReader& file, const YamlNode& node,
                          const TargetGroup& group) {
  for (const Labels& target : group.targets) {
    const std::string_view address = target.get("__address__");
    if (address.find('/') != std::string_view::npos)
      file.error(node, quote(address) + " is not a valid hostname");
  }
}

}  // namespace

void read_target_group(FileReader& file, const YamlNode& node,
                       TargetGroup& into) {
  Fields fields(file, node, "target group");
  std::vector<std::string> targets;
  LocatedPairs labels;
  fields.texts("targets", targets);
  fields.located_pairs("labels", labels);
  fields.done();
  for (const std::string& target : targets) {
    if (!is_valid_utf8(target))
      fields.error("targets", quote(target) + " is not valid UTF-8");
    into.targets.push_back(Labels{{"__address__", target}});
  }
  std::vector<LabelView> views;
  for (const auto& [name, value] : labels) {
    if (!is_valid_label_name(name, NameValidation::kUtf8))
      fields.error("labels", quote(name) + " is not a valid label name");
    if (!is_valid_utf8(value.text))
      file.error(value.at, quote(value.text) + " is not a valid label value");
    views.push_back({name, value.text});
  }
  into.labels = Labels::from(std::move(views));
}

void read_discovery(Fields& fields, bool is_relabelled,
                    DiscoveryConfigs& into) {
  FileReader& file = fields.file();
  const auto each = [&](std::string_view key, const auto& read) {
    fields.each(key, [&](const YamlNode& node) {
      if (!node.is_null()) return read(node);
      file.error(node, "empty or null section in " + std::string(key));
    });
  };
  auto groups = std::make_shared<StaticSdConfig>();
  each(kStatic, [&](const YamlNode& node) {
    TargetGroup& group = groups->groups.emplace_back();
    group.source = std::to_string(groups->groups.size() - 1);
    read_target_group(file, node, group);
    if (!is_relabelled) check_static_targets(file, node, group);
  });
  if (!groups->groups.empty()) into.mechanisms.push_back(std::move(groups));
  for (const Key& key : kKeys) {
    each(key.name, [&](const YamlNode& node) {
      Fields settings(file, node, key.name.substr(0, key.name.size() - 1));
      into.mechanisms.push_back(key.read(settings));
      settings.done();
    });
  }
}

}  // namespace prom::config
