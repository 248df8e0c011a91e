#include "libprom/rules/compile.h"

#include <algorithm>
#include <map>

#include "libprom/base/checksum.h"
#include "libprom/promql/lint.h"
#include "libprom/promql/printer.h"
#include "libprom/rules/alert_template.h"

namespace prom::rules {
namespace {

// Byte `offset` of line `line` and column `column`, both 1-based, in `text`.
std::size_t offset_of(std::string_view text, std::uint32_t line,
                      std::uint32_t column) {
  std::size_t begin = 0;
  for (std::uint32_t i = 1; i < line; ++i) {
    const std::size_t end = text.find('\n', begin);
    if (end == std::string_view::npos) break;
    begin = end + 1;
  }
  return std::min(text.size(), begin + (column > 0 ? column - 1 : 0));
}

// A finding about a text within a file, moved to the file.
Diagnostic in_file(Diagnostic found, const config::LocatedText& text,
                   const std::string& path) {
  const TextPosition at =
      found.line == 0
          ? text.at
          : text.position_of(offset_of(text.text, found.line, found.column));
  found.file = path;
  found.line = at.line;
  found.column = at.column;
  if (!text.is_verbatim) found.width = 1;
  return found;
}

class Compiler {
 public:
  Compiler(const config::RuleFile& file, const CompileOptions& options,
           Compiled& out)
      : file_(file), options_(options), out_(out) {}

  void group(const config::RuleGroup& from) {
    Group group{.file = file_.path, .name = from.name, .rules = {}};
    group.interval_ms = from.interval_ms.value_or(options_.interval_ms);
    group.query_offset_ms =
        from.query_offset_ms.value_or(options_.query_offset_ms);
    group.limit = from.limit;
    const std::size_t errors_before = out_.errors.size();
    for (const config::Rule& one : from.rules) rule(from, one, group);
    if (out_.errors.size() != errors_before) return;
    group.fingerprint = fingerprint(group);
    out_.groups.push_back(std::move(group));
  }

 private:
  void rule(const config::RuleGroup& group, const config::Rule& from,
            Group& into) {
    auto rule = std::make_shared<Rule>();
    rule->is_alert = !from.alert.empty();
    rule->name = rule->is_alert ? from.alert : from.record;
    rule->for_ms = from.for_ms;
    rule->keep_firing_for_ms = from.keep_firing_for_ms;
    expression(from.expr, rule->expression);
    // The rule's own labels win over the group's.
    std::map<std::string, const config::LocatedText*> labels;
    for (const auto& [name, text] : group.labels) labels[name] = &text;
    for (const auto& [name, text] : from.labels) labels[name] = &text;
    for (const auto& [name, text] : labels)
      rule->labels.push_back(templated(*rule, "label", name, *text));
    for (const auto& [name, text] : from.annotations)
      rule->annotations.push_back(templated(*rule, "annotation", name, text));
    std::ranges::sort(rule->annotations, {}, &TemplatedText::name);
    into.rules.push_back(std::move(rule));
  }

  void expression(const config::LocatedText& text, Expression& into) {
    if (text.text.empty()) return;  // reading the file has said so
    auto parsed = promql::parse(text.text, options_.parse);
    if (!parsed) {
      for (const Diagnostic& found : parsed.error()) {
        Diagnostic moved = in_file(found, text, file_.path);
        moved.message = "could not parse expression: " + moved.message;
        out_.errors.push_back(std::move(moved));
      }
      return;
    }
    into.text = text.text;
    into.tree = std::move(*parsed);
    into.printed = promql::to_string(*into.tree);
  }

  // Only alerts have templates; a recording rule's labels are plain.
  TemplatedText templated(const Rule& rule, std::string_view what,
                          const std::string& name,
                          const config::LocatedText& text) {
    if (!rule.is_alert) return {.name = name, .source = text.text};
    TemplatedText compiled = compile_text(rule.name, name, text.text);
    if (compiled.parse_error.empty()) return compiled;
    templates::TemplateSet set(templates::prometheus_functions());
    Diagnostic found;
    const auto parsed =
        set.parse("__alert_" + rule.name,
                  std::string(kTemplatePreamble) + text.text, &found);
    if (found.line == 1 && found.column > kTemplatePreamble.size())
      found.column -= static_cast<std::uint32_t>(kTemplatePreamble.size());
    found = in_file(found, text, file_.path);
    found.message = std::string(what) + " \"" + name + "\": " +
                    (parsed ? compiled.parse_error : parsed.error().message);
    out_.errors.push_back(std::move(found));
    return compiled;
  }

  static std::uint64_t fingerprint(const Group& group) {
    std::string all;
    const auto add = [&all](std::string_view text) {
      append_varint(all, text.size());
      all += text;
    };
    for (const std::int64_t number :
         {group.interval_ms, group.query_offset_ms, group.limit})
      append_le(all, number);
    for (const auto& rule : group.rules) {
      add(rule->is_alert ? "alert" : "record");
      add(rule->name);
      add(rule->expression.text);
      append_le(all, rule->for_ms);
      append_le(all, rule->keep_firing_for_ms);
      for (const auto* texts : {&rule->labels, &rule->annotations}) {
        append_varint(all, texts->size());
        for (const TemplatedText& text : *texts) {
          add(text.name);
          add(text.source);
        }
      }
    }
    return hash64(all);
  }

  const config::RuleFile& file_;
  const CompileOptions& options_;
  Compiled& out_;
};

// Rules of a group that record or alert the same under the same labels.
void find_duplicates(const config::RuleFile& file, Diagnostics& found) {
  std::map<std::string, TextPosition> seen;
  for (const config::RuleGroup& group : file.groups) {
    for (const config::Rule& rule : group.rules) {
      LabelsBuilder labels;
      for (const auto& [name, text] : group.labels) labels.set(name, text.text);
      for (const auto& [name, text] : rule.labels) labels.set(name, text.text);
      const std::string name = rule.alert.empty() ? rule.record : rule.alert;
      const auto [first, is_new] =
          seen.emplace(name + labels.build().to_string(), rule.at);
      if (is_new) continue;
      found.push_back({.severity = Severity::kWarning,
                       .file = file.path,
                       .line = rule.name_at.line,
                       .column = rule.name_at.column,
                       .width = static_cast<std::uint32_t>(name.size()),
                       .message = "duplicate rule: \"" + name +
                                  "\" with these labels is also at line " +
                                  std::to_string(first->second.line),
                       .hint = {},
                       .check_id = "duplicate-rules"});
    }
  }
}

}  // namespace

Compiled compile(const config::RuleFile& file, const CompileOptions& options) {
  Compiled compiled;
  Compiler compiler(file, options, compiled);
  for (const config::RuleGroup& group : file.groups) compiler.group(group);
  return compiled;
}

Diagnostics lint(const config::RuleFile& file,
                 const promql::ParseOptions& options) {
  Diagnostics found = file.warnings;
  find_duplicates(file, found);
  for (const config::RuleGroup& group : file.groups) {
    for (const config::Rule& rule : group.rules) {
      const auto parsed = promql::parse(rule.expr.text, options);
      if (!parsed) continue;  // compile() tells
      const auto context = rule.alert.empty()
                               ? promql::LintContext::kRecordingRule
                               : promql::LintContext::kAlertingRule;
      for (Diagnostic& one : promql::lint(rule.expr.text, **parsed, context))
        found.push_back(in_file(std::move(one), rule.expr, file.path));
    }
  }
  std::ranges::stable_sort(found, [](const Diagnostic& a, const Diagnostic& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
  return found;
}

}  // namespace prom::rules
