#include "libprom/rules/load.h"

#include <algorithm>

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

LoadedRules load_rule_files(const std::vector<std::string>& paths,
                            const CompileOptions& options, bool with_lint,
                            NameValidation validation) {
  LoadedRules loaded;
  for (const std::string& path : paths) {
    LoadedFile file{.path = path, .errors = {}, .findings = {}};
    auto rules = config::load_rules(path, validation);
    if (!rules) {
      file.errors = std::move(rules).error();
      loaded.files.push_back(std::move(file));
      continue;
    }
    Compiled compiled = compile(*rules, options);
    for (const config::RuleGroup& group : rules->groups)
      file.rule_count += group.rules.size();
    file.errors = std::move(compiled.errors);
    if (with_lint) file.findings = lint(*rules, options.parse);
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
