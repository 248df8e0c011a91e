#include "libprom/rules/restore.h"

#include <map>

#include "libprom/model/sample.h"

namespace prom::rules {
namespace {

struct Trace {
  std::int64_t t_ms = 0;
  double value = 0;
};

// The newest sample of each series that the rule may have written, by the
// labels of the alert.
Result<std::map<Labels, Trace>> traces(const Rule& rule,
                                       const query::Source& source,
                                       const query::SelectRange& range) {
  Matchers matchers;
  for (const auto& [name, value] : for_state_labels(rule, {}))
    // A template has another value in every series.
    if (value.find("{{") == std::string_view::npos)
      matchers.push_back(Matcher::equal(std::string(name), std::string(value)));
  auto selection = source.select(matchers, range);
  if (!selection) return fail(std::move(selection).error());
  std::map<Labels, Trace> found;
  const auto batch = (*selection)->new_batch();
  for (std::size_t i = 0; i < (*selection)->size(); ++i) {
    auto read = (*selection)->read(i, 1, *batch);
    if (!read) return fail(std::move(read).error());
    const SeriesSamples& samples = batch->series[0];
    std::size_t last = samples.t_ms.size();
    while (last > 0 && samples.t_ms[last - 1] > range.max_ms) --last;
    if (last == 0 || samples.t_ms[last - 1] < range.min_ms) continue;
    found.emplace(
        LabelsBuilder((*selection)->labels(i)).remove(kMetricName).build(),
        Trace{samples.t_ms[last - 1], samples.value[last - 1]});
  }
  return found;
}

}  // namespace

Status restore(GroupRunner& group, const query::Source& source,
               std::int64_t now_ms, const RestoreOptions& options) {
  Status first_failure;
  const query::SelectRange range{now_ms - options.outage_tolerance_ms, now_ms};
  for (std::size_t i = 0; i < group.group().rules.size(); ++i) {
    const Rule& rule = *group.group().rules[i];
    AlertingRule& alerting = group.alerting(i);
    if (!rule.is_alert || alerting.is_restored()) continue;
    alerting.set_restored();
    if (rule.for_ms < options.for_grace_ms) continue;
    auto found = traces(rule, source, range);
    if (!found) {
      if (first_failure) first_failure = fail(std::move(found).error());
      continue;
    }
    for (auto& [labels, alert] : alerting.alerts()) {
      const auto trace = found->find(labels);
      if (trace == found->end() || is_stale_nan(trace->second.value)) continue;
      alert.active_at_ms = resumed_active_at(
          static_cast<std::int64_t>(trace->second.value) * 1000,
          trace->second.t_ms / 1000 * 1000, now_ms, rule.for_ms,
          options.for_grace_ms);
    }
  }
  group.set_restored();
  return first_failure;
}

}  // namespace prom::rules
