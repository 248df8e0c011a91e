// Reads PromQL, the language of Prometheus 3.14.
//
// The parser is written by hand: precedence climbing over the tokens of
// lexer.h, then one pass that checks types.  Messages and their places are
// upstream's; where upstream stops at the first mistake, this parser reports
// what else it can see without guessing.  Pure functions, any thread.
//
// Limits: kExpressionBytesMax, kNestingMax, kOperatorsMax.  They bound time,
// memory and the stack of everything that walks a tree.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libprom/base/diagnostic.h"
#include "libprom/base/result.h"
#include "libprom/model/labels.h"
#include "libprom/model/matcher.h"
#include "libprom/promql/ast.h"

namespace prom::promql {

constexpr std::size_t kExpressionBytesMax = std::size_t{64} << 10;
constexpr int kNestingMax = 128;     // parentheses, arguments, signs
constexpr int kOperatorsMax = 1024;  // binary operators and subqueries
constexpr std::size_t kDiagnosticsMax = 20;

// The parts of the language that upstream hides behind --enable-feature.
struct ParseOptions {
  bool experimental_functions = false;    // promql-experimental-functions
  bool extended_range_selectors = false;  // promql-extended-range-selectors
  bool fill_modifiers = false;            // promql-binop-fill-modifiers

  // Everything on, as upstream's own language tests have it.
  static ParseOptions all();
  // Turns on the feature of that name.  False for a name that does not
  // concern the language, which is not an error: the flag is shared with
  // other parts.  Names that upstream retired are accepted and do nothing.
  bool enable(std::string_view feature);
};

template <typename T>
using Parsed = std::expected<T, Diagnostics>;

// Parses a whole expression.  On failure there is at least one Diagnostic, in
// the order in which they were found; the first is the one upstream reports.
Parsed<ExprPtr> parse(std::string_view text, const ParseOptions& options = {});

// Parses a series selector as in match[]=…: name{label="value"}, without
// modifiers.  As upstream, it may match everything; the caller decides whether
// it has to have a matcher that does not match the empty string.
Parsed<Matchers> parse_selector(std::string_view text);

// Parses a series: name{label="value"}.
Parsed<Labels> parse_metric(std::string_view text);

// The line that upstream's API and promtool show for a failed parse:
// "1:5: parse error: unexpected …".  REQUIRES: !diagnostics.empty()
std::string error_text(const Diagnostics& diagnostics);

// The same as an Error, for callers that pass Results on.
Error to_error(const Diagnostics& diagnostics);

}  // namespace prom::promql
