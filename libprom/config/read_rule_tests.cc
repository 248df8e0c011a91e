#include <algorithm>

#include "libprom/base/duration.h"
#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/config/rule_tests_internal.h"

namespace prom::config {
namespace {

void read_start(Fields& fields, std::int64_t& into_ms) {
  std::string text;
  fields.text("start_timestamp", text);
  if (text.empty()) return;
  if (const auto seconds = parse_float(text)) {
    into_ms = static_cast<std::int64_t>(*seconds * 1000);
  } else if (const auto time = parse_rfc3339_ms(text)) {
    into_ms = *time;
  } else {
    fields.error("start_timestamp",
                 "cannot parse " + quote(text) + " to a valid timestamp");
  }
}

AlertRuleTest read_alert_test(FileReader& file, const YamlNode& node) {
  AlertRuleTest test{.at = node.at, .alertname = {}, .alerts = {}};
  Fields fields(file, node, "alert_rule_test");
  fields.duration("eval_time", test.eval_time_ms);
  fields.text("alertname", test.alertname);
  fields.each("exp_alerts", [&](const YamlNode& item) {
    ExpectedAlert& alert = test.alerts.emplace_back();
    Fields expected(file, item, "exp_alerts");
    expected.text_pairs("exp_labels", alert.labels);
    expected.text_pairs("exp_annotations", alert.annotations);
    expected.done();
  });
  fields.done();
  if (test.alertname.empty())
    fields.error("alertname",
                 "an item under alert_rule_test misses required attribute "
                 "alertname");
  return test;
}

ExpressionTest read_expression_test(FileReader& file, const YamlNode& node) {
  ExpressionTest test{.at = node.at, .expr = {}, .samples = {}};
  Fields fields(file, node, "promql_expr_test");
  fields.located("expr", test.expr);
  fields.duration("eval_time", test.eval_time_ms);
  fields.each("exp_samples", [&](const YamlNode& item) {
    ExpectedSample& sample = test.samples.emplace_back();
    Fields expected(file, item, "exp_samples");
    expected.text("labels", sample.labels);
    expected.number("value", sample.value);
    expected.text("histogram", sample.histogram);
    expected.done();
  });
  fields.done();
  return test;
}

RuleTest read_test(FileReader& file, const YamlNode& node) {
  RuleTest test;
  test.at = node.at;
  Fields fields(file, node, "test");
  fields.duration("interval", test.interval_ms);
  fields.text("name", test.name);
  fields.text("external_url", test.external_url);
  fields.text_pairs("external_labels", test.external_labels);
  read_start(fields, test.start_ms);
  fields.each("input_series", [&](const YamlNode& item) {
    RuleTestSeries& series = test.series.emplace_back();
    Fields input(file, item, "input_series");
    input.located("series", series.series);
    input.text("values", series.values);
    input.done();
  });
  fields.each("alert_rule_test", [&](const YamlNode& item) {
    test.alerts.push_back(read_alert_test(file, item));
  });
  fields.each("promql_expr_test", [&](const YamlNode& item) {
    test.expressions.push_back(read_expression_test(file, item));
  });
  fields.done();
  return test;
}

}  // namespace

void read_rule_tests(FileReader& file, const YamlNode& node,
                     RuleTestFile& into) {
  Fields fields(file, node, "test file");
  fields.texts("rule_files", into.rule_files);
  for (std::string& pattern : into.rule_files) pattern = file.joined(pattern);
  fields.duration("evaluation_interval", into.evaluation_interval_ms);
  if (into.evaluation_interval_ms == 0) into.evaluation_interval_ms = 60'000;
  fields.texts("group_eval_order", into.group_eval_order);
  fields.flag("fuzzy_compare", into.fuzzy_compare);
  fields.each("tests", [&](const YamlNode& item) {
    RuleTest test = read_test(file, item);
    if (test.interval_ms == 0) test.interval_ms = into.evaluation_interval_ms;
    into.tests.push_back(std::move(test));
  });
  fields.done();
  std::vector<std::string> names = into.group_eval_order;
  std::ranges::sort(names);
  const auto twice = std::ranges::adjacent_find(names);
  if (twice != names.end())
    fields.error("group_eval_order",
                 "group name repeated in evaluation order: " + *twice);
}

}  // namespace prom::config
