// The state machine of an alerting rule: what pends, fires and is resolved.
//
//   the expression has a value      → pending; firing once it has lasted `for`
//   it has none, was pending        → forgotten
//   it has none, was firing         → firing for keep_firing_for, then inactive
//   inactive for kResolvedRetention → forgotten; until then told as resolved
//
// A failed evaluation changes nothing: no data is not the same as "I could not
// look".  One thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/rules/alert.h"
#include "libprom/rules/alert_template.h"
#include "libprom/rules/rule.h"
#include "libprom/rules/sample.h"

namespace prom::rules {

// How long a resolved alert is told again, in case the Alertmanager was away.
constexpr std::int64_t kResolvedRetentionMs = 15 * 60'000LL;

// By labels, so that everything that is printed or sent has one order.
using AlertMap = std::map<Labels, Alert>;

class AlertingRule {
 public:
  // Takes what the expression gave at context.t_ms and moves every alert on.
  // Returns ALERTS and ALERTS_FOR_STATE at that time less the query offset;
  // none before the state is restored.  On failure (duplicate labels, limit)
  // the states are as upstream leaves them: kept, or all forgotten beyond the
  // limit.
  Result<std::vector<Sample>> update(const Rule& rule,
                                     const std::vector<Element>& elements,
                                     const TemplateContext& context,
                                     std::int64_t limit);

  // Alerts to be told now; they are marked as sent, and valid until four
  // times the longer of interval and resend delay from now.
  std::vector<Alert> take_unsent(std::int64_t t_ms, std::int64_t interval_ms,
                                 std::int64_t resend_delay_ms);

  [[nodiscard]] const AlertMap& alerts() const { return alerts_; }
  [[nodiscard]] AlertMap& alerts() { return alerts_; }
  // The highest state of any alert.
  [[nodiscard]] AlertState state() const;

  [[nodiscard]] bool is_restored() const { return restored_; }
  void set_restored() { restored_ = true; }

 private:
  Result<AlertMap> instances(const Rule& rule,
                             const std::vector<Element>& elements,
                             const TemplateContext& context) const;

  AlertMap alerts_;
  bool restored_ = false;
};

// ALERTS_FOR_STATE{alertname, labels} of the rule and, with an alert, of that
// alert.  What is still a template is left out of a selection.
Labels for_state_labels(const Rule& rule, const Alert& alert);

// Where `for` continues after an outage: `down_at_ms` is the last time that
// the alert was known to be active since `active_at_ms`.  As upstream: time
// that passed unwatched does not count, and an alert has at least the grace
// period left, so that one does not fire on a first look.
std::int64_t resumed_active_at(std::int64_t active_at_ms,
                               std::int64_t down_at_ms, std::int64_t now_ms,
                               std::int64_t for_ms, std::int64_t grace_ms);

}  // namespace prom::rules
