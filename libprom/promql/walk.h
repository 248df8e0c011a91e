// Visiting every node of an expression, without recursion.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "libprom/promql/ast.h"

namespace prom::promql {

// The direct children, in the order in which they are written.
void append_children(const Expr& expr, std::vector<const Expr*>& out);
// The same with the owning pointers, so that a child can be replaced.
void append_children(Expr& expr, std::vector<ExprPtr*>& out);

// Calls visit(expr, path) for every node, parents first, children from left
// to right.  `path` leads from the root to the node's parent; it is only
// valid during the call.  A visit that returns false skips the children.
using Visit = std::function<bool(const Expr&, std::span<const Expr* const>)>;
void walk(const Expr& root, const Visit& visit);

// Every node, parents first, when the path does not matter.
template <typename F>
void for_each_node(const Expr& root, F&& visit) {
  std::vector<const Expr*> pending = {&root};
  std::vector<const Expr*> children;
  while (!pending.empty()) {
    const Expr* expr = pending.back();
    pending.pop_back();
    visit(*expr);
    children.clear();
    append_children(*expr, children);
    pending.insert(pending.end(), children.rbegin(), children.rend());
  }
}

}  // namespace prom::promql
