#include "libprom/rules/load.h"

#include <algorithm>
#include <set>
#include <utility>

#include "libprom/config/load.h"

namespace prom::rules {

bool LoadedRules::has_errors() const {
  return std::ranges::any_of(
      files, [](const LoadedFile& file) { return !file.errors.empty(); });
}

Diagnostics LoadedRules::all_errors() const {
  Diagnostics all;
  for (const LoadedFile& file : files)
    all.insert(all.end(), file.errors.begin(), file.errors.end());
  return all;
}

namespace {

// By place; of a line that has an error already only that one, because what
// is missing or misread there has no expression to speak of.
Diagnostics joined(Diagnostics errors, const Diagnostics& more) {
  std::set<std::uint32_t> lines = {0};
  for (const Diagnostic& error : errors) lines.insert(error.line);
  for (const Diagnostic& error : more) {
    if (!lines.contains(error.line)) errors.push_back(error);
  }
  std::ranges::stable_sort(
      errors, [](const Diagnostic& a, const Diagnostic& b) {
        return std::pair(a.line, a.column) < std::pair(b.line, b.column);
      });
  return errors;
}

}  // namespace

LoadedRules load_rule_files(const std::vector<std::string>& paths,
                            const CompileOptions& options, bool with_lint,
                            NameValidation validation) {
  LoadedRules loaded;
  for (const std::string& path : paths) {
    LoadedFile file{.path = path, .errors = {}, .findings = {}};
    config::ReadRules rules = config::read_rules(path, validation);
    // Expressions and templates are looked at even when fields are wrong, so
    // that one run reports everything.
    Compiled compiled = compile(rules.file, options);
    for (const config::RuleGroup& group : rules.file.groups)
      file.rule_count += group.rules.size();
    file.errors = std::move(compiled.errors);
    if (rules.failed) {
      file.errors = joined(std::move(rules.findings), file.errors);
      loaded.files.push_back(std::move(file));
      continue;
    }
    rules.file.warnings = std::move(rules.findings);
    if (with_lint) file.findings = lint(rules.file, options.parse);
    for (Group& group : compiled.groups)
      loaded.groups.push_back(std::make_shared<const Group>(std::move(group)));
    loaded.files.push_back(std::move(file));
  }
  return loaded;
}

Error to_error(const Diagnostics& errors) {
  if (errors.empty()) return {Code::kInternal, "no error"};
  std::string text = errors.front().to_string();
  if (errors.size() > 1)
    text += " (and " + std::to_string(errors.size() - 1) + " more)";
  return {Code::kConfig, std::move(text)};
}

}  // namespace prom::rules
