#include "libprom/promql/format.h"

#include <string_view>
#include <variant>

#include "libprom/promql/functions.h"
#include "libprom/promql/printer.h"

namespace prom::promql {
namespace {

constexpr std::string_view kIndent = "  ";

// Lays out a tree.  Whether a node has to be split depends on the length of
// its text on one line, which is measured once for all nodes.
class Formatter {
 public:
  Formatter(std::string& out, const Expr& root)
      : out_(out), sizes_(printed_sizes(root)) {}

  // `level` is the indentation that the node begins its line with; 0 also
  // means that it goes on in the line of its parent.
  void format(const Expr& expr, std::size_t level) {
    if (const auto* invariant = expr.as<StepInvariant>()) {
      format(*invariant->expr, level);
    } else if (sizes_.at(&expr) <= kFormatColumnsMax) {
      // Upstream leaves out the indentation of a subquery that fits.
      if (expr.as<Subquery>() == nullptr) indent(level);
      append_expr(out_, expr);
    } else {
      std::visit([&](const auto& node) { split(node, expr, level); },
                 expr.node);
    }
  }

 private:
  void indent(std::size_t level) {
    for (std::size_t i = 0; i < level; ++i) out_ += kIndent;
  }

  // What is never split.
  template <typename T>
  void split(const T&, const Expr& expr, std::size_t level) {
    indent(level);
    append_expr(out_, expr);
  }
  void split(const Paren& node, const Expr&, std::size_t level) {
    indent(level);
    out_ += "(\n";
    format(*node.expr, level + 1);
    out_ += '\n';
    indent(level);
    out_ += ')';
  }
  void split(const Unary& node, const Expr&, std::size_t level) {
    indent(level);
    out_ += node.negative ? '-' : '+';
    const std::size_t begin = out_.size();
    format(*node.expr, level);
    const std::size_t text = out_.find_first_not_of(" \n", begin);
    out_.erase(begin, text - begin);
  }
  void split(const Subquery& node, const Expr&, std::size_t level) {
    format(*node.expr, level);
    append_subquery_suffix(out_, node);
  }
  void split(const Binary& node, const Expr&, std::size_t level) {
    if (is_unsigned_infinity(node)) {
      indent(level + 1);
      out_ += "Inf";
    } else {
      format(*node.lhs, level + 1);
    }
    out_ += '\n';
    indent(level);
    out_ += to_string(node.op);
    append_binary_modifiers(out_, node);
    out_ += '\n';
    format(*node.rhs, level + 1);
  }
  void split(const Aggregate& node, const Expr&, std::size_t level) {
    indent(level);
    append_aggregate_head(out_, node);
    out_ += "(\n";
    if (node.param != nullptr) {
      format(*node.param, level + 1);
      out_ += ",\n";
    }
    format(*node.expr, level + 1);
    out_ += '\n';
    indent(level);
    out_ += ')';
  }
  void split(const Call& node, const Expr&, std::size_t level) {
    indent(level);
    out_ += node.function->name;
    out_ += "(\n";
    for (std::size_t i = 0; i < node.args.size(); ++i) {
      if (i > 0) out_ += ",\n";
      format(*node.args[i], level + 1);
    }
    out_ += '\n';
    indent(level);
    out_ += ')';
  }

  std::string& out_;
  const PrintedSizes sizes_;
};

}  // namespace

std::string pretty(const Expr& expr) {
  std::string text;
  Formatter(text, expr).format(expr, 0);
  return text;
}

}  // namespace prom::promql
