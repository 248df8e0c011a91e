// The expressions of a rule file in upstream's layout, and everything else of
// the file as it is: comments, order, quoting of other fields.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "libprom/base/diagnostic.h"
#include "libprom/base/result.h"
#include "libprom/promql/parser.h"

namespace prom::query {

struct FormattedRules {
  std::string text;         // the whole file
  std::size_t changed = 0;  // expressions
  Diagnostics left;         // those that stay as they are, and why
};

// Fails with the first error of the file or of an expression (kConfig,
// kBadData).  The result has been read again and means the same.
Result<FormattedRules> format_rules(std::string_view text,
                                    const std::string& path,
                                    const promql::ParseOptions& options);

}  // namespace prom::query
