#include <algorithm>

#include "libprom/base/utf8.h"
#include "libprom/config/readers_internal.h"

namespace prom::config {
namespace {

std::string for_job(const ScrapeConfig& config) {
  return " for scrape config with job name " + quote(config.job_name);
}

void inherit(const GlobalConfig& global, ScrapeConfig& into) {
  into.limits = global.limits;
  into.scrape_failure_log_file = global.scrape_failure_log_file;
  into.validation = global.validation;
  into.scrape_native_histograms = global.scrape_native_histograms;
  into.convert_classic_histograms_to_nhcb =
      global.convert_classic_histograms_to_nhcb;
  into.always_scrape_classic_histograms =
      global.always_scrape_classic_histograms;
  into.extra_scrape_metrics = global.extra_scrape_metrics;
}

void read_intervals(Fields& fields, const GlobalConfig& global,
                    ScrapeConfig& into) {
  std::int64_t interval_ms = 0;
  std::int64_t timeout_ms = 0;
  fields.duration("scrape_interval", interval_ms);
  fields.duration("scrape_timeout", timeout_ms);
  into.scrape_interval_ms =
      interval_ms != 0 ? interval_ms : global.scrape_interval_ms;
  if (timeout_ms > into.scrape_interval_ms)
    fields.error("scrape_timeout",
                 "scrape timeout greater than scrape interval" + for_job(into));
  into.scrape_timeout_ms = timeout_ms != 0 ? timeout_ms
                                           : std::min(global.scrape_timeout_ms,
                                                      into.scrape_interval_ms);
}

void read_protocols(Fields& fields, const GlobalConfig& global,
                    ScrapeConfig& into) {
  using enum ScrapeProtocol;
  read_scrape_protocols(fields, for_job(into), into.scrape_protocols);
  if (into.scrape_protocols.empty())
    into.scrape_protocols = global.scrape_protocols;
  if (into.scrape_protocols.empty()) {
    into.scrape_protocols = {kOpenMetricsText100, kOpenMetricsText001,
                             kPrometheusText100, kPrometheusText004};
    if (into.scrape_native_histograms)
      into.scrape_protocols.insert(into.scrape_protocols.begin(),
                                   kPrometheusProto);
  }
  std::string fallback;
  fields.text("fallback_scrape_protocol", fallback);
  if (fallback.empty()) return;
  into.fallback_scrape_protocol = parse_scrape_protocol(fallback);
  if (!into.fallback_scrape_protocol)
    fields.error("fallback_scrape_protocol",
                 "invalid fallback_scrape_protocol" + for_job(into) +
                     ": unknown scrape protocol " + printable(fallback) +
                     ", supported: [OpenMetricsText0.0.1 "
                     "OpenMetricsText1.0.0 PrometheusProto "
                     "PrometheusText0.0.4 PrometheusText1.0.0]");
}

// The job's own escaping, else the global one where the job does not choose
// its names itself, else what the names call for.
void read_names(Fields& fields, const GlobalConfig& global,
                ScrapeConfig& into) {
  const auto natural = [](NameValidation validation) {
    return validation == NameValidation::kLegacy ? NameEscaping::kUnderscores
                                                 : NameEscaping::kAllowUtf8;
  };
  std::string own;
  fields.text("metric_name_validation_scheme", own);
  read_name_validation(fields, into.validation);
  std::optional<NameEscaping> escaping;
  read_name_escaping(fields, "scrape config", escaping);
  if (!escaping && own.empty()) escaping = global.escaping;
  into.escaping = escaping.value_or(natural(into.validation));
  if (into.escaping == NameEscaping::kAllowUtf8 &&
      into.validation != NameValidation::kUtf8)
    fields.error("metric_name_escaping_scheme",
                 "utf8 metric names requested but validation scheme is not "
                 "set to UTF8");
}

void read_params(Fields& fields, ScrapeConfig& into) {
  fields.map("params", [&](const YamlNode& params) {
    for (const auto& [name, values] : params.pairs) {
      auto& param =
          into.params.emplace_back(name->text, std::vector<std::string>());
      read_texts(fields.file(), *values, "params", param.second);
    }
  });
  std::ranges::sort(into.params);
}

void read_switches(Fields& fields, ScrapeConfig& into) {
  fields.flag("honor_labels", into.honor_labels);
  fields.flag("honor_timestamps", into.honor_timestamps);
  fields.flag("track_timestamps_staleness", into.track_timestamps_staleness);
  fields.flag("enable_compression", into.enable_compression);
  // Unlike the four above, null means: not set.
  const auto inherited = [&](std::string_view key, bool& value) {
    std::optional<bool> own;
    fields.flag(key, own);
    value = own.value_or(value);
  };
  inherited("scrape_native_histograms", into.scrape_native_histograms);
  inherited("convert_classic_histograms_to_nhcb",
            into.convert_classic_histograms_to_nhcb);
  inherited("always_scrape_classic_histograms",
            into.always_scrape_classic_histograms);
  inherited("extra_scrape_metrics", into.extra_scrape_metrics);
}

}  // namespace

void read_scrape_config(FileReader& file, const YamlNode& node,
                        const GlobalConfig& global, ScrapeConfig& into) {
  into.file = file.path();
  into.at = node.at;
  inherit(global, into);
  Fields fields(file, node, "scrape_config");
  fields.text("job_name", into.job_name);
  if (into.job_name.empty()) fields.error("job_name", "job_name is empty");
  if (!is_valid_utf8(into.job_name))
    fields.error("job_name", "job_name is not valid UTF-8");
  read_intervals(fields, global, into);
  read_switches(fields, into);
  read_protocols(fields, global, into);
  read_names(fields, global, into);
  read_params(fields, into);
  fields.text("metrics_path", into.metrics_path);
  fields.text("scheme", into.scheme);
  std::string log_file;
  fields.path("scrape_failure_log_file", log_file);
  if (!log_file.empty()) into.scrape_failure_log_file = log_file;
  read_limits(fields, into.limits);
  fields.count("native_histogram_bucket_limit",
               into.native_histogram_bucket_limit);
  fields.number("native_histogram_min_bucket_factor",
                into.native_histogram_min_bucket_factor);
  read_relabel_configs(fields, "relabel_configs",
                       "empty or null target relabeling rule in scrape config",
                       into.validation, into.relabel_configs);
  read_relabel_configs(fields, "metric_relabel_configs",
                       "empty or null metric relabeling rule in scrape config",
                       into.validation, into.metric_relabel_configs);
  read_discovery(fields, !into.relabel_configs.empty(), into.discovery);
  read_http_client(fields, into.http);
  fields.done();
}

}  // namespace prom::config
