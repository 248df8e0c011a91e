// Any text is either refused with a place inside of it, or makes a tree that
// is the same after it was printed, laid out and copied.  The first byte
// chooses what is parsed.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "libprom/promql/format.h"
#include "libprom/promql/lint.h"
#include "libprom/promql/parser.h"
#include "libprom/promql/prepare.h"
#include "libprom/promql/printer.h"
#include "libprom/promql/series_description.h"
#include "libprom/promql/walk.h"

namespace {

using namespace prom;          // NOLINT(google-build-using-namespace)
using namespace prom::promql;  // NOLINT(google-build-using-namespace)

void require(bool ok) {
  if (!ok) std::abort();
}

void check_failure(std::string_view text, const Diagnostics& diagnostics) {
  require(!diagnostics.empty() && diagnostics.size() <= kDiagnosticsMax);
  for (const Diagnostic& d : diagnostics) {
    require(!d.message.empty());
    require(text.empty() || (d.line >= 1 && d.column >= 1));
    require(d.column <= text.size() + 1);
  }
}

// Milliseconds beyond this do not survive as seconds in a double.
bool is_exact(const At& at) {
  return std::abs(static_cast<double>(at.ms)) < 0x1p51;
}

bool can_be_compared(const Expr& root) {
  bool exact = true;
  for_each_node(root, [&](const Expr& expr) {
    if (const auto* vector = expr.as<VectorSelector>())
      exact = exact && is_exact(vector->at);
    if (const auto* matrix = expr.as<MatrixSelector>())
      exact = exact && is_exact(matrix->selector.at);
    if (const auto* subquery = expr.as<Subquery>())
      exact = exact && is_exact(subquery->at);
  });
  return exact;
}

void check_same(const Expr& expr, const std::string& text) {
  if (text.size() > kExpressionBytesMax) return;
  const auto again = parse(text, ParseOptions::all());
  require(again.has_value());
  require(same_tree(expr, **again));
}

void check_tree(std::string_view text, ExprPtr expr) {
  require(same_tree(*expr, *clone(*expr)));
  if (can_be_compared(*expr)) {
    check_same(*expr, to_string(*expr));
    check_same(*expr, pretty(*expr));
  }
  (void)lint(text, *expr, LintContext::kAlertingRule);
  const QueryTimes times = {1'000'000, 2'000'000, 15'000};
  if (prepare(expr, times)) (void)selector_spans(*expr, times, 300'000);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1),
                              size - 1);
  switch (data[0]) {
    case 's': {
      const auto series = parse_series_description(text);
      if (!series) check_failure(text, series.error());
      break;
    }
    case 'm': {
      const auto matchers = parse_selector(text);
      if (!matchers) check_failure(text, matchers.error());
      const auto metric = parse_metric(text);
      if (!metric) check_failure(text, metric.error());
      break;
    }
    default: {
      auto expr = parse(text, ParseOptions::all());
      if (expr) {
        check_tree(text, *std::move(expr));
      } else {
        check_failure(text, expr.error());
      }
    }
  }
  return 0;
}
