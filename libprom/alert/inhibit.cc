#include "libprom/alert/inhibit.h"

#include "libprom/alert/route.h"
#include "libprom/base/bytes.h"

namespace prom::alert {
namespace {

std::string equal_values(const std::vector<std::string>& names,
                         const Labels& labels) {
  std::string key;
  for (const std::string& name : names) {
    const std::string_view value = labels.get(name);
    append_varint(key, value.size());
    key += value;
  }
  return key;
}

}  // namespace

std::expected<std::vector<InhibitRule>, Diagnostics> build_inhibit_rules(
    const std::vector<config::InhibitRule>& rules, MatcherMode mode,
    const std::string& file, Diagnostics* warnings) {
  std::vector<InhibitRule> built;
  Diagnostics errors;
  for (const config::InhibitRule& rule : rules)
    built.push_back(
        {.name = rule.name,
         .source = compile_matchers(rule.source, mode, file, errors, warnings),
         .target = compile_matchers(rule.target, mode, file, errors, warnings),
         .equal = rule.equal});
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return built;
}

Inhibitor::Inhibitor(std::vector<InhibitRule> rules)
    : rules_(std::move(rules)), sources_(rules_.size()) {}

void Inhibitor::update(const AlertPtr& alert) {
  for (std::size_t i = 0; i < rules_.size(); ++i)
    if (matches_all(rules_[i].source, alert->labels))
      sources_[i][equal_values(rules_[i].equal, alert->labels)]
              [alert->fingerprint] = alert;
}

void Inhibitor::remove(const Alert& alert) {
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    const auto slot =
        sources_[i].find(equal_values(rules_[i].equal, alert.labels));
    if (slot == sources_[i].end()) continue;
    slot->second.erase(alert.fingerprint);
    if (slot->second.empty()) sources_[i].erase(slot);
  }
}

std::optional<std::uint64_t> Inhibitor::inhibited_by(
    const Labels& labels, std::int64_t now_ms) const {
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    const InhibitRule& rule = rules_[i];
    if (!matches_all(rule.target, labels)) continue;
    const auto slot = sources_[i].find(equal_values(rule.equal, labels));
    if (slot == sources_[i].end()) continue;
    // An alert that matches both sides is not inhibited by its like: it would
    // inhibit itself.
    const bool is_source = matches_all(rule.source, labels);
    for (const auto& [fingerprint, source] : slot->second) {
      if (source->resolved_at(now_ms)) continue;
      if (is_source && matches_all(rule.target, source->labels)) continue;
      return fingerprint;
    }
  }
  return std::nullopt;
}

}  // namespace prom::alert
