// Where alerts go: the Alertmanagers of a configuration, as URLs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libprom/base/diagnostic.h"
#include "libprom/config/prometheus.h"

namespace prom::rules {

struct AlertmanagerTarget {
  std::string url;  // with /api/v2/alerts; may not hold credentials
  std::int64_t timeout_ms = 10'000;
  config::HttpClientConfig http;
  RelabelConfigs alert_relabel_configs;
};

// Targets of all entries, by URL, without duplicates within an entry.  Reads
// the files of file_sd_configs; `problems` receives what cannot be read and
// mechanisms that are not available.
std::vector<AlertmanagerTarget> alertmanager_targets(
    const config::AlertingConfig& config, std::vector<std::string>& problems);

// For --alerts URL.
AlertmanagerTarget alertmanager_at(const std::string& url);

}  // namespace prom::rules
