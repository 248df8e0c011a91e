// Rule files by name, pattern or configuration, to groups ready to run.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "libprom/base/diagnostic.h"
#include "libprom/base/result.h"
#include "libprom/config/rules.h"
#include "libprom/model/relabel.h"
#include "libprom/rules/compile.h"
#include "libprom/rules/rule.h"

namespace prom::rules {

struct LoadedFile {
  std::string path;
  std::size_t rule_count = 0;
  Diagnostics errors;
  Diagnostics findings;  // of the linter
};

struct LoadedRules {
  std::vector<std::shared_ptr<const Group>> groups;  // in the order of files
  std::vector<LoadedFile> files;

  [[nodiscard]] bool has_errors() const;
  [[nodiscard]] Diagnostics all_errors() const;
};

// Reads every file, and goes on behind one that has errors.  `with_lint` also
// looks for what is legal but hardly meant.
LoadedRules load_rule_files(const std::vector<std::string>& paths,
                            const CompileOptions& options, bool with_lint,
                            NameValidation validation = NameValidation::kUtf8);

// All errors as one line, for tools that end on it.
Error to_error(const Diagnostics& errors);

}  // namespace prom::rules
