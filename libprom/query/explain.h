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

// Each part is evaluated by itself, so an expression of many parts takes a
// while; beyond this many they are listed without numbers.
constexpr std::size_t kExplainedNodesMax = 200;

struct ExplainedNode {
  std::size_t depth = 0;
  std::string text;  // the node without its operands: "sum by (job)"
  promql::ValueType type = promql::ValueType::kNone;
  std::optional<std::size_t> series;
  // Of a selector, those that are stored; else those of the result.
  std::optional<std::size_t> samples;
  std::optional<std::int64_t> time_us;  // with all that is below it
  std::string failure;                  // why there are no numbers
};

// The nodes of a tree, parents first.  Fails when the query was cancelled or
// took too long; a part that fails for another reason says so itself.
Result<std::vector<ExplainedNode>> explain(const promql::Expr& expr,
                                           const Source& source,
                                           const When& when,
                                           const EngineOptions& options);

// As a tree for people; lines begin with rules of boxes or, without UTF-8,
// with blanks.
void write_explained(const std::vector<ExplainedNode>& nodes, const View& view,
                     os::Output& out);

}  // namespace prom::query
