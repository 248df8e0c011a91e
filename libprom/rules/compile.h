// From the rules of a file to rules that can be evaluated: expressions parsed,
// templates parsed, group labels merged.  Everything wrong is found at once,
// with file, line and column.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "libprom/base/diagnostic.h"
#include "libprom/config/rules.h"
#include "libprom/promql/parser.h"
#include "libprom/rules/rule.h"

namespace prom::rules {

struct CompileOptions {
  std::int64_t interval_ms = 60'000;  // of groups that state none
  std::int64_t query_offset_ms = 0;   // the same
  promql::ParseOptions parse;
};

struct Compiled {
  std::vector<Group> groups;
  // Errors; groups holds what has none.
  Diagnostics errors;
};
Compiled compile(const config::RuleFile& file, const CompileOptions& options);

// What is legal but hardly meant: rules that do the same as another one of
// their group, and what the linter of PromQL has to say.
Diagnostics lint(const config::RuleFile& file,
                 const promql::ParseOptions& options);

}  // namespace prom::rules
