// Inhibition: alerts that keep others from being notified.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "libprom/alert/alert.h"
#include "libprom/alert/matcher.h"
#include "libprom/base/diagnostic.h"
#include "libprom/config/alertmanager.h"

namespace prom::alert {

struct InhibitRule {
  std::string name;
  LabelMatchers source;  // none match every alert
  LabelMatchers target;
  std::vector<std::string> equal;
};

std::expected<std::vector<InhibitRule>, Diagnostics> build_inhibit_rules(
    const std::vector<config::InhibitRule>& rules, MatcherMode mode,
    const std::string& file, Diagnostics* warnings);

// Knows the sources of every rule by the values of its `equal` labels, so that
// asking costs one look-up a rule.  Unlike upstream it remembers every source
// of such values, not only one.  One thread.
class Inhibitor {
 public:
  Inhibitor() = default;
  explicit Inhibitor(std::vector<InhibitRule> rules);

  // An alert that was stored, new or changed.
  void update(const AlertPtr& alert);
  // An alert that is stored no more.
  void remove(const Alert& alert);

  // The fingerprint of an active alert that inhibits `labels`; the first rule
  // that finds one decides.
  [[nodiscard]] std::optional<std::uint64_t> inhibited_by(
      const Labels& labels, std::int64_t now_ms) const;
  [[nodiscard]] const std::vector<InhibitRule>& rules() const { return rules_; }

 private:
  using Sources = std::unordered_map<std::uint64_t, AlertPtr>;
  std::vector<InhibitRule> rules_;
  // One table a rule: values of the `equal` labels to the sources with them.
  std::vector<std::unordered_map<std::string, Sources>> sources_;
};

}  // namespace prom::alert
