// From a loaded configuration to what the engine and the receivers work by.
#pragma once

#include <expected>
#include <memory>
#include <vector>

#include "libprom/alert/dispatcher.h"
#include "libprom/alert/inhibit.h"
#include "libprom/config/alertmanager.h"
#include "libprom/template/template.h"

namespace prom::alert {

struct Compiled {
  std::shared_ptr<const Plan> plan;
  std::vector<InhibitRule> inhibit_rules;
  std::shared_ptr<const templates::TemplateSet> templates;
  std::size_t integrations = 0;
  Diagnostics warnings;
};

// Everything that can be wrong beyond the form of the file: matchers, time
// zones, templates, receivers that this version has not.
std::expected<Compiled, Diagnostics> compile(
    const config::AlertmanagerConfig& config, MatcherMode mode);

// The definitions that every configuration begins with.
std::string_view default_templates();

}  // namespace prom::alert
