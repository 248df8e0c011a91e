#include <algorithm>
#include <array>
#include <utility>

#include "libprom/base/utf8.h"
#include "libprom/config/readers_internal.h"

namespace prom::config {
namespace {

constexpr std::array<std::pair<ScrapeProtocol, std::string_view>, 5>
    kProtocols = {
        {{ScrapeProtocol::kOpenMetricsText001, "OpenMetricsText0.0.1"},
         {ScrapeProtocol::kOpenMetricsText100, "OpenMetricsText1.0.0"},
         {ScrapeProtocol::kPrometheusProto, "PrometheusProto"},
         {ScrapeProtocol::kPrometheusText004, "PrometheusText0.0.4"},
         {ScrapeProtocol::kPrometheusText100, "PrometheusText1.0.0"}}};

constexpr std::array<std::pair<NameEscaping, std::string_view>, 4> kEscapings =
    {{{NameEscaping::kAllowUtf8, "allow-utf-8"},
      {NameEscaping::kUnderscores, "underscores"},
      {NameEscaping::kDots, "dots"},
      {NameEscaping::kValues, "values"}}};

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts)
    out += (out.empty() ? "" : " ") + printable(text);
  return "[" + out + "]";
}

void read_external_labels(Fields& fields, const Environment& environment,
                          GlobalConfig& into) {
  LocatedPairs pairs;
  fields.located_pairs("external_labels", pairs);
  LabelsBuilder labels;
  for (auto& [name, value] : pairs) {
    if (!is_valid_label_name(name, into.validation))
      fields.error("external_labels",
                   quote(name) + " is not a valid label name");
    const std::string expanded =
        expand_variables(value.text, [&](const std::string& variable) {
          if (variable == "$") return std::string("$");
          std::string found = environment(variable);
          if (found.empty())
            fields.file().warn(value.at, "environment variable " +
                                             quote(variable) +
                                             " is empty or not set");
          return found;
        });
    if (!is_valid_utf8(value.text))
      fields.file().error(value.at,
                          quote(value.text) + " is not a valid label value");
    labels.set(name, expanded);
  }
  into.external_labels = labels.build();
}

// Zero means: not set.
void read_intervals(Fields& fields, GlobalConfig& into) {
  std::int64_t interval_ms = 0;
  std::int64_t timeout_ms = 0;
  std::int64_t evaluation_ms = 0;
  fields.duration("scrape_interval", interval_ms);
  fields.duration("scrape_timeout", timeout_ms);
  fields.duration("evaluation_interval", evaluation_ms);
  fields.duration("rule_query_offset", into.rule_query_offset_ms);
  if (interval_ms != 0) into.scrape_interval_ms = interval_ms;
  if (evaluation_ms != 0) into.evaluation_interval_ms = evaluation_ms;
  if (timeout_ms > into.scrape_interval_ms)
    fields.error("scrape_timeout",
                 "global scrape timeout greater than scrape interval");
  into.scrape_timeout_ms = timeout_ms != 0 ? timeout_ms
                                           : std::min(into.scrape_timeout_ms,
                                                      into.scrape_interval_ms);
}

}  // namespace

std::string_view to_string(ScrapeProtocol protocol) {
  for (const auto& [known, name] : kProtocols) {
    if (known == protocol) return name;
  }
  return "";
}

std::optional<ScrapeProtocol> parse_scrape_protocol(std::string_view name) {
  for (const auto& [protocol, known] : kProtocols) {
    if (known == name) return protocol;
  }
  return std::nullopt;
}

std::string_view to_string(NameEscaping escaping) {
  for (const auto& [known, name] : kEscapings) {
    if (known == escaping) return name;
  }
  return "";
}

void read_name_validation(Fields& fields, NameValidation& into) {
  constexpr std::string_view kKey = "metric_name_validation_scheme";
  std::string name;
  fields.text(kKey, name);
  if (name == "utf8") {
    into = NameValidation::kUtf8;
  } else if (name == "legacy") {
    into = NameValidation::kLegacy;
  } else if (!name.empty()) {
    fields.error(kKey, "unrecognized ValidationScheme: " + quote(name));
  }
}

void read_name_escaping(Fields& fields, std::string_view scope,
                        std::optional<NameEscaping>& into) {
  constexpr std::string_view kKey = "metric_name_escaping_scheme";
  std::string name;
  fields.text(kKey, name);
  if (name.empty()) return;
  for (const auto& [escaping, known] : kEscapings) {
    if (known == name) {
      into = escaping;
      return;
    }
  }
  fields.error(kKey, "unknown " + std::string(scope) +
                         " name escaping method specified, must be one of "
                         "'allow-utf-8', 'underscores', 'dots', or 'values', "
                         "got " +
                         quote(name));
}

void read_scrape_protocols(Fields& fields, std::string_view suffix,
                           std::vector<ScrapeProtocol>& into) {
  constexpr std::string_view kKey = "scrape_protocols";
  const YamlNode* const node = fields.find(kKey);
  if (node == nullptr || node->is_null()) return;
  std::vector<std::string> names;
  fields.texts(kKey, names);
  if (names.empty() && node->is_sequence())
    fields.error(kKey,
                 "scrape_protocols cannot be empty" + std::string(suffix));
  for (const std::string& name : names) {
    const auto protocol = parse_scrape_protocol(name);
    if (!protocol) {
      fields.error(kKey, "scrape_protocols: unknown scrape protocol " +
                             printable(name) +
                             ", supported: [OpenMetricsText0.0.1 "
                             "OpenMetricsText1.0.0 PrometheusProto "
                             "PrometheusText0.0.4 PrometheusText1.0.0]" +
                             std::string(suffix));
    } else if (std::ranges::find(into, *protocol) != into.end()) {
      return fields.error(kKey,
                          "duplicated protocol in scrape_protocols, got " +
                              joined(names) + std::string(suffix));
    } else {
      into.push_back(*protocol);
    }
  }
}

void read_limits(Fields& fields, ScrapeLimits& into) {
  std::int64_t body_bytes = 0;
  fields.size("body_size_limit", body_bytes);
  if (body_bytes > 0) into.body_bytes = static_cast<std::uint64_t>(body_bytes);
  // Zero does not override what is inherited.
  const auto limit = [&](std::string_view key, std::uint64_t& value) {
    std::uint64_t own = 0;
    fields.count(key, own);
    if (own != 0) value = own;
  };
  limit("sample_limit", into.samples);
  limit("target_limit", into.targets);
  limit("label_limit", into.labels);
  limit("label_name_length_limit", into.label_name_bytes);
  limit("label_value_length_limit", into.label_value_bytes);
  limit("keep_dropped_targets", into.keep_dropped_targets);
}

void read_global(FileReader& file, const YamlNode& node,
                 const Environment& environment, GlobalConfig& into) {
  Fields fields(file, node, "global");
  read_intervals(fields, into);
  read_scrape_protocols(fields, " for global config", into.scrape_protocols);
  fields.path("query_log_file", into.query_log_file);
  fields.path("scrape_failure_log_file", into.scrape_failure_log_file);
  read_name_validation(fields, into.validation);
  read_name_escaping(fields, "global", into.escaping);
  read_external_labels(fields, environment, into);
  read_limits(fields, into.limits);
  fields.flag("scrape_native_histograms", into.scrape_native_histograms);
  fields.flag("convert_classic_histograms_to_nhcb",
              into.convert_classic_histograms_to_nhcb);
  fields.flag("always_scrape_classic_histograms",
              into.always_scrape_classic_histograms);
  fields.flag("extra_scrape_metrics", into.extra_scrape_metrics);
  fields.done();
}

}  // namespace prom::config
