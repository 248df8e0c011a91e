#include "libprom/rules/unit_test.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "libprom/base/duration.h"
#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/os/log.h"
#include "libprom/promql/printer.h"
#include "libprom/query/described_series.h"
#include "libprom/query/memory_source.h"
#include "libprom/rules/engine_glue.h"
#include "libprom/rules/group_runner.h"

namespace prom::rules {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Labels to_labels(const config::TextPairs& pairs) {
  LabelsBuilder builder;
  for (const auto& [name, value] : pairs) builder.set(name, value);
  return builder.build();
}

// Upstream writes a test's alerts so: labels, then annotations.
std::string alert_text(const Labels& labels, const Labels& annotations) {
  return labels.to_string() + " annotations " + annotations.to_string();
}

std::string sample_text(const Labels& labels, double value,
                        const FloatHistogram* histogram) {
  return labels.to_string() + " " +
         (histogram != nullptr ? histogram->to_string() : format_float(value));
}

bool same_value(double a, double b, bool fuzzy) {
  if (a == b) return true;
  return fuzzy && (std::nextafter(a, -kInfinity) == b ||
                   std::nextafter(a, kInfinity) == b);
}

// A value of an input series that is not loaded yet.
struct Pending {
  std::size_t series = 0;
  std::int64_t t_ms = 0;
  query::DescribedValue value;
};

struct Compared {
  Labels labels;
  double value = 0;
  std::shared_ptr<const FloatHistogram> histogram;
};

class TestRun {
 public:
  TestRun(const config::RuleTest& test, const TestSetup& setup)
      : test_(test),
        setup_(setup),
        source_(std::make_shared<query::MemorySource>()) {
    query::EngineOptions options;
    options.subquery_step_ms = setup.evaluation_interval_ms;
    options.parse = setup.parse;
    options.threads = 1;
    evaluate_ = make_evaluate(source_, options);
    for (const auto& group : setup.groups) {
      groups_.emplace_back(group);
      groups_.back().set_restored();
    }
  }

  std::vector<TestFailure> run() {
    load_input();
    if (failures_.empty()) step_through();
    if (!stopped_)
      for (const config::ExpressionTest& one : test_.expressions)
        check_expression(one);
    return std::move(failures_);
  }

 private:
  void fail_with(TextPosition at, std::string what, std::string reason) {
    failures_.push_back({.at = at,
                         .what = std::move(what),
                         .reason = std::move(reason),
                         .expected = {},
                         .got = {}});
  }

  void load_input() {
    for (const config::RuleTestSeries& input : test_.series) {
      const auto parsed = promql::parse_series_description(input.series.text +
                                                           " " + input.values);
      if (!parsed) {
        fail_with(input.series.at, "series " + input.series.text,
                  promql::error_text(parsed.error()));
        continue;
      }
      auto values = query::expand(*parsed);
      if (!values) {
        fail_with(input.series.at, "series " + input.series.text,
                  values.error().message);
        continue;
      }
      const bool histograms =
          std::ranges::any_of(*values, [](const query::DescribedValue& value) {
            return value.histogram.has_value();
          });
      histograms ? load_histograms(input, parsed->labels, *values)
                 : queue_floats(parsed->labels, *values);
    }
    std::ranges::stable_sort(pending_, {}, &Pending::t_ms);
  }

  // Loaded as a whole: counter resets depend on the neighbours.
  void load_histograms(const config::RuleTestSeries& input,
                       const Labels& labels,
                       const std::vector<query::DescribedValue>& values) {
    query::DescribedSeries series{labels, {}};
    std::int64_t t_ms = test_.start_ms;
    for (const query::DescribedValue& value : values) {
      if (!value.omitted)
        series.samples.push_back(
            {.t_ms = t_ms, .value = value.value, .histogram = value.histogram});
      t_ms += test_.interval_ms;
    }
    const auto loaded = query::load({series}, *source_);
    if (!loaded)
      fail_with(input.series.at, "series " + input.series.text,
                loaded.error().message);
  }

  void queue_floats(const Labels& labels,
                    const std::vector<query::DescribedValue>& values) {
    const std::size_t series = source_->series(labels);
    std::int64_t t_ms = test_.start_ms;
    for (const query::DescribedValue& value : values) {
      if (!value.omitted) pending_.push_back({series, t_ms, value});
      t_ms += test_.interval_ms;
    }
  }

  // An evaluation does not see the future, even with a negative offset.
  void load_until(std::int64_t t_ms) {
    for (; loaded_ < pending_.size() && pending_[loaded_].t_ms <= t_ms;
         ++loaded_) {
      const Pending& next = pending_[loaded_];
      source_->add(next.series, next.t_ms, next.value.value);
    }
  }

  [[nodiscard]] std::int64_t last_time_ms() const {
    std::int64_t last = 0;
    for (const auto& one : test_.alerts)
      last = std::max(last, one.eval_time_ms);
    for (const auto& one : test_.expressions)
      last = std::max(last, one.eval_time_ms);
    return last;
  }

  void step_through() {
    GroupContext context;
    context.evaluate = evaluate_;
    context.record = [this](std::span<const Sample> samples) {
      for (const Sample& sample : samples) {
        const std::size_t series = source_->series(sample.labels);
        if (sample.histogram != nullptr) {
          source_->add(series, sample.t_ms, *sample.histogram);
        } else {
          source_->add(series, sample.t_ms, sample.value);
        }
      }
    };
    context.notify = [](const Rule&, const std::vector<Alert>&) {};
    context.clock_ns = [] { return std::int64_t{0}; };
    context.external_labels = to_labels(test_.external_labels);
    context.external_url = test_.external_url;
    const std::int64_t step_ms = setup_.evaluation_interval_ms;
    const std::int64_t last_ms = last_time_ms();
    for (std::int64_t after_ms = 0; after_ms <= last_ms; after_ms += step_ms) {
      const std::int64_t t_ms = test_.start_ms + after_ms;
      load_until(t_ms);
      for (GroupRunner& group : groups_) {
        group.evaluate(t_ms, context);
        report_errors(group, after_ms);
      }
      if (stopped_) return;
      for (const config::AlertRuleTest& one : test_.alerts)
        if (one.eval_time_ms >= after_ms &&
            one.eval_time_ms < after_ms + step_ms)
          check_alerts(one);
    }
  }

  void report_errors(const GroupRunner& group, std::int64_t after_ms) {
    for (std::size_t i = 0; i < group.group().rules.size(); ++i) {
      const RuleReport& report = group.report(i);
      if (report.health != Health::kBad) continue;
      fail_with(test_.at,
                "rule " + group.group().rules[i]->name + " at " +
                    format_duration(after_ms),
                report.last_error);
      stopped_ = true;
    }
  }

  void check_alerts(const config::AlertRuleTest& one) {
    std::vector<std::string> got;
    for (const GroupRunner& group : groups_) {
      for (std::size_t i = 0; i < group.group().rules.size(); ++i) {
        const Rule& rule = *group.group().rules[i];
        if (!rule.is_alert || rule.name != one.alertname) continue;
        for (const auto& [labels, alert] : group.alerting(i).alerts())
          if (alert.state == AlertState::kFiring)
            got.push_back(alert_text(labels, to_labels(alert.annotations)));
      }
    }
    std::vector<std::string> expected;
    for (const config::ExpectedAlert& alert : one.alerts) {
      LabelsBuilder labels(to_labels(alert.labels));
      labels.set("alertname", one.alertname);
      expected.push_back(
          alert_text(labels.build(), to_labels(alert.annotations)));
    }
    std::ranges::sort(got);
    std::ranges::sort(expected);
    if (got == expected) return;
    failures_.push_back({.at = one.at,
                         .what = "alert " + one.alertname + " at " +
                                 format_duration(one.eval_time_ms),
                         .reason = {},
                         .expected = std::move(expected),
                         .got = std::move(got)});
  }

  Result<std::vector<Compared>> expected_samples(
      const config::ExpressionTest& one) const {
    std::vector<Compared> expected;
    for (const config::ExpectedSample& sample : one.samples) {
      const auto labels =
          promql::parse_metric(sample.labels.empty() ? "{}" : sample.labels);
      if (!labels)
        return fail(Code::kBadData, "labels " + quote(sample.labels) + ": " +
                                        promql::error_text(labels.error()));
      Compared compared{*labels, sample.value, nullptr};
      if (!sample.histogram.empty()) {
        const auto parsed =
            promql::parse_series_description("{} " + sample.histogram);
        if (!parsed)
          return fail(Code::kBadData,
                      "histogram: " + promql::error_text(parsed.error()));
        auto values = query::expand(*parsed);
        if (!values) return fail(std::move(values).error());
        if (values->size() != 1 || !values->front().histogram)
          return fail(Code::kBadData,
                      "expected one histogram, got " + sample.histogram);
        compared.histogram =
            std::make_shared<const FloatHistogram>(*values->front().histogram);
      }
      expected.push_back(std::move(compared));
    }
    return expected;
  }

  void check_expression(const config::ExpressionTest& one) {
    const std::string what = "expression " + one.expr.text + " at " +
                             format_duration(one.eval_time_ms);
    auto parsed = promql::parse(one.expr.text, setup_.parse);
    if (!parsed)
      return fail_with(one.expr.at, what, promql::error_text(parsed.error()));
    auto elements = evaluate_({one.expr.text, {}, std::move(*parsed)},
                              test_.start_ms + one.eval_time_ms);
    if (!elements) return fail_with(one.at, what, elements.error().message);
    auto expected = expected_samples(one);
    if (!expected) return fail_with(one.at, what, expected.error().message);
    std::vector<Compared> got;
    for (Element& element : *elements)
      got.push_back({std::move(element.labels), element.value,
                     std::move(element.histogram)});
    std::ranges::stable_sort(got, {}, &Compared::labels);
    std::ranges::stable_sort(*expected, {}, &Compared::labels);
    const bool same = std::ranges::equal(
        got, *expected,
        [&](const Compared& a, const Compared& b) { return matches(a, b); });
    if (same) return;
    TestFailure failure{
        .at = one.at, .what = what, .reason = {}, .expected = {}, .got = {}};
    for (const Compared& sample : *expected)
      failure.expected.push_back(
          sample_text(sample.labels, sample.value, sample.histogram.get()));
    for (const Compared& sample : got)
      failure.got.push_back(
          sample_text(sample.labels, sample.value, sample.histogram.get()));
    failures_.push_back(std::move(failure));
  }

  [[nodiscard]] bool matches(const Compared& got, const Compared& want) const {
    if (got.labels != want.labels) return false;
    if ((got.histogram == nullptr) != (want.histogram == nullptr)) return false;
    if (got.histogram == nullptr)
      return same_value(got.value, want.value, setup_.fuzzy_compare);
    // Empty buckets at the ends make no difference to what a test says.
    FloatHistogram a = *got.histogram;
    FloatHistogram b = *want.histogram;
    a.compact(0);
    b.compact(0);
    return a.equals(b);
  }

  const config::RuleTest& test_;
  const TestSetup& setup_;
  std::shared_ptr<query::MemorySource> source_;
  Evaluate evaluate_;
  std::vector<GroupRunner> groups_;
  std::vector<Pending> pending_;
  std::size_t loaded_ = 0;  // of pending_
  std::vector<TestFailure> failures_;
  bool stopped_ = false;
};

}  // namespace

std::vector<TestFailure> run_test(const config::RuleTest& test,
                                  const TestSetup& setup) {
  return TestRun(test, setup).run();
}

}  // namespace prom::rules
