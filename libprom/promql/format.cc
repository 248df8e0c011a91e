#include "libprom/promql/format.h"

#include <string_view>
#include <variant>

#include "libprom/promql/functions.h"
#include "libprom/promql/printer.h"

namespace prom::promql {
namespace {

constexpr std::string_view kIndent = "  ";

// Lays out a tree.  Whether a node has to be split depends on the length of
// its text on one line.
class Formatter {
 public:
  // `level` is the indentation that the node begins its line with; 0 also
  // means that it goes on in the line of its parent.
  std::string format(const Expr& expr, std::size_t level) {
    const std::string line = to_string(expr);
    const bool split = line.size() > kFormatColumnsMax;
    return std::visit(
        [&](const auto& node) {
          return split ? visit(node, level, line) : flat(node, level, line);
        },
        expr.node);
  }

 private:
  static std::string indent(std::size_t level) {
    std::string spaces;
    for (std::size_t i = 0; i < level; ++i) spaces += kIndent;
    return spaces;
  }

  template <typename T>
  std::string flat(const T&, std::size_t level, const std::string& line) {
    return indent(level) + line;
  }
  // Upstream leaves out the indentation of a subquery that fits.
  std::string flat(const Subquery&, std::size_t, const std::string& line) {
    return line;
  }
  std::string flat(const StepInvariant& node, std::size_t level,
                   const std::string&) {
    return format(*node.expr, level);
  }

  // What is never split.
  template <typename T>
  std::string visit(const T&, std::size_t level, const std::string& line) {
    return indent(level) + line;
  }
  std::string visit(const StepInvariant& node, std::size_t level,
                    const std::string&) {
    return format(*node.expr, level);
  }
  std::string visit(const Paren& node, std::size_t level, const std::string&) {
    return indent(level) + "(\n" + format(*node.expr, level + 1) + "\n" +
           indent(level) + ")";
  }
  std::string visit(const Unary& node, std::size_t level, const std::string&) {
    std::string child = format(*node.expr, level);
    child.erase(0, child.find_first_not_of(" \n"));
    return indent(level) + (node.negative ? "-" : "+") + child;
  }
  std::string visit(const Subquery& node, std::size_t level,
                    const std::string&) {
    std::string text = format(*node.expr, level);
    append_subquery_suffix(text, node);
    return text;
  }
  std::string visit(const Binary& node, std::size_t level, const std::string&) {
    std::string text = is_unsigned_infinity(node)
                           ? indent(level + 1) + "Inf"
                           : format(*node.lhs, level + 1);
    text += "\n" + indent(level);
    text += to_string(node.op);
    append_binary_modifiers(text, node);
    return text + "\n" + format(*node.rhs, level + 1);
  }
  std::string visit(const Aggregate& node, std::size_t level,
                    const std::string&) {
    std::string text = indent(level);
    append_aggregate_head(text, node);
    text += "(\n";
    if (node.param != nullptr) text += format(*node.param, level + 1) + ",\n";
    return text + format(*node.expr, level + 1) + "\n" + indent(level) + ")";
  }
  std::string visit(const Call& node, std::size_t level, const std::string&) {
    std::string text = indent(level) + std::string(node.function->name);
    text += "(\n";
    for (std::size_t i = 0; i < node.args.size(); ++i) {
      if (i > 0) text += ",\n";
      text += format(*node.args[i], level + 1);
    }
    return text + "\n" + indent(level) + ")";
  }
};

}  // namespace

std::string pretty(const Expr& expr) {
  return Formatter().format(expr, 0);
}

}  // namespace prom::promql
