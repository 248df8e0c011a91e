// Alerts as the Alertmanager's API v2 takes them:
// {"labels":{…},"annotations":{…},"startsAt":…,"endsAt":…,"generatorURL":…}
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libprom/model/labels.h"
#include "libprom/model/relabel.h"
#include "libprom/rules/alert.h"

namespace prom::rules {

// An alert on its way, with what does not change from one Alertmanager to the
// next: external labels and the global relabelling are applied already.
struct OutgoingAlert {
  Labels labels;
  Annotations annotations;
  std::int64_t starts_at_ms = 0;
  std::int64_t ends_at_ms = 0;
  std::string generator_url;
};

// `expression` in upstream's normal form.  nullopt when relabelling drops it.
std::optional<OutgoingAlert> outgoing(const Alert& alert,
                                      std::string_view expression,
                                      std::string_view external_url,
                                      const Labels& external_labels,
                                      const RelabelConfigs& relabel_configs);

// Appends one JSON object.
void append_json(std::string& out, const OutgoingAlert& alert);

}  // namespace prom::rules
