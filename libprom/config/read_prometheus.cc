#include <algorithm>
#include <cmath>
#include <set>

#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/config/load.h"
#include "libprom/config/readers_internal.h"

namespace prom::config {
namespace {

void read_alertmanager_targets(FileReader& file, const YamlNode& node,
                               NameValidation validation,
                               AlertmanagerTargets& into) {
  into.at = node.at;
  Fields fields(file, node, "alertmanager_config");
  fields.text("scheme", into.scheme);
  fields.text("path_prefix", into.path_prefix);
  fields.duration("timeout", into.timeout_ms);
  std::string version = "v2";
  fields.text("api_version", version);
  if (version != "v2")
    fields.error("api_version",
                 "expected Alertmanager api version to be one of [v2] but "
                 "got " +
                     printable(version));
  read_relabel_configs(fields, "relabel_configs",
                       "empty or null Alertmanager target relabeling rule",
                       validation, into.relabel_configs);
  read_relabel_configs(fields, "alert_relabel_configs",
                       "empty or null Alertmanager alert relabeling rule",
                       validation, into.alert_relabel_configs);
  read_discovery(fields, !into.relabel_configs.empty(), into.discovery);
  read_http_client(fields, into.http);
  read_sigv4(fields, into.sigv4);
  fields.done();
  const bool has_authorization =
      into.http.basic_auth || into.http.authorization || into.http.oauth2;
  if (has_authorization && into.sigv4)
    fields.error("sigv4",
                 "at most one of basic_auth, authorization, oauth2, & sigv4 "
                 "must be configured");
}

void read_retention(Fields& outer, StorageConfig& into) {
  outer.map("retention", [&](const YamlNode& node) {
    Fields fields(outer.file(), node, "retention");
    std::int64_t bytes = 0;
    fields.duration("time", into.retention_time_ms);
    fields.size("size", bytes);
    fields.number("percentage", into.retention_percentage);
    fields.done();
    if (bytes < 0)
      fields.error("size",
                   "'storage.tsdb.retention.size' must be greater than or "
                   "equal to 0");
    into.retention_bytes =
        static_cast<std::uint64_t>(std::max(bytes, std::int64_t{0}));
    if (std::isnan(into.retention_percentage) ||
        into.retention_percentage < 0 || into.retention_percentage > 100)
      fields.error("percentage",
                   "'storage.tsdb.retention.percentage' must be in the range "
                   "[0, 100], got " +
                       format_float(into.retention_percentage));
  });
}

void read_tsdb(FileReader& file, const YamlNode& node, StorageConfig& into) {
  Fields fields(file, node, "tsdb");
  fields.duration("out_of_order_time_window", into.out_of_order_time_window_ms);
  fields.number("stale_series_compaction_threshold",
                into.stale_series_compaction_threshold);
  fields.map("chunk_encoding", [&](const YamlNode& encoding) {
    Fields parts(file, encoding, "chunk_encoding");
    parts.text("floats", into.chunk_encoding_floats);
    parts.done();
    const std::string& floats = into.chunk_encoding_floats;
    if (!floats.empty() && floats != "xor" && floats != "xor2")
      parts.error("floats",
                  "'storage.tsdb.chunk_encoding.floats' must be 'xor' or "
                  "'xor2', or the field must be omitted entirely, got " +
                      quote(floats));
  });
  read_retention(fields, into);
  fields.done();
}

void check_attributes(Fields& fields, std::string_view key,
                      std::string_view adjective,
                      std::vector<std::string>& attributes) {
  std::set<std::string> seen;
  for (std::string& attribute : attributes) {
    const std::size_t begin = attribute.find_first_not_of(" \t\r\n");
    if (begin == std::string::npos) {
      fields.error(key, "invalid '" + std::string(key) + "': empty " +
                            std::string(adjective) +
                            " OTel resource attribute");
      continue;
    }
    attribute = attribute.substr(
        begin, attribute.find_last_not_of(" \t\r\n") - begin + 1);
    if (!seen.insert(attribute).second)
      fields.error(key, "invalid '" + std::string(key) + "': duplicated " +
                            std::string(adjective) +
                            " OTel resource attribute " + quote(attribute));
  }
}

// rule_files and scrape_config_files: one star at most, in the last part.
void read_patterns(Fields& fields, std::string_view key, std::string_view what,
                   std::vector<std::string>& into) {
  static const Regex kPattern = Regex::compile(R"([^*]*(\*[^/]*)?)").value();
  fields.texts(key, into);
  for (std::string& path : into) {
    if (!kPattern.matches(path))
      fields.error(key,
                   "invalid " + std::string(what) + " path " + quote(path));
    path = fields.file().joined(path);
  }
}

void read_scrape_configs(Fields& fields, PrometheusConfig& into) {
  std::set<std::string> names;
  fields.each("scrape_configs", [&](const YamlNode& node) {
    if (node.is_null())
      return fields.file().error(node, "empty or null scrape config section");
    ScrapeConfig& job = into.scrape_configs.emplace_back();
    read_scrape_config(fields.file(), node, into.global, job);
    if (!job.job_name.empty() && !names.insert(job.job_name).second)
      fields.file().error(node, "found multiple scrape configs with job name " +
                                    quote(job.job_name));
  });
}

void read_remotes(Fields& fields, PrometheusConfig& into) {
  std::set<std::string> names;
  FileReader& file = fields.file();
  fields.each("remote_write", [&](const YamlNode& node) {
    if (node.is_null())
      return file.error(node, "empty or null remote write config section");
    RemoteWriteConfig& remote = into.remote_write.emplace_back();
    read_remote_write(file, node, into.global.validation, remote);
    if (!remote.name.empty() && !names.insert(remote.name).second)
      file.error(node, "found multiple remote write configs with job name " +
                           quote(remote.name));
  });
  names.clear();
  fields.each("remote_read", [&](const YamlNode& node) {
    if (node.is_null())
      return file.error(node, "empty or null remote read config section");
    RemoteReadConfig& remote = into.remote_read.emplace_back();
    read_remote_read(file, node, remote);
    if (!remote.name.empty() && !names.insert(remote.name).second)
      file.error(node, "found multiple remote read configs with job name " +
                           quote(remote.name));
  });
}

void read_runtime(Fields& outer, PrometheusConfig& into) {
  outer.map("runtime", [&](const YamlNode& node) {
    Fields fields(outer.file(), node, "runtime");
    fields.integer("gogc", into.gogc);
    fields.done();
  });
}

}  // namespace

void read_alerting(FileReader& file, const YamlNode& node,
                   NameValidation validation, AlertingConfig& into) {
  Fields fields(file, node, "alerting");
  read_relabel_configs(fields, "alert_relabel_configs",
                       "empty or null alert relabeling rule", validation,
                       into.alert_relabel_configs);
  fields.each("alertmanagers", [&](const YamlNode& each) {
    if (each.is_null())
      return file.error(each, "empty or null alertmanager config section");
    read_alertmanager_targets(file, each, validation,
                              into.alertmanagers.emplace_back());
  });
  fields.done();
}

void read_storage(FileReader& file, const YamlNode& node, StorageConfig& into) {
  Fields fields(file, node, "storage");
  fields.map("tsdb",
             [&](const YamlNode& tsdb) { read_tsdb(file, tsdb, into); });
  fields.map("exemplars", [&](const YamlNode& exemplars) {
    Fields parts(file, exemplars, "exemplars");
    parts.integer("max_exemplars", into.exemplars_max);
    parts.done();
  });
  fields.done();
}

void read_otlp(FileReader& file, const YamlNode& node,
               NameValidation validation, OtlpConfig& into) {
  Fields fields(file, node, "otlp");
  fields.flag("promote_all_resource_attributes",
              into.promote_all_resource_attributes);
  fields.texts("promote_resource_attributes", into.promote_resource_attributes);
  fields.texts("ignore_resource_attributes", into.ignore_resource_attributes);
  fields.text("translation_strategy", into.translation_strategy);
  fields.flag("keep_identifying_resource_attributes",
              into.keep_identifying_resource_attributes);
  fields.flag("convert_histograms_to_nhcb", into.convert_histograms_to_nhcb);
  fields.flag("promote_scope_metadata", into.promote_scope_metadata);
  fields.flag("label_name_underscore_sanitization",
              into.label_name_underscore_sanitization);
  fields.flag("label_name_preserve_multiple_underscores",
              into.label_name_preserve_multiple_underscores);
  fields.done();
  if (into.promote_all_resource_attributes) {
    if (!into.promote_resource_attributes.empty())
      fields.error("promote_resource_attributes",
                   "'promote_all_resource_attributes' and "
                   "'promote_resource_attributes' cannot be configured "
                   "simultaneously");
  } else if (!into.ignore_resource_attributes.empty()) {
    fields.error("ignore_resource_attributes",
                 "'ignore_resource_attributes' cannot be configured unless "
                 "'promote_all_resource_attributes' is true");
  }
  check_attributes(fields, "ignore_resource_attributes", "ignored",
                   into.ignore_resource_attributes);
  check_attributes(fields, "promote_resource_attributes", "promoted",
                   into.promote_resource_attributes);
  const std::string& strategy = into.translation_strategy;
  const bool keeps_utf8 =
      strategy == "NoTranslation" || strategy == "NoUTF8EscapingWithSuffixes";
  if (keeps_utf8 && validation == NameValidation::kLegacy)
    fields.error("translation_strategy",
                 "OTLP translation strategy " + quote(strategy) +
                     " is not allowed when UTF8 is disabled");
  if (!keeps_utf8 && !strategy.empty() &&
      strategy != "UnderscoreEscapingWithSuffixes" &&
      strategy != "UnderscoreEscapingWithoutSuffixes")
    fields.error("translation_strategy",
                 "unsupported OTLP translation strategy " + quote(strategy));
}

// Sections are read in the order in which they need each other, which is not
// the order of the file: `global` may stand last.
void read_prometheus(FileReader& file, const YamlNode& node,
                     const Environment& environment, PrometheusConfig& into) {
  Fields fields(file, node, "the configuration");
  fields.map("global", [&](const YamlNode& global) {
    read_global(file, global, environment, into.global);
  });
  const NameValidation validation = into.global.validation;
  read_runtime(fields, into);
  read_patterns(fields, "rule_files", "rule file", into.rule_files);
  read_patterns(fields, "scrape_config_files", "scrape config file",
                into.scrape_config_files);
  read_scrape_configs(fields, into);
  fields.map("alerting", [&](const YamlNode& alerting) {
    read_alerting(file, alerting, validation, into.alerting);
  });
  fields.map("storage", [&](const YamlNode& storage) {
    read_storage(file, storage, into.storage);
  });
  fields.map("tracing", [&](const YamlNode& tracing) {
    read_tracing(file, tracing, into.tracing.emplace());
  });
  read_remotes(fields, into);
  fields.map("otlp", [&](const YamlNode& otlp) {
    read_otlp(file, otlp, validation, into.otlp);
  });
  fields.done();
}

void read_scrape_config_file(FileReader& file, const YamlNode& node,
                             PrometheusConfig& into) {
  Fields fields(file, node, "scrape config file");
  read_scrape_configs(fields, into);
  fields.done();
}

}  // namespace prom::config
