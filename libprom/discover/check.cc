#include "libprom/discover/check.h"

#include <algorithm>
#include <iterator>

#include "libprom/base/utf8.h"
#include "libprom/cli/diagnostics.h"
#include "libprom/config/load.h"
#include "libprom/config/sd/file.h"
#include "libprom/os/file.h"

namespace prom::discover {
namespace {

using cli::Exit;

class Check {
 public:
  explicit Check(const config::PrometheusConfig& config) : config_(config) {}

  Diagnostics run() {
    findings_ = config_.warnings;
    check_rule_files();
    for (const config::ScrapeConfig& job : config_.scrape_configs) {
      const std::string whose = "job " + quote(job.job_name);
      check_discovery(job.discovery, job.file, job.at, whose);
      check_http(job.http, job.file, job.at, whose);
    }
    for (const auto& targets : config_.alerting.alertmanagers) {
      check_discovery(targets.discovery, config_.file, targets.at,
                      "alertmanagers");
      check_http(targets.http, config_.file, targets.at, "alertmanagers");
    }
    for (const auto& remote : config_.remote_write)
      check_http(remote.http, config_.file, remote.at, "remote_write");
    for (const auto& remote : config_.remote_read)
      check_http(remote.http, config_.file, remote.at, "remote_read");
    return std::move(findings_);
  }
  [[nodiscard]] std::size_t rules() const { return rules_; }

 private:
  void add(const std::string& file, TextPosition at, std::string message) {
    Diagnostic finding;
    finding.file = file;
    finding.line = at.line;
    finding.column = at.column;
    finding.message = std::move(message);
    findings_.push_back(std::move(finding));
  }

  void check_rule_files() {
    for (const std::string& path : config::expand_rule_files(config_)) {
      auto rules = config::load_rules(path, config_.global.validation);
      std::ranges::move(rules ? rules->warnings : rules.error(),
                        std::back_inserter(findings_));
      if (!rules) continue;
      for (const config::RuleGroup& group : rules->groups)
        rules_ += group.rules.size();
    }
  }

  // The files of file_sd_configs that are there; those that are not may come.
  void check_discovery(const config::DiscoveryConfigs& discovery,
                       const std::string& file, TextPosition at,
                       const std::string& whose) {
    for (const auto& sd : discovery.mechanisms) {
      if (const auto* files =
              dynamic_cast<const config::FileSdConfig*>(sd.get()))
        check_files(*files);
      if (const config::HttpClientConfig* http = sd->http())
        check_http(*http, file, at,
                   whose + ", " + std::string(sd->mechanism()) + "_sd_configs");
    }
  }

  void check_files(const config::FileSdConfig& sd) {
    for (const std::string& pattern : sd.files) {
      for (const std::string& path : os::glob(pattern)) {
        const auto groups = config::load_file_sd(path);
        if (!groups)
          std::ranges::copy(groups.error(), std::back_inserter(findings_));
      }
    }
  }

  // Certificates, keys and secrets must be there and readable.
  void check_http(const config::HttpClientConfig& http, const std::string& file,
                  TextPosition at, const std::string& whose) {
    std::vector<std::string> paths = {http.tls.ca_file, http.tls.cert_file,
                                      http.tls.key_file};
    if (http.basic_auth) {
      paths.push_back(http.basic_auth->username_file);
      paths.push_back(http.basic_auth->password_file);
    }
    if (http.authorization)
      paths.push_back(http.authorization->credentials_file);
    if (http.oauth2) {
      paths.push_back(http.oauth2->client_secret_file);
      paths.push_back(http.oauth2->client_certificate_key_file);
    }
    for (const config::HttpHeader& header : http.headers)
      paths.insert(paths.end(), header.files.begin(), header.files.end());
    for (const std::string& path : paths) {
      if (path.empty()) continue;
      if (const auto text = os::read_file(path, config::kSecretFileBytesMax);
          !text)
        add(file, at, whose + ": " + text.error().message);
    }
  }

  const config::PrometheusConfig& config_;
  Diagnostics findings_;
  std::size_t rules_ = 0;
};

std::string counted(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace

cli::Exit check(const std::string& config_file, cli::Io& io) {
  auto config = config::load_prometheus(config_file);
  if (!config) {
    cli::show(config.error(), io.err, io.color);
    return cli::exit_for(config::to_error(config.error()).code);
  }
  Check check(*config);
  const Diagnostics findings = check.run();
  cli::show(findings, io.err, io.color);
  if (std::ranges::any_of(findings, [](const Diagnostic& finding) {
        return finding.severity == Severity::kError;
      }))
    return Exit::kConfig;
  io.out.write(printable(config_file) + ": ok, " +
               counted(config->scrape_configs.size(), "job") + ", " +
               counted(check.rules(), "rule") + "\n");
  if (check.rules() != 0)
    io.out.write("expressions and templates: see prom-rules check\n");
  return Exit::kOk;
}

}  // namespace prom::discover
