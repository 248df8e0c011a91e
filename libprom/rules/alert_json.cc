#include "libprom/rules/alert_json.h"

#include "libprom/base/duration.h"
#include "libprom/base/json_writer.h"
#include "libprom/template/escape.h"

namespace prom::rules {

std::optional<OutgoingAlert> outgoing(const Alert& alert,
                                      std::string_view expression,
                                      std::string_view external_url,
                                      const Labels& external_labels,
                                      const RelabelConfigs& relabel_configs) {
  LabelsBuilder labels(alert.labels);
  // The alert's own labels win.
  for (const auto& [name, value] : external_labels)
    if (labels.get(name).empty()) labels.set(name, value);
  if (!relabel(labels, relabel_configs)) return std::nullopt;
  OutgoingAlert out{.labels = labels.build(),
                    .annotations = alert.annotations,
                    .generator_url = {}};
  if (out.labels.empty()) return std::nullopt;
  out.starts_at_ms =
      alert.fired_at_ms == kNever ? alert.active_at_ms : alert.fired_at_ms;
  out.ends_at_ms = alert.resolved_at_ms == kNever ? alert.valid_until_ms
                                                  : alert.resolved_at_ms;
  out.generator_url = std::string(external_url) + "/graph?g0.expr=" +
                      templates::url_query_escape(expression) + "&g0.tab=1";
  return out;
}

void append_json(std::string& out, const OutgoingAlert& alert) {
  JsonWriter json(out);
  json.begin_object();
  json.key("labels").begin_object();
  for (const auto& [name, value] : alert.labels) json.key(name).string(value);
  json.end_object();
  json.key("annotations").begin_object();
  for (const auto& [name, value] : alert.annotations)
    json.key(name).string(value);
  json.end_object();
  json.key("startsAt").string(format_rfc3339(alert.starts_at_ms));
  json.key("endsAt").string(format_rfc3339(alert.ends_at_ms));
  json.key("generatorURL").string(alert.generator_url);
  json.end_object();
}

}  // namespace prom::rules
