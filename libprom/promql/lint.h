// Finds expressions that are legal but hardly meant.  Each finding has a
// stable check id, a place in the text and, where there is one, a remedy.
// `prom-query check` and `prom-rules check` print them.  No check needs data:
// names tell what a metric is, as far as conventions go.
//
// The checks are listed in lint_checks() and described in promql(7).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "libprom/base/diagnostic.h"
#include "libprom/promql/ast.h"

namespace prom::promql {

// What the expression is for.
enum class LintContext : std::uint8_t { kQuery, kRecordingRule, kAlertingRule };

struct LintCheck {
  std::string_view id;       // "rate-of-gauge"
  std::string_view summary;  // one line
};
std::span<const LintCheck> lint_checks();

// At most 100 findings in the order of their places.  `text` is what `expr` was
// parsed from; lines and columns are counted in it.
// Those that a comment of the text takes back are left out.
Diagnostics lint(std::string_view text, const Expr& expr,
                 LintContext context = LintContext::kQuery);

// Removes findings that the text takes back: "# lint:ignore=regex-literal" or,
// for several, "# lint:ignore=a,b"; "# lint:ignore" alone takes back all.
void drop_suppressed(std::string_view text, Diagnostics& findings);

}  // namespace prom::promql
