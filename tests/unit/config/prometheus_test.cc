#include "libprom/config/prometheus.h"

#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "libprom/config/load.h"
#include "libprom/config/readers_internal.h"

#include "tests/support/temporary_directory.h"

namespace prom::config {
namespace {

std::string environment(const std::string& name) {
  return name == "HOME" ? "/home/x" : name == "ZONE" ? "eu" : "";
}

PrometheusConfig loaded(std::string_view yaml) {
  auto config = parse_prometheus(yaml, "/etc/p/p.yml", environment);
  EXPECT_TRUE(config) << to_error(config.error()).message;
  return config ? std::move(*config) : PrometheusConfig{};
}

std::string refused(std::string_view yaml) {
  const auto config = parse_prometheus(yaml, "p.yml", environment);
  std::string all;
  if (config) return "loaded";
  for (const Diagnostic& finding : config.error())
    all += finding.to_string() + "\n";
  return all;
}

TEST(Prometheus, AnEmptyFileHasUpstreamsDefaults) {
  const PrometheusConfig config = loaded("");
  EXPECT_EQ(config.global.scrape_interval_ms, 60'000);
  EXPECT_EQ(config.global.scrape_timeout_ms, 10'000);
  EXPECT_EQ(config.global.evaluation_interval_ms, 60'000);
  EXPECT_EQ(config.gogc, 75);
  EXPECT_EQ(config.storage.exemplars_max, 100'000);
  EXPECT_FALSE(config.tracing);
}

TEST(Prometheus, JobsInheritWhatTheyDoNotSay) {
  const PrometheusConfig config = loaded(R"(
global:
  scrape_interval: 5s
  sample_limit: 100
  body_size_limit: 1MB
  scrape_native_histograms: true
  metric_name_validation_scheme: legacy
  scrape_failure_log_file: fail.log
scrape_configs:
  - job_name: a
  - job_name: b
    scrape_interval: 1h
    sample_limit: 7
    scrape_native_histograms: false
    metric_name_validation_scheme: utf8
    scrape_protocols: [PrometheusText0.0.4]
    scrape_failure_log_file: /own.log
    params: {z: [1], a: [x, y]}
    bearer_token_file: token
    tls_config: {ca_file: ca.pem, min_version: TLS13}
)");
  const ScrapeConfig& a = config.scrape_configs.at(0);
  EXPECT_EQ(a.scrape_interval_ms, 5000);
  EXPECT_EQ(a.scrape_timeout_ms, 5000);
  EXPECT_EQ(a.limits.samples, 100U);
  EXPECT_EQ(a.limits.body_bytes, 1U << 20U);
  EXPECT_EQ(a.scrape_protocols.front(), ScrapeProtocol::kPrometheusProto);
  EXPECT_EQ(a.scrape_protocols.size(), 5U);
  EXPECT_EQ(a.escaping, NameEscaping::kUnderscores);
  EXPECT_EQ(a.scrape_failure_log_file, "/etc/p/fail.log");
  const ScrapeConfig& b = config.scrape_configs.at(1);
  EXPECT_EQ(b.scrape_timeout_ms, 5000);
  EXPECT_EQ(b.limits.samples, 7U);
  EXPECT_EQ(b.scrape_protocols.size(), 1U);
  EXPECT_EQ(b.escaping, NameEscaping::kAllowUtf8);
  EXPECT_EQ(b.scrape_failure_log_file, "/own.log");
  EXPECT_EQ(b.params.at(0).first, "a");
  EXPECT_EQ(b.http.authorization->credentials_file, "/etc/p/token");
  EXPECT_EQ(b.http.tls.ca_file, "/etc/p/ca.pem");
}

TEST(Prometheus, VariablesAreExpandedInExternalLabelsOnly) {
  const PrometheusConfig config = loaded(R"(
global:
  external_labels: {a: $ZONE-x, b: "${HOME}/${NONE}", c: $$ZONE, d: "5$ ${}"}
scrape_configs:
  - job_name: $ZONE
)");
  EXPECT_EQ(config.global.external_labels.to_string(),
            R"({a="eu-x", b="/home/x/", c="$ZONE", d="5$ "})");
  EXPECT_EQ(config.scrape_configs.at(0).job_name, "$ZONE");
  ASSERT_EQ(config.warnings.size(), 1U);
  EXPECT_EQ(config.warnings.at(0).message,
            "environment variable \"NONE\" is empty or not set");
}

TEST(Variables, AreFoundAsGoFindsThem) {
  const struct {
    std::string text, expected;
  } kCases[] = {
      {"", ""},        {"$", "$"},          {"a$", "a$"},    {"$x", "<x>"},
      {"${x}", "<x>"}, {"$x_1y", "<x_1y>"}, {"$1a", "<1>a"}, {"${", ""},
      {"${x", "x"},    {"${}b", "b"},       {"$$", "<$>"},   {"${$}", "<$>"},
      {"$-", "<->"},   {"$ x", "$ x"},      {"$é", "$é"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(
        expand_variables(
            c.text, [](const std::string& name) { return "<" + name + ">"; }),
        c.expected)
        << c.text;
  }
}

TEST(Prometheus, ReportsEverythingAtOnceWithPositions) {
  EXPECT_EQ(refused("global:\n"
                    "  scrape_intervall: 15s\n"
                    "scrape_configs:\n"
                    "  - job_name: a\n"
                    "    scrape_timeout: 2m\n"
                    "    honor_labels: maybe\n"
                    "    relabel_configs:\n"
                    "      - action: hashmod\n"
                    "        target_label: x\n"
                    "      - regex: (\n"
                    "        target_label: y\n"
                    "  - job_name: a\n"
                    "rule_files: ['a/*/b.yml']\n"),
            "p.yml:2:3: unknown field \"scrape_intervall\" in global (did you "
            "mean `scrape_interval`?)\n"
            "p.yml:5:5: scrape timeout greater than scrape interval for "
            "scrape config with job name \"a\"\n"
            "p.yml:6:19: honor_labels must be true or false, not \"maybe\"\n"
            "p.yml:8:9: relabel configuration for hashmod requires non-zero "
            "modulus\n"
            "p.yml:10:9: error parsing regexp: missing ): (\n"
            "p.yml:12:5: found multiple scrape configs with job name \"a\"\n"
            "p.yml:13:1: invalid rule file path \"a/*/b.yml\"\n");
}

TEST(Prometheus, ReadsJobsFromOtherFiles) {
  const TemporaryDirectory directory;
  const auto write = [&](const std::string& name, const std::string& text) {
    std::ofstream(directory.path() + "/" + name) << text;
  };
  const std::string main = directory.path() + "/p.yml";
  write("p.yml",
        "global: {scrape_interval: 7s}\nscrape_config_files: ['j*.yml']\n"
        "scrape_configs: [{job_name: a}]\n");
  write("j1.yml", "scrape_configs: [{job_name: b}]\n");
  const auto config = load_prometheus(main);
  ASSERT_TRUE(config) << to_error(config.error()).message;
  ASSERT_EQ(config->scrape_configs.size(), 2U);
  EXPECT_EQ(config->scrape_configs.at(1).scrape_interval_ms, 7000);
  EXPECT_EQ(config->scrape_configs.at(1).file, directory.path() + "/j1.yml");
  EXPECT_EQ(config->files_read.size(), 2U);

  write("j2.yml", "scrape_configs: [{job_name: a}]\nglobal: {}\n");
  const auto bad = load_prometheus(main);
  ASSERT_FALSE(bad);
  ASSERT_EQ(bad.error().size(), 2U);
  EXPECT_EQ(bad.error().at(0).message,
            "found multiple scrape configs with job name \"a\", first found "
            "in main config file");
  EXPECT_EQ(bad.error().at(1).message,
            "unknown field \"global\" in scrape config file");
}

TEST(Prometheus, AFileThatCannotBeReadHasItsOwnCode) {
  const auto config = load_prometheus("/no/such/file.yml");
  ASSERT_FALSE(config);
  EXPECT_EQ(to_error(config.error()).code, Code::kMissing);
  EXPECT_EQ(to_error(parse_prometheus("[", "x.yml").error()).code,
            Code::kConfig);
}

TEST(Secret, IsReadFromItsFileEachTime) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/token";
  EXPECT_EQ(resolve_secret(Secret("own"), "")->reveal(), "own");
  const auto missing = resolve_secret(Secret(), path);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::kMissing);
  std::ofstream(path) << "  one\n\n";
  EXPECT_EQ(resolve_secret(Secret(), path)->reveal(), "one");
  std::ofstream(path) << "two";
  EXPECT_EQ(resolve_secret(Secret(), path)->reveal(), "two");
  std::ofstream(path) << "\n";
  EXPECT_TRUE(resolve_secret(Secret(), path)->empty());
  EXPECT_EQ(Secret("x").shown(), "<secret>");
  EXPECT_EQ(Secret().shown(), "");
}

}  // namespace
}  // namespace prom::config
