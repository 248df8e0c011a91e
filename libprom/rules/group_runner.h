// Evaluates a group: its rules in order, each seeing what the ones before it
// recorded.  Keeps the states of its alerts and what it must mark stale.
//
// One thread at a time; who runs it sees to that.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "libprom/model/labels.h"
#include "libprom/rules/alerting_rule.h"
#include "libprom/rules/rule.h"
#include "libprom/rules/sample.h"

namespace prom::rules {

// What an evaluation needs from outside.
struct GroupContext {
  Evaluate evaluate;
  // Receives what one rule produced, before the next rule is evaluated.
  std::function<void(std::span<const Sample>)> record;
  // Receives alerts to be told and the rule they belong to.
  std::function<void(const Rule&, std::vector<Alert>)> notify;
  // A monotonic clock, for durations.
  std::function<std::int64_t()> clock_ns;
  Labels external_labels;
  std::string external_url;
  std::int64_t resend_delay_ms = 60'000;
  // Alerts are valid for four times this, the interval or the resend delay,
  // whichever is the longest.
  std::int64_t validity_ms = 0;
};

enum class Health { kUnknown, kGood, kBad };

// How a rule did when it was last evaluated.
struct RuleReport {
  Health health = Health::kUnknown;
  std::string last_error;
  std::int64_t last_evaluation_ms = kNever;
  std::int64_t duration_ns = 0;
};

struct GroupReport {
  std::uint64_t evaluations = 0;  // of rules; totals since the start
  std::uint64_t failures = 0;
  std::uint64_t expansions = 0;  // of templates
  std::uint64_t expansion_failures = 0;
  std::uint64_t samples = 0;  // of the last iteration
  std::int64_t last_evaluation_ms = kNever;
  std::int64_t duration_ns = 0;  // of the last iteration
};

class GroupRunner {
 public:
  explicit GroupRunner(std::shared_ptr<const Group> group);

  // One iteration at `t_ms`.  A rule that fails keeps its alerts and marks
  // nothing stale; the rules after it are evaluated all the same.
  void evaluate(std::int64_t t_ms, const GroupContext& context);

  // Takes over, after a reload, from a runner of the same file and name:
  // alerts and recorded series of rules with the same name and labels; what
  // other rules recorded goes stale at the next evaluation.
  void take_over(GroupRunner& from);
  // The series that this group keeps alive; for marking them stale when the
  // group is gone.
  [[nodiscard]] std::vector<Labels> live_series() const;

  [[nodiscard]] const Group& group() const { return *group_; }
  [[nodiscard]] AlertingRule& alerting(std::size_t rule) {
    return rules_[rule].alerting;
  }
  [[nodiscard]] const AlertingRule& alerting(std::size_t rule) const {
    return rules_[rule].alerting;
  }
  [[nodiscard]] const RuleReport& report(std::size_t rule) const {
    return rules_[rule].report;
  }
  [[nodiscard]] const GroupReport& report() const { return report_; }
  // Series that the rule produced last, for the state that survives a run.
  using SeriesSet = std::unordered_set<Labels, LabelsHash>;
  [[nodiscard]] const SeriesSet& previous(std::size_t rule) const {
    return rules_[rule].previous;
  }
  void set_previous(std::size_t rule, SeriesSet series) {
    rules_[rule].previous = std::move(series);
  }
  // ALERTS and ALERTS_FOR_STATE are written from now on.
  void set_restored();
  [[nodiscard]] bool is_restored() const;

 private:
  struct RuleState {
    AlertingRule alerting;
    SeriesSet previous;  // produced by the last good evaluation
    RuleReport report;
  };
  Result<std::vector<Sample>> evaluate_rule(std::size_t index,
                                            std::int64_t t_ms,
                                            const GroupContext& context);
  void settle(RuleState& state, std::vector<Sample> samples,
              std::int64_t sample_ms, const GroupContext& context);

  std::shared_ptr<const Group> group_;
  std::vector<RuleState> rules_;
  std::vector<Labels> orphans_;  // of rules that are gone
  GroupReport report_;
};

}  // namespace prom::rules
