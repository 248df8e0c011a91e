#include <array>

#include "libprom/base/utf8.h"
#include "libprom/config/readers_internal.h"

namespace prom::config {
namespace {

// The one place that knows what there is and what is not there yet.
constexpr std::array<SdMechanism, 33> kMechanisms = {{
    {"aws_sd_configs"},         {"azure_sd_configs"},
    {"consul_sd_configs"},      {"digitalocean_sd_configs"},
    {"dns_sd_configs"},         {"docker_sd_configs"},
    {"dockerswarm_sd_configs"}, {"ec2_sd_configs"},
    {"eureka_sd_configs"},      {"file_sd_configs", true},
    {"gce_sd_configs"},         {"hetzner_sd_configs"},
    {"http_sd_configs", true},  {"ionos_sd_configs"},
    {"kubernetes_sd_configs"},  {"kuma_sd_configs"},
    {"lightsail_sd_configs"},   {"linode_sd_configs"},
    {"marathon_sd_configs"},    {"nerve_sd_configs"},
    {"nomad_sd_configs"},       {"oci_sd_configs"},
    {"openstack_sd_configs"},   {"outscale_sd_configs"},
    {"ovhcloud_sd_configs"},    {"puppetdb_sd_configs"},
    {"scaleway_sd_configs"},    {"serverset_sd_configs"},
    {"stackit_sd_configs"},     {"static_configs", true},
    {"triton_sd_configs"},      {"uyuni_sd_configs"},
    {"vultr_sd_configs"},
}};

const Regex& file_sd_pattern() {
  static const Regex regex =
      Regex::compile(R"([^*]*(\*[^/]*)?\.(json|yml|yaml|JSON|YML|YAML))")
          .value();
  return regex;
}

void read_file_sd(FileReader& file, const YamlNode& node, FileSdConfig& into) {
  Fields fields(file, node, "file_sd_config");
  fields.texts("files", into.files);
  fields.duration("refresh_interval", into.refresh_interval_ms);
  fields.done();
  if (into.files.empty())
    fields.error("files",
                 "file service discovery config must contain at least one "
                 "path name");
  for (std::string& path : into.files) {
    if (!file_sd_pattern().matches(path))
      fields.error("files", "path name " + quote(path) +
                                " is not valid for file discovery");
    path = file.joined(path);
  }
}

void read_http_sd(FileReader& file, const YamlNode& node, HttpSdConfig& into) {
  Fields fields(file, node, "http_sd_config");
  fields.url("url", into.url);
  fields.duration("refresh_interval", into.refresh_interval_ms);
  read_http_client(fields, into.http);
  fields.done();
  if (!fields.has("url")) fields.error("url", "URL is missing");
}

void check_static_targets(FileReader& file, const YamlNode& node,
                          const TargetGroup& group) {
  for (const Labels& target : group.targets) {
    const std::string_view address = target.get("__address__");
    if (address.find('/') != std::string_view::npos)
      file.error(node, quote(address) + " is not a valid hostname");
  }
}

}  // namespace

std::span<const SdMechanism> sd_mechanisms() {
  return kMechanisms;
}

std::string unavailable_message(const UnavailableSd& sd) {
  return sd.key + ": not available in this version";
}

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
  for (const SdMechanism& mechanism : sd_mechanisms()) {
    bool is_first = true;
    fields.each(mechanism.key, [&](const YamlNode& node) {
      if (node.is_null())
        return file.error(
            node, "empty or null section in " + std::string(mechanism.key));
      if (mechanism.key == "static_configs") {
        TargetGroup& group = into.static_groups.emplace_back();
        group.source = std::to_string(into.static_groups.size() - 1);
        read_target_group(file, node, group);
        if (!is_relabelled) check_static_targets(file, node, group);
      } else if (mechanism.key == "file_sd_configs") {
        read_file_sd(file, node, into.files.emplace_back());
      } else if (mechanism.key == "http_sd_configs") {
        read_http_sd(file, node, into.https.emplace_back());
      } else if (is_first) {
        into.unavailable.push_back(
            {std::string(mechanism.key), fields.at(mechanism.key)});
      }
      is_first = false;
    });
  }
}

}  // namespace prom::config
