#include "libprom/rules/alertmanagers.h"

#include <algorithm>

#include "libprom/config/load.h"
#include "libprom/config/sd/file.h"
#include "libprom/config/sd/static.h"
#include "libprom/os/file.h"

namespace prom::rules {
namespace {

constexpr std::string_view kApiPath = "/api/v2/alerts";

// "/" and the prefix without slashes at its ends, and the path of the API.
std::string alerts_path(std::string_view prefix) {
  while (prefix.starts_with('/')) prefix.remove_prefix(1);
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  std::string path = prefix.empty() ? "" : "/" + std::string(prefix);
  return path.append(kApiPath);
}

void add_groups(const std::string& path,
                std::vector<config::TargetGroup>& groups,
                std::vector<std::string>& problems) {
  auto loaded = config::load_file_sd(path);
  if (loaded) {
    groups.insert(groups.end(), loaded->begin(), loaded->end());
  } else {
    problems.push_back(config::to_error(loaded.error()).message);
  }
}

std::vector<config::TargetGroup> groups_of(
    const config::DiscoveryConfigs& discovery,
    std::vector<std::string>& problems) {
  std::vector<config::TargetGroup> groups;
  for (const auto& sd : discovery.mechanisms) {
    if (const auto* fixed =
            dynamic_cast<const config::StaticSdConfig*>(sd.get())) {
      groups.insert(groups.end(), fixed->groups.begin(), fixed->groups.end());
    } else if (const auto* files =
                   dynamic_cast<const config::FileSdConfig*>(sd.get())) {
      for (const std::string& pattern : files->files) {
        for (const std::string& path : os::glob(pattern))
          add_groups(path, groups, problems);
      }
    } else {
      problems.push_back(std::string(sd->mechanism()) +
                         "_sd_configs of alertmanagers is not available");
    }
  }
  return groups;
}

}  // namespace

std::vector<AlertmanagerTarget> alertmanager_targets(
    const config::AlertingConfig& config, std::vector<std::string>& problems) {
  std::vector<AlertmanagerTarget> targets;
  for (const config::AlertmanagerTargets& entry : config.alertmanagers) {
    std::vector<std::string> urls;
    for (const auto& group : groups_of(entry.discovery, problems)) {
      for (const Labels& target : group.targets) {
        LabelsBuilder labels(group.labels);
        for (const auto& [name, value] : target) labels.set(name, value);
        labels.set("__scheme__", entry.scheme);
        labels.set("__alerts_path__", alerts_path(entry.path_prefix));
        if (!relabel(labels, entry.relabel_configs)) continue;
        urls.push_back(std::string(labels.get("__scheme__")) + "://" +
                       std::string(labels.get("__address__")) +
                       std::string(labels.get("__alerts_path__")));
      }
    }
    std::ranges::sort(urls);
    const auto repeated = std::ranges::unique(urls);
    urls.erase(repeated.begin(), repeated.end());
    for (std::string& url : urls)
      targets.push_back({.url = std::move(url),
                         .timeout_ms = entry.timeout_ms,
                         .http = entry.http,
                         .alert_relabel_configs = entry.alert_relabel_configs});
  }
  return targets;
}

AlertmanagerTarget alertmanager_at(const std::string& url) {
  std::string base = url;
  while (base.ends_with('/')) base.pop_back();
  if (!base.ends_with(kApiPath)) base += kApiPath;
  return {.url = std::move(base), .http = {}, .alert_relabel_configs = {}};
}

}  // namespace prom::rules
