#include <set>

#include "libprom/base/utf8.h"
#include "libprom/config/readers_internal.h"

namespace prom::config {
namespace {

// Messages about a rule begin with whose it is.
class RuleReader {
 public:
  RuleReader(FileReader& file, const YamlNode& node, const RuleGroup& group,
             NameValidation validation)
      : fields_(file, node, "rule"), group_(group), validation_(validation) {}

  void read(Rule& into) {
    into.at = fields_.node().at;
    fields_.text("record", into.record);
    fields_.text("alert", into.alert);
    fields_.located("expr", into.expr);
    fields_.duration("for", into.for_ms);
    fields_.duration("keep_firing_for", into.keep_firing_for_ms);
    fields_.located_pairs("labels", into.labels);
    fields_.located_pairs("annotations", into.annotations);
    fields_.done();
    into.name_at = fields_.at(into.alert.empty() ? "record" : "alert");
    check(into);
  }

 private:
  void error(std::string_view key, const Rule& rule, std::string message) {
    fields_.error(
        key, "group " + quote(group_.name) + ", rule " +
                 std::to_string(group_.rules.size()) + ", " +
                 quote(rule.alert.empty() ? rule.record : rule.alert) + ": " +
                 std::move(message));
  }

  void check(const Rule& rule) {
    if (!rule.record.empty() && !rule.alert.empty())
      error("alert", rule, "only one of 'record' and 'alert' must be set");
    if (rule.record.empty() && rule.alert.empty())
      error("record", rule, "one of 'record' or 'alert' must be set");
    if (rule.expr.text.empty())
      error("expr", rule, "field 'expr' must be set in rule");
    if (!rule.record.empty()) check_recording(rule);
    for (const auto& [name, value] : rule.labels) {
      if (!is_valid_label_name(name, validation_) || name == kMetricName)
        error("labels", rule, "invalid label name: " + printable(name));
      if (!is_valid_utf8(value.text))
        error("labels", rule, "invalid label value: " + printable(value.text));
    }
    for (const auto& [name, value] : rule.annotations) {
      if (!is_valid_label_name(name, validation_))
        error("annotations", rule,
              "invalid annotation name: " + printable(name));
    }
  }

  void check_recording(const Rule& rule) {
    const std::string shown = printable(rule.record);
    if (!rule.annotations.empty())
      error("annotations", rule,
            "invalid field 'annotations' in recording rule");
    if (rule.for_ms != 0)
      error("for", rule, "invalid field 'for' in recording rule");
    if (rule.keep_firing_for_ms != 0)
      error("keep_firing_for", rule,
            "invalid field 'keep_firing_for' in recording rule");
    if (!is_valid_metric_name(rule.record, validation_))
      error("record", rule, "invalid recording rule name: " + shown);
    if (rule.record.find_first_of("{}") != std::string::npos)
      error("record", rule,
            "braces present in the recording rule name; should it be in "
            "expr?: " +
                shown);
  }

  Fields fields_;
  const RuleGroup& group_;
  const NameValidation validation_;
};

void read_group(FileReader& file, const YamlNode& node,
                NameValidation validation, RuleGroup& into) {
  into.at = node.at;
  Fields fields(file, node, "rule group");
  fields.text("name", into.name);
  fields.duration("interval", into.interval_ms);
  fields.duration("query_offset", into.query_offset_ms);
  fields.integer("limit", into.limit);
  fields.located_pairs("labels", into.labels);
  if (into.interval_ms == 0) into.interval_ms.reset();
  if (into.name.empty()) fields.error("name", "Groupname must not be empty");
  for (const auto& [name, value] : into.labels) {
    if (!is_valid_label_name(name, validation) || name == kMetricName)
      fields.error("labels", "invalid label name: " + printable(name));
    if (!is_valid_utf8(value.text))
      fields.error("labels", "invalid label value: " + printable(value.text));
  }
  fields.each("rules", [&](const YamlNode& rule) {
    Rule& next = into.rules.emplace_back();
    RuleReader(file, rule, into, validation).read(next);
  });
  fields.done();
}

}  // namespace

void read_rule_file(FileReader& file, const YamlNode& node,
                    NameValidation validation, RuleFile& into) {
  Fields fields(file, node, "rule file");
  std::set<std::string> names;
  fields.each("groups", [&](const YamlNode& group) {
    RuleGroup& next = into.groups.emplace_back();
    read_group(file, group, validation, next);
    if (!names.insert(next.name).second)
      file.error(group, "groupname: " + quote(next.name) +
                            " is repeated in the same file");
  });
  fields.done();
}

}  // namespace prom::config
