// Loads configuration files.  Everything wrong in a file is found in one run:
// the failing side holds all errors, in the order of the file, each with its
// position and, where one is near, the name that may have been meant.
//
// Limits on every file: 16 MiB, nesting 100, 1 000 000 values with aliases
// counted each time they are used.  Thread-safe.
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/diagnostic.h"
#include "libprom/config/alertmanager.h"
#include "libprom/config/discovery.h"
#include "libprom/config/http_client.h"
#include "libprom/config/prometheus.h"
#include "libprom/config/rules.h"

namespace prom::config {

template <typename T>
using Loaded = std::expected<T, Diagnostics>;

// Where ${NAME} in external_labels comes from; tests give their own.
using Environment = std::function<std::string(const std::string& name)>;
std::string process_environment(const std::string& name);

// prometheus.yml with its scrape_config_files.
Loaded<PrometheusConfig> load_prometheus(
    const std::string& path,
    const Environment& environment = process_environment);
// The same from text; `path` names it in messages and anchors relative paths.
Loaded<PrometheusConfig> parse_prometheus(
    std::string_view text, const std::string& path,
    const Environment& environment = process_environment);

// One rule file.  Checks everything but expressions and templates.
Loaded<RuleFile> load_rules(const std::string& path,
                            NameValidation validation = NameValidation::kUtf8);
Loaded<RuleFile> parse_rules(std::string_view text, const std::string& path,
                             NameValidation validation = NameValidation::kUtf8);
// The same for a check that wants to report everything: what could be read is
// in `file`, also when there are errors.
struct ReadRules {
  RuleFile file;
  Diagnostics findings;  // errors when `failed`, else warnings
  bool failed = false;
};
ReadRules read_rules(const std::string& path,
                     NameValidation validation = NameValidation::kUtf8);
// The files that the patterns of rule_files match now, sorted.
std::vector<std::string> expand_rule_files(const PrometheusConfig& config);

Loaded<AlertmanagerConfig> load_alertmanager(const std::string& path);
Loaded<AlertmanagerConfig> parse_alertmanager(std::string_view text,
                                              const std::string& path);

// A file_sd file, YAML or JSON by its name's ending.  Sources are
// "<path>:<index>"; each target has __meta_filepath.
Loaded<std::vector<TargetGroup>> load_file_sd(const std::string& path);
// The answer of an HTTP discovery server, JSON.
Loaded<std::vector<TargetGroup>> parse_http_sd(std::string_view json,
                                               const std::string& url);

// A file that holds nothing but the HTTP options of a client, as promtool's
// --http.config.file takes it.
Loaded<HttpClientConfig> load_http_client(const std::string& path);

// All findings as one error, for tools that end on it: kConfig, or kMissing
// and the like when the file could not be read.
Error to_error(const Diagnostics& diagnostics);

}  // namespace prom::config
