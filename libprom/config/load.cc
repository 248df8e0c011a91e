#include "libprom/config/load.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "libprom/base/utf8.h"
#include "libprom/config/readers_internal.h"
#include "libprom/config/rule_tests_internal.h"
#include "libprom/os/file.h"

namespace prom::config {
namespace {

// check_id of a finding that is about reading the file, not its content.
constexpr std::string_view kMissingId = "file-missing";
constexpr std::string_view kPermissionId = "file-permission";
constexpr std::string_view kUnreadableId = "file-unreadable";

Diagnostic unreadable(const Error& error) {
  Diagnostic finding;
  finding.message = error.message;
  finding.check_id = error.code == Code::kMissing      ? kMissingId
                     : error.code == Code::kPermission ? kPermissionId
                                                       : kUnreadableId;
  return finding;
}

Loaded<std::string> read_text(const std::string& path) {
  auto text = os::read_file(path, kYamlBytesMax);
  if (!text) return std::unexpected(Diagnostics{unreadable(text.error())});
  return std::move(*text);
}

// Parses `text` and lets `read` fill in a configuration.
template <typename Read>
Diagnostics read_yaml(std::string_view text, FileReader& file, Read read) {
  auto document = parse_yaml(text);
  if (!document) {
    file.add({document.error()});
  } else {
    file.add(document->errors);
    read(*document);
  }
  return file.take_findings();
}

// Names of jobs and the files that they were first found in.
using FirstFiles = std::map<std::string, std::string>;

// Those from the job numbered `first` on, which `path` brought.
void check_job_names(const PrometheusConfig& config, std::size_t first,
                     const std::string& path, FirstFiles& first_file,
                     FileReader& file) {
  const std::string here = quote(path);
  for (std::size_t i = first; i < config.scrape_configs.size(); ++i) {
    const ScrapeConfig& job = config.scrape_configs[i];
    const auto [known, is_new] = first_file.emplace(job.job_name, here);
    if (!is_new && known->second != here)
      file.error(job.at, "found multiple scrape configs with job name " +
                             quote(job.job_name) + ", first found in " +
                             known->second);
  }
}

// Jobs of the files that scrape_config_files match now.
void load_scrape_config_files(PrometheusConfig& config, Diagnostics& findings,
                              bool& failed) {
  FirstFiles first_file;
  for (const ScrapeConfig& job : config.scrape_configs)
    first_file.emplace(job.job_name, "main config file");
  for (const std::string& pattern : config.scrape_config_files) {
    for (const std::string& path : os::glob(pattern)) {
      config.files_read.push_back(path);
      auto text = read_text(path);
      if (!text) {
        failed = true;
        std::ranges::move(text.error(), std::back_inserter(findings));
        continue;
      }
      FileReader file(path, *text);
      const std::size_t first = config.scrape_configs.size();
      auto found = read_yaml(*text, file, [&](const YamlDocument& document) {
        read_scrape_config_file(file, *document.root, config);
        check_job_names(config, first, path, first_file, file);
      });
      failed = failed || file.failed();
      std::ranges::move(found, std::back_inserter(findings));
    }
  }
}

}  // namespace

Loaded<PrometheusConfig> parse_prometheus(std::string_view text,
                                          const std::string& path,
                                          const Environment& environment) {
  PrometheusConfig config;
  config.file = path;
  config.files_read.push_back(path);
  FileReader file(path, text);
  Diagnostics findings =
      read_yaml(text, file, [&](const YamlDocument& document) {
        read_prometheus(file, *document.root, environment, config);
      });
  bool failed = file.failed();
  load_scrape_config_files(config, findings, failed);
  if (failed) return std::unexpected(std::move(findings));
  config.warnings = std::move(findings);
  return config;
}

Loaded<PrometheusConfig> load_prometheus(const std::string& path,
                                         const Environment& environment) {
  auto text = read_text(path);
  if (!text) return std::unexpected(std::move(text).error());
  return parse_prometheus(*text, path, environment);
}

namespace {

ReadRules read_rules_of(std::string_view text, const std::string& path,
                        NameValidation validation) {
  ReadRules read;
  read.file.path = path;
  read.file.text = text;
  FileReader file(path, text);
  read.findings = read_yaml(text, file, [&](const YamlDocument& document) {
    read_rule_file(file, *document.root, validation, read.file);
    if (document.has_more_documents)
      file.warn({0, 0},
                "several YAML documents in a rule file are not "
                "supported: only the first one is read");
  });
  read.failed = file.failed();
  return read;
}

}  // namespace

ReadRules read_rules(const std::string& path, NameValidation validation) {
  auto text = read_text(path);
  if (text) return read_rules_of(*text, path, validation);
  ReadRules unread;
  unread.file.path = path;
  unread.findings = std::move(text).error();
  unread.failed = true;
  return unread;
}

Loaded<RuleFile> parse_rules(std::string_view text, const std::string& path,
                             NameValidation validation) {
  ReadRules read = read_rules_of(text, path, validation);
  if (read.failed) return std::unexpected(std::move(read.findings));
  read.file.warnings = std::move(read.findings);
  return std::move(read.file);
}

Loaded<RuleFile> load_rules(const std::string& path,
                            NameValidation validation) {
  auto text = read_text(path);
  if (!text) return std::unexpected(std::move(text).error());
  return parse_rules(*text, path, validation);
}

Loaded<RuleTestFile> load_rule_tests(const std::string& path) {
  auto text = read_text(path);
  if (!text) return std::unexpected(std::move(text).error());
  RuleTestFile tests;
  tests.path = path;
  FileReader file(path, *text);
  Diagnostics findings =
      read_yaml(*text, file, [&](const YamlDocument& document) {
        read_rule_tests(file, *document.root, tests);
      });
  if (file.failed()) return std::unexpected(std::move(findings));
  tests.warnings = std::move(findings);
  return tests;
}

std::vector<std::string> expand_rule_files(const PrometheusConfig& config) {
  std::vector<std::string> paths;
  for (const std::string& pattern : config.rule_files)
    std::ranges::move(os::glob(pattern), std::back_inserter(paths));
  std::ranges::sort(paths);
  paths.erase(std::ranges::unique(paths).begin(), paths.end());
  return paths;
}

Loaded<AlertmanagerConfig> parse_alertmanager(std::string_view text,
                                              const std::string& path) {
  AlertmanagerConfig config;
  config.file = path;
  config.text = text;
  FileReader file(path, text);
  Diagnostics findings =
      read_yaml(text, file, [&](const YamlDocument& document) {
        read_alertmanager(file, *document.root, config);
      });
  if (file.failed()) return std::unexpected(std::move(findings));
  config.warnings = std::move(findings);
  return config;
}

Loaded<AlertmanagerConfig> load_alertmanager(const std::string& path) {
  auto text = read_text(path);
  if (!text) return std::unexpected(std::move(text).error());
  return parse_alertmanager(*text, path);
}

Loaded<HttpClientConfig> load_http_client(const std::string& path) {
  auto text = read_text(path);
  if (!text) return std::unexpected(std::move(text).error());
  HttpClientConfig config;
  FileReader file(path, *text);
  Diagnostics findings =
      read_yaml(*text, file, [&](const YamlDocument& document) {
        Fields fields(file, *document.root, "http_config");
        read_http_client(fields, config);
        fields.done();
      });
  if (file.failed()) return std::unexpected(std::move(findings));
  return config;
}

Error to_error(const Diagnostics& diagnostics) {
  Error error{Code::kConfig, "no reason given"};
  for (const Diagnostic& finding : diagnostics) {
    if (finding.severity != Severity::kError) continue;
    error.message = finding.to_string();
    if (finding.check_id == kMissingId) error.code = Code::kMissing;
    if (finding.check_id == kPermissionId) error.code = Code::kPermission;
    if (finding.check_id == kUnreadableId) error.code = Code::kIo;
    break;
  }
  const auto more =
      std::ranges::count(diagnostics, Severity::kError, &Diagnostic::severity) -
      1;
  if (more > 0)
    error.message += " (and " + std::to_string(more) + " more errors)";
  return error;
}

}  // namespace prom::config
