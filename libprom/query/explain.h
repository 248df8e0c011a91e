// What an expression does, node by node: its type, how many series and samples
// come out of it, and how long that takes.  Used by `prom-query explain` and by
// the REPL.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libprom/promql/ast.h"
#include "libprom/query/engine.h"
#include "libprom/query/query_options.h"
#include "libprom/query/source.h"

namespace prom::query {

struct ExplainedNode {
  std::size_t depth = 0;
  std::string text;  // the node without its operands: "sum by (job)"
  promql::ValueType type = promql::ValueType::kNone;
  // Nothing of what was not evaluated: literals, and what a part that is
  // shared consists of.
  std::optional<std::size_t> series;
  // Of a range selector, those that were read; else those of the result.
  std::optional<std::size_t> samples;
  std::optional<std::size_t> bins;  // statistics that were read instead
  // Of all threads together, with all that is below it.
  std::optional<std::int64_t> time_us;
  bool is_shared = false;  // was evaluated where it stands first
  std::string failure;     // of the root: why the query has no result
};

// Evaluates an expression and tells what its nodes took, parents first.  Fails
// when the query was cancelled or took too long.
Result<std::vector<ExplainedNode>> explain(const promql::Expr& expr,
                                           const Source& source,
                                           const When& when,
                                           const EngineOptions& options);

// As a tree for people; lines begin with rules of boxes or, without UTF-8,
// with blanks.
void write_explained(const std::vector<ExplainedNode>& nodes, const View& view,
                     os::Output& out);

}  // namespace prom::query
