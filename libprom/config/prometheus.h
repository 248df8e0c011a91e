// prometheus.yml as plain structs, complete and resolved: after loading, every
// job has its own value for what it inherits from `global`, paths are joined
// to the directory of the file that names them, and jobs of
// scrape_config_files stand behind those of the main file.
//
// Each tool reads the part that concerns it.  Loading is in load.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libprom/base/diagnostic.h"
#include "libprom/config/discovery.h"
#include "libprom/config/http_client.h"
#include "libprom/model/labels.h"
#include "libprom/model/relabel.h"

namespace prom::config {

enum class ScrapeProtocol {
  kPrometheusProto,
  kPrometheusText004,
  kPrometheusText100,
  kOpenMetricsText001,
  kOpenMetricsText100,
};
std::string_view to_string(ScrapeProtocol protocol);
// Exact names, "OpenMetricsText1.0.0".
std::optional<ScrapeProtocol> parse_scrape_protocol(std::string_view name);

enum class NameEscaping { kAllowUtf8, kUnderscores, kDots, kValues };
std::string_view to_string(NameEscaping escaping);

// 0 means no limit.
struct ScrapeLimits {
  std::uint64_t body_bytes = 0;
  std::uint64_t samples = 0;
  std::uint64_t targets = 0;
  std::uint64_t labels = 0;
  std::uint64_t label_name_bytes = 0;
  std::uint64_t label_value_bytes = 0;
  std::uint64_t keep_dropped_targets = 0;
};

struct GlobalConfig {
  std::int64_t scrape_interval_ms = 60'000;
  std::int64_t scrape_timeout_ms = 10'000;
  std::vector<ScrapeProtocol> scrape_protocols;  // empty: per job, dynamic
  std::int64_t evaluation_interval_ms = 60'000;
  std::int64_t rule_query_offset_ms = 0;
  std::string query_log_file;
  std::string scrape_failure_log_file;
  Labels external_labels;  // environment variables expanded
  ScrapeLimits limits;
  NameValidation validation = NameValidation::kUtf8;
  std::optional<NameEscaping> escaping;
  bool scrape_native_histograms = false;
  bool convert_classic_histograms_to_nhcb = false;
  bool always_scrape_classic_histograms = false;
  bool extra_scrape_metrics = false;
};

struct ScrapeConfig {
  std::string job_name;
  std::string file;  // where the job is defined
  TextPosition at;

  bool honor_labels = false;
  bool honor_timestamps = true;
  bool track_timestamps_staleness = false;
  // By name; the order of the values is that of the file.
  std::vector<std::pair<std::string, std::vector<std::string>>> params;
  std::int64_t scrape_interval_ms = 0;
  std::int64_t scrape_timeout_ms = 0;
  std::vector<ScrapeProtocol> scrape_protocols;  // never empty
  std::optional<ScrapeProtocol> fallback_scrape_protocol;
  std::string scrape_failure_log_file;
  std::string metrics_path = "/metrics";
  std::string scheme = "http";
  bool enable_compression = true;
  ScrapeLimits limits;
  std::uint64_t native_histogram_bucket_limit = 0;
  double native_histogram_min_bucket_factor = 0;
  NameValidation validation = NameValidation::kUtf8;
  NameEscaping escaping = NameEscaping::kAllowUtf8;
  bool scrape_native_histograms = false;
  bool convert_classic_histograms_to_nhcb = false;
  bool always_scrape_classic_histograms = false;
  bool extra_scrape_metrics = false;

  DiscoveryConfigs discovery;
  HttpClientConfig http;
  RelabelConfigs relabel_configs;
  RelabelConfigs metric_relabel_configs;
};

struct AlertmanagerTargets {
  TextPosition at;
  std::string scheme = "http";
  std::string path_prefix;
  std::int64_t timeout_ms = 10'000;
  DiscoveryConfigs discovery;
  HttpClientConfig http;
  std::optional<SigV4> sigv4;
  RelabelConfigs relabel_configs;
  RelabelConfigs alert_relabel_configs;
};

struct AlertingConfig {
  RelabelConfigs alert_relabel_configs;
  std::vector<AlertmanagerTargets> alertmanagers;
};

struct StorageConfig {
  std::optional<std::int64_t> out_of_order_time_window_ms;
  double stale_series_compaction_threshold = 0;
  std::string chunk_encoding_floats;   // "", "xor", "xor2"
  std::int64_t retention_time_ms = 0;  // 0: not set, in all three
  std::uint64_t retention_bytes = 0;
  double retention_percentage = 0;
  std::int64_t exemplars_max = 100'000;
};

struct TracingConfig {
  std::string client_type = "grpc";
  std::string endpoint;
  double sampling_fraction = 0;
  bool insecure = false;
  TlsConfig tls;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string compression;
  std::int64_t timeout_ms = 0;
};

struct QueueConfig {
  std::int64_t capacity = 10'000;
  std::int64_t shards_max = 50;
  std::int64_t shards_min = 1;
  std::int64_t samples_per_send_max = 2000;
  std::int64_t batch_send_deadline_ms = 5000;
  std::int64_t backoff_min_ms = 30;
  std::int64_t backoff_max_ms = 5000;
  bool retry_on_http_429 = false;
  std::int64_t sample_age_limit_ms = 0;
};

struct RemoteWriteConfig {
  std::string name;
  std::string url;
  TextPosition at;
  std::int64_t timeout_ms = 30'000;
  std::vector<std::pair<std::string, std::string>> headers;
  RelabelConfigs write_relabel_configs;
  bool send_exemplars = false;
  bool send_native_histograms = false;
  bool round_robin_dns = false;
  bool failed_request_logging = false;
  std::string protobuf_message = "prometheus.WriteRequest";
  HttpClientConfig http;  // HTTP/2 is off by default here
  QueueConfig queue;
  bool metadata_send = true;
  std::int64_t metadata_send_interval_ms = 60'000;
  std::int64_t metadata_samples_per_send_max = 2000;
  std::optional<SigV4> sigv4;
  // Ways to authenticate that this version knows only by name.
  std::vector<std::string> unavailable;  // "azuread", "google_iam"
};

struct RemoteReadConfig {
  std::string name;
  std::string url;
  TextPosition at;
  std::int64_t timeout_ms = 60'000;
  std::uint64_t chunked_read_limit_bytes = 50'000'000;
  std::vector<std::pair<std::string, std::string>> headers;
  bool read_recent = false;
  Labels required_matchers;
  bool filter_external_labels = true;
  HttpClientConfig http;
};

struct OtlpConfig {
  bool promote_all_resource_attributes = false;
  std::vector<std::string> promote_resource_attributes;
  std::vector<std::string> ignore_resource_attributes;
  std::string translation_strategy = "UnderscoreEscapingWithSuffixes";
  bool keep_identifying_resource_attributes = false;
  bool convert_histograms_to_nhcb = false;
  bool promote_scope_metadata = false;
  bool label_name_underscore_sanitization = true;
  bool label_name_preserve_multiple_underscores = true;
};

struct PrometheusConfig {
  std::string file;
  GlobalConfig global;
  std::int64_t gogc = 75;  // read, without effect here
  AlertingConfig alerting;
  std::vector<std::string> rule_files;           // patterns
  std::vector<std::string> scrape_config_files;  // patterns
  std::vector<ScrapeConfig> scrape_configs;
  StorageConfig storage;
  std::optional<TracingConfig> tracing;
  std::vector<RemoteWriteConfig> remote_write;
  std::vector<RemoteReadConfig> remote_read;
  OtlpConfig otlp;

  // Every file that was read, for watching: the main file first.
  std::vector<std::string> files_read;
  // Findings that do not keep the file from loading.
  Diagnostics warnings;
};

}  // namespace prom::config
