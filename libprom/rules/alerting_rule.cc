#include "libprom/rules/alerting_rule.h"

#include <algorithm>

namespace prom::rules {
namespace {

constexpr std::string_view kAlertName = "alertname";
constexpr std::string_view kAlertState = "alertstate";
constexpr std::string_view kAlertsMetric = "ALERTS";
constexpr std::string_view kForStateMetric = "ALERTS_FOR_STATE";

// Labels of the rule that the alert's own do not replace, the alert's, a name.
LabelsBuilder series_labels(const Rule& rule, const Alert& alert,
                            std::string_view metric) {
  LabelsBuilder builder(rule.static_labels());
  for (const auto& [name, value] : alert.labels) builder.set(name, value);
  builder.set(kMetricName, metric).set(kAlertName, rule.name);
  return builder;
}

// Seconds, rounded down as Go's Unix() does.
double whole_seconds(std::int64_t t_ms) {
  const std::int64_t seconds = t_ms / 1000 - (t_ms % 1000 < 0 ? 1 : 0);
  return static_cast<double>(seconds);
}

// Whether an alert whose expression has no value any more keeps firing.
bool keeps_firing(const Rule& rule, Alert& alert, std::int64_t t_ms) {
  if (alert.state != AlertState::kFiring || rule.keep_firing_for_ms <= 0)
    return false;
  if (alert.keep_firing_since_ms == kNever) alert.keep_firing_since_ms = t_ms;
  return t_ms - alert.keep_firing_since_ms < rule.keep_firing_for_ms;
}

// Of an alert that is not active now.  False: it is forgotten.
bool deactivate(Alert& alert, std::int64_t t_ms) {
  const bool told_long_enough =
      alert.resolved_at_ms != kNever &&
      t_ms - alert.resolved_at_ms > kResolvedRetentionMs;
  if (alert.state == AlertState::kPending || told_long_enough) return false;
  if (alert.state != AlertState::kInactive) {
    alert.state = AlertState::kInactive;
    alert.resolved_at_ms = t_ms;
  }
  return true;
}

// Of an alert that is active: pending or firing by how long it has been.
void advance(const Rule& rule, Alert& alert, std::int64_t t_ms) {
  const bool long_enough = t_ms - alert.active_at_ms >= rule.for_ms;
  if (alert.state == AlertState::kPending && long_enough) {
    alert.state = AlertState::kFiring;
    alert.fired_at_ms = t_ms;
  }
  // A reload may have made `for` longer.
  if (alert.state == AlertState::kFiring && !long_enough) {
    alert.state = AlertState::kPending;
    alert.fired_at_ms = kNever;
    alert.last_sent_ms = kNever;
    alert.keep_firing_since_ms = kNever;
  }
}

}  // namespace

std::string_view to_string(AlertState state) {
  switch (state) {
    case AlertState::kInactive:
      return "inactive";
    case AlertState::kPending:
      return "pending";
    case AlertState::kFiring:
      return "firing";
  }
  return "";
}

bool Alert::needs_sending(std::int64_t t_ms,
                          std::int64_t resend_delay_ms) const {
  if (state == AlertState::kPending) return false;
  if (last_sent_ms == kNever) return true;
  if (resolved_at_ms > last_sent_ms) return true;
  return last_sent_ms + resend_delay_ms < t_ms;
}

Labels for_state_labels(const Rule& rule, const Alert& alert) {
  return series_labels(rule, alert, kForStateMetric).build();
}

// The alerts that the elements are, pending, as of context.t_ms.
Result<AlertMap> AlertingRule::instances(const Rule& rule,
                                         const std::vector<Element>& elements,
                                         const TemplateContext& context) const {
  AlertMap found;
  for (const Element& element : elements) {
    AlertExpander expander(context, element);
    LabelsBuilder builder(element.labels);
    builder.remove(kMetricName);
    for (const TemplatedText& label : rule.labels)
      builder.set(label.name, expander.expand(rule.name, label));
    builder.set(kAlertName, rule.name);
    Alert alert{.labels = builder.build(), .annotations = {}};
    for (const TemplatedText& annotation : rule.annotations)
      alert.annotations.emplace_back(annotation.name,
                                     expander.expand(rule.name, annotation));
    alert.value = element.value;
    alert.active_at_ms = context.t_ms;
    Labels key = alert.labels;
    if (!found.emplace(std::move(key), std::move(alert)).second)
      return fail(Code::kBadData,
                  "vector contains metrics with the same labelset after "
                  "applying alert labels");
  }
  return found;
}

Result<std::vector<Sample>> AlertingRule::update(
    const Rule& rule, const std::vector<Element>& elements,
    const TemplateContext& context, std::int64_t limit) {
  auto present = instances(rule, elements, context);
  if (!present) return fail(std::move(present).error());
  for (auto& [labels, alert] : *present) {
    const auto known = alerts_.find(labels);
    if (known != alerts_.end() &&
        known->second.state != AlertState::kInactive) {
      known->second.value = alert.value;
      known->second.annotations = std::move(alert.annotations);
    } else {
      alerts_.insert_or_assign(labels, std::move(alert));
    }
  }
  const std::int64_t t_ms = context.t_ms;
  const std::int64_t sample_ms = t_ms - context.query_offset_ms;
  std::vector<Sample> samples;
  std::int64_t active = 0;
  for (auto at = alerts_.begin(); at != alerts_.end();) {
    Alert& alert = at->second;
    if (present->contains(at->first)) {
      alert.keep_firing_since_ms = kNever;
    } else if (!keeps_firing(rule, alert, t_ms)) {
      at = deactivate(alert, t_ms) ? std::next(at) : alerts_.erase(at);
      continue;
    }
    ++active;
    advance(rule, alert, t_ms);
    if (restored_) {
      samples.push_back({series_labels(rule, alert, kAlertsMetric)
                             .set(kAlertState, to_string(alert.state))
                             .build(),
                         sample_ms, 1});
      samples.push_back({for_state_labels(rule, alert), sample_ms,
                         whole_seconds(alert.active_at_ms)});
    }
    ++at;
  }
  if (limit > 0 && active > limit) {
    alerts_.clear();
    return fail(Code::kLimit, "exceeded limit of " + std::to_string(limit) +
                                  " with " + std::to_string(active) +
                                  " alerts");
  }
  return samples;
}

std::vector<Alert> AlertingRule::take_unsent(std::int64_t t_ms,
                                             std::int64_t interval_ms,
                                             std::int64_t resend_delay_ms) {
  std::vector<Alert> unsent;
  for (auto& [labels, alert] : alerts_) {
    if (!alert.needs_sending(t_ms, resend_delay_ms)) continue;
    alert.last_sent_ms = t_ms;
    // Two evaluations or deliveries may fail before the alert ends by itself.
    alert.valid_until_ms = t_ms + 4 * std::max(interval_ms, resend_delay_ms);
    unsent.push_back(alert);
  }
  return unsent;
}

AlertState AlertingRule::state() const {
  AlertState highest = AlertState::kInactive;
  for (const auto& [labels, alert] : alerts_)
    highest = std::max(highest, alert.state);
  return highest;
}

std::int64_t resumed_active_at(std::int64_t active_at_ms,
                               std::int64_t down_at_ms, std::int64_t now_ms,
                               std::int64_t for_ms, std::int64_t grace_ms) {
  const std::int64_t pending_ms = down_at_ms - active_at_ms;
  const std::int64_t remaining_ms = for_ms - pending_ms;
  if (remaining_ms <= 0) return active_at_ms;  // it was firing
  if (remaining_ms < grace_ms) return now_ms + grace_ms - for_ms;
  return active_at_ms + (now_ms - down_at_ms);
}

}  // namespace prom::rules
