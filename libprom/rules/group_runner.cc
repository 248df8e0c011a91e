#include "libprom/rules/group_runner.h"

#include <algorithm>
#include <map>

#include "libprom/model/sample.h"
#include "libprom/os/log.h"
#include "libprom/rules/recording_rule.h"

namespace prom::rules {

GroupRunner::GroupRunner(std::shared_ptr<const Group> group)
    : group_(std::move(group)), rules_(group_->rules.size()) {}

void GroupRunner::evaluate(std::int64_t t_ms, const GroupContext& context) {
  const std::int64_t began_ns = context.clock_ns();
  const std::int64_t sample_ms = t_ms - group_->query_offset_ms;
  report_.samples = 0;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    RuleState& state = rules_[i];
    const std::int64_t rule_began_ns = context.clock_ns();
    ++report_.evaluations;
    auto samples = evaluate_rule(i, t_ms, context);
    state.report.last_evaluation_ms = t_ms;
    state.report.duration_ns = context.clock_ns() - rule_began_ns;
    if (!samples) {
      ++report_.failures;
      state.report.health = Health::kBad;
      state.report.last_error = samples.error().message;
      os::log_warn("evaluating rule failed",
                   {{"file", group_->file},
                    {"group", group_->name},
                    {"name", group_->rules[i]->name},
                    {"index", std::to_string(i)},
                    {"err", samples.error().message}});
      continue;
    }
    state.report.health = Health::kGood;
    state.report.last_error.clear();
    report_.samples += samples->size();
    settle(state, std::move(*samples), sample_ms, context);
  }
  if (!orphans_.empty()) {
    std::vector<Sample> stale;
    for (Labels& labels : orphans_)
      stale.push_back({std::move(labels), sample_ms, stale_nan()});
    orphans_.clear();
    context.record(stale);
  }
  report_.last_evaluation_ms = t_ms;
  report_.duration_ns = context.clock_ns() - began_ns;
}

Result<std::vector<Sample>> GroupRunner::evaluate_rule(
    std::size_t index, std::int64_t t_ms, const GroupContext& context) {
  const Rule& rule = *group_->rules[index];
  const std::int64_t query_ms = t_ms - group_->query_offset_ms;
  auto elements = context.evaluate(rule.expression, query_ms);
  if (!elements) return fail(std::move(elements).error());
  if (!rule.is_alert) return record(rule, *elements, query_ms, group_->limit);
  const TemplateContext texts{
      .external_labels = context.external_labels,
      .external_url = context.external_url,
      .t_ms = t_ms,
      .evaluate = &context.evaluate,
      .query_offset_ms = group_->query_offset_ms,
      .expansions = &report_.expansions,
      .failures = &report_.expansion_failures,
  };
  AlertingRule& alerting = rules_[index].alerting;
  auto samples = alerting.update(rule, *elements, texts, group_->limit);
  if (!samples) return samples;
  auto unsent =
      alerting.take_unsent(t_ms, group_->interval_ms, context.resend_delay_ms);
  if (!unsent.empty()) context.notify(rule, std::move(unsent));
  return samples;
}

// Hands the samples on, with stale markers for the series that are missing
// among them since the last good evaluation.
void GroupRunner::settle(RuleState& state, std::vector<Sample> samples,
                         std::int64_t sample_ms, const GroupContext& context) {
  SeriesSet present;
  for (const Sample& sample : samples) present.insert(sample.labels);
  std::vector<Labels> gone;
  for (const Labels& labels : state.previous)
    if (!present.contains(labels)) gone.push_back(labels);
  std::ranges::sort(gone);
  for (Labels& labels : gone)
    samples.push_back({std::move(labels), sample_ms, stale_nan()});
  if (!samples.empty()) context.record(samples);
  state.previous = std::move(present);
}

void GroupRunner::take_over(GroupRunner& from) {
  report_ = from.report_;
  // Of rules with the same name and labels the first meets the first.
  std::map<std::string, std::vector<std::size_t>> known;
  for (std::size_t i = from.rules_.size(); i-- > 0;)
    known[from.group_->rules[i]->identity()].push_back(i);
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    const auto found = known.find(group_->rules[i]->identity());
    if (found == known.end() || found->second.empty()) {
      // A new rule has nothing to be restored.
      rules_[i].alerting.set_restored();
      continue;
    }
    rules_[i] = std::move(from.rules_[found->second.back()]);
    found->second.pop_back();
  }
  orphans_ = std::move(from.orphans_);
  for (const auto& [identity, left] : known)
    for (const std::size_t i : left)
      orphans_.insert(orphans_.end(), from.rules_[i].previous.begin(),
                      from.rules_[i].previous.end());
}

std::vector<Labels> GroupRunner::live_series() const {
  std::vector<Labels> series = orphans_;
  for (const RuleState& state : rules_)
    series.insert(series.end(), state.previous.begin(), state.previous.end());
  return series;
}

void GroupRunner::set_restored() {
  for (RuleState& state : rules_) state.alerting.set_restored();
}

bool GroupRunner::is_restored() const {
  return std::ranges::all_of(rules_, [](const RuleState& state) {
    return state.alerting.is_restored();
  });
}

}  // namespace prom::rules
