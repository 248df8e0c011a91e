#include "libprom/promql/walk.h"

#include <type_traits>
#include <variant>

namespace prom::promql {
namespace {

// Calls `visit` with each owning pointer to a child.  One place that knows
// the shape of every node.
template <typename E, typename F>
void each_child(E& expr, F&& visit) {
  std::visit(
      [&](auto& node) {
        using T = std::remove_cvref_t<decltype(node)>;
        if constexpr (std::is_same_v<T, Subquery> || std::is_same_v<T, Paren> ||
                      std::is_same_v<T, Unary> ||
                      std::is_same_v<T, StepInvariant>) {
          visit(node.expr);
        } else if constexpr (std::is_same_v<T, Binary>) {
          visit(node.lhs);
          visit(node.rhs);
        } else if constexpr (std::is_same_v<T, Aggregate>) {
          if (node.param) visit(node.param);
          visit(node.expr);
        } else if constexpr (std::is_same_v<T, Call>) {
          for (auto& arg : node.args) visit(arg);
        }
      },
      expr.node);
}

}  // namespace

void append_children(const Expr& expr, std::vector<const Expr*>& out) {
  each_child(expr, [&](const ExprPtr& child) { out.push_back(child.get()); });
}

void append_children(Expr& expr, std::vector<ExprPtr*>& out) {
  each_child(expr, [&](ExprPtr& child) { out.push_back(&child); });
}

void walk(const Expr& root, const Visit& visit) {
  struct Pending {
    const Expr* expr;
    std::size_t depth;
  };
  std::vector<Pending> pending = {{&root, 0}};
  std::vector<const Expr*> path;
  std::vector<const Expr*> children;
  while (!pending.empty()) {
    const auto [expr, depth] = pending.back();
    pending.pop_back();
    path.resize(depth);
    if (!visit(*expr, path)) continue;
    path.push_back(expr);
    children.clear();
    append_children(*expr, children);
    for (auto child = children.rbegin(); child != children.rend(); ++child)
      pending.push_back({*child, depth + 1});
  }
}

}  // namespace prom::promql
