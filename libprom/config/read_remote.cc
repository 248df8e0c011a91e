#include <algorithm>
#include <array>

#include "libprom/base/letters.h"
#include "libprom/base/utf8.h"
#include "libprom/config/readers_internal.h"

namespace prom::config {
namespace {

constexpr std::array<std::string_view, 15> kReservedHeaders = {
    "host",
    "content-encoding",
    "content-length",
    "content-type",
    "user-agent",
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "www-authenticate",
    "accept-encoding",
    "x-prometheus-remote-write-version",
    "x-prometheus-remote-read-version",
    "x-amz-date",
    "x-amz-security-token"};
constexpr std::string_view kContentHash = "x-amz-content-sha256";

void read_headers(Fields& fields, std::string_view if_authorization,
                  std::vector<std::pair<std::string, std::string>>& into) {
  fields.text_pairs("headers", into);
  for (const auto& [name, value] : into) {
    const std::string lower = to_lower(name);
    if (lower == "authorization") {
      fields.error("headers", std::string(if_authorization));
    } else if (lower == kContentHash ||
               std::ranges::find(kReservedHeaders, lower) !=
                   kReservedHeaders.end()) {
      fields.error("headers", printable(name) +
                                  " is a reserved header. It must not be "
                                  "changed");
    }
  }
}

constexpr std::string_view kAuthorizationElsewhere =
    "authorization header must be changed via the basic_auth, authorization, "
    "oauth2, sigv4, azuread or google_iam parameter";

void read_queue(Fields& outer, QueueConfig& into) {
  outer.map("queue_config", [&](const YamlNode& node) {
    Fields fields(outer.file(), node, "queue_config");
    fields.integer("capacity", into.capacity);
    fields.integer("max_shards", into.shards_max);
    fields.integer("min_shards", into.shards_min);
    fields.integer("max_samples_per_send", into.samples_per_send_max);
    fields.duration("batch_send_deadline", into.batch_send_deadline_ms);
    fields.duration("min_backoff", into.backoff_min_ms);
    fields.duration("max_backoff", into.backoff_max_ms);
    fields.flag("retry_on_http_429", into.retry_on_http_429);
    fields.duration("sample_age_limit", into.sample_age_limit_ms);
    fields.done();
    const auto positive = [&](std::string_view key, std::int64_t value) {
      if (value <= 0)
        fields.error(key, "remote write queue " + std::string(key) +
                              " must be positive");
    };
    positive("max_shards", into.shards_max);
    positive("min_shards", into.shards_min);
    positive("max_samples_per_send", into.samples_per_send_max);
    positive("capacity", into.capacity);
    if (into.shards_min > into.shards_max)
      fields.error("min_shards",
                   "remote write queue min_shards must not be greater than "
                   "max_shards");
    if (into.backoff_max_ms < into.backoff_min_ms)
      fields.error("max_backoff",
                   "remote write queue max_backoff must not be less than "
                   "min_backoff");
  });
}

void read_metadata(Fields& outer, RemoteWriteConfig& into) {
  outer.map("metadata_config", [&](const YamlNode& node) {
    Fields fields(outer.file(), node, "metadata_config");
    fields.flag("send", into.metadata_send);
    fields.duration("send_interval", into.metadata_send_interval_ms);
    fields.integer("max_samples_per_send", into.metadata_samples_per_send_max);
    fields.done();
  });
}

void check_authorization(Fields& fields, const RemoteWriteConfig& config) {
  std::string configured;
  int count = 0;
  const auto note = [&](bool is_set, std::string_view name) {
    if (!is_set) return;
    if (count++ != 0) configured += ' ';
    configured += name;
  };
  note(config.http.basic_auth.has_value(), "basic_auth");
  note(config.http.authorization.has_value(), "authorization");
  note(config.http.oauth2.has_value(), "oauth2");
  note(config.sigv4.has_value(), "sigv4");
  for (const std::string& name : config.unavailable) note(true, name);
  // The first three among themselves have been reported already.
  if (count > 1 && (config.sigv4 || !config.unavailable.empty()))
    fields.file().error(
        fields.node(),
        "at most one of basic_auth, authorization, oauth2, sigv4, azuread or "
        "google_iam must be configured. Currently configured: [" +
            configured + "]");
}

}  // namespace

void read_remote_write(FileReader& file, const YamlNode& node,
                       NameValidation validation, RemoteWriteConfig& into) {
  into.at = node.at;
  into.http.enable_http2 = false;
  Fields fields(file, node, "remote_write");
  fields.text("url", into.url);
  if (into.url.empty()) fields.error("url", "url for remote_write is empty");
  fields.text("name", into.name);
  fields.duration("remote_timeout", into.timeout_ms);
  read_headers(fields, kAuthorizationElsewhere, into.headers);
  read_relabel_configs(fields, "write_relabel_configs",
                       "empty or null relabeling rule in remote write config",
                       validation, into.write_relabel_configs);
  fields.flag("send_exemplars", into.send_exemplars);
  fields.flag("send_native_histograms", into.send_native_histograms);
  fields.flag("round_robin_dns", into.round_robin_dns);
  fields.flag("failed_request_logging", into.failed_request_logging);
  fields.text("protobuf_message", into.protobuf_message);
  if (into.protobuf_message != "prometheus.WriteRequest" &&
      into.protobuf_message != "io.prometheus.write.v2.Request")
    fields.error("protobuf_message",
                 "invalid protobuf_message value: unknown type for remote "
                 "write protobuf message " +
                     printable(into.protobuf_message) +
                     ", supported: prometheus.WriteRequest, "
                     "io.prometheus.write.v2.Request");
  read_http_client(fields, into.http);
  read_queue(fields, into.queue);
  read_metadata(fields, into);
  read_sigv4(fields, into.sigv4);
  for (const char* key : {"azuread", "google_iam"}) {
    if (fields.has(key)) into.unavailable.emplace_back(key);
  }
  fields.done();
  check_authorization(fields, into);
}

void read_remote_read(FileReader& file, const YamlNode& node,
                      RemoteReadConfig& into) {
  into.at = node.at;
  Fields fields(file, node, "remote_read");
  fields.text("url", into.url);
  if (into.url.empty()) fields.error("url", "url for remote_read is empty");
  fields.text("name", into.name);
  fields.duration("remote_timeout", into.timeout_ms);
  fields.count("chunked_read_limit", into.chunked_read_limit_bytes);
  read_headers(fields, kAuthorizationElsewhere, into.headers);
  fields.flag("read_recent", into.read_recent);
  LocatedPairs matchers;
  fields.located_pairs("required_matchers", matchers);
  LabelsBuilder labels;
  for (const auto& [name, value] : matchers) {
    if (!is_valid_label_name(name, NameValidation::kUtf8))
      fields.error("required_matchers",
                   quote(name) + " is not a valid label name");
    labels.set(name, value.text);
  }
  into.required_matchers = labels.build();
  fields.flag("filter_external_labels", into.filter_external_labels);
  read_http_client(fields, into.http);
  fields.done();
}

void read_tracing(FileReader& file, const YamlNode& node, TracingConfig& into) {
  Fields fields(file, node, "tracing");
  fields.text("client_type", into.client_type);
  if (into.client_type != "grpc" && into.client_type != "http")
    fields.error("client_type",
                 "expected tracing client type to be to be http or grpc, but "
                 "got " +
                     printable(into.client_type));
  fields.text("endpoint", into.endpoint);
  fields.number("sampling_fraction", into.sampling_fraction);
  fields.flag("insecure", into.insecure);
  read_tls(fields, "tls_config", into.tls);
  read_headers(fields,
               "custom authorization header configuration is not yet supported",
               into.headers);
  fields.text("compression", into.compression);
  fields.duration("timeout", into.timeout_ms);
  fields.done();
  if (into.endpoint.empty())
    fields.error("endpoint", "tracing endpoint must be set");
  if (!into.compression.empty() && into.compression != "gzip")
    fields.error("compression", "invalid compression type " +
                                    printable(into.compression) +
                                    " provided, valid options: gzip");
}

}  // namespace prom::config
