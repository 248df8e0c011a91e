// What the families of lint checks share: lint_selectors.cc, lint_functions.cc,
// lint_operators.cc, lint_rules.cc.  Visible inside of promql/ only.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libprom/promql/functions.h"
#include "libprom/promql/lint.h"

namespace prom::promql {

// One node with what is around it.
struct LintNode {
  const Expr& expr;
  std::span<const Expr* const> path;  // from the root to the parent
  std::string_view text;              // of the whole expression
  LintContext context;

  [[nodiscard]] const Expr* parent() const {
    return path.empty() ? nullptr : path.back();
  }
};

// More than anybody reads; it bounds the time for hostile text.
constexpr std::size_t kFindingsMax = 100;

class Findings {
 public:
  explicit Findings(std::string_view text) : text_(text) {}

  void add(std::string_view check_id, TextRange range, std::string message,
           std::string hint = {});
  Diagnostics take();

 private:
  std::string_view text_;
  std::vector<std::pair<std::size_t, Diagnostic>> found_;  // with their places
};

void lint_selectors(const LintNode& node, Findings& findings);
void lint_functions(const LintNode& node, Findings& findings);
void lint_operators(const LintNode& node, Findings& findings);
void lint_rules(const LintNode& node, Findings& findings);

// The selector of an instant or range vector, through parentheses; null for
// anything else.
const VectorSelector* plain_selector(const Expr& expr);

// The name that a selector asks for; "" when it is not one name.
std::string_view metric_name_of(const VectorSelector& selector);

// By the endings that conventions give counters, histograms and summaries.
bool is_counter_name(std::string_view name);

// rate, irate, increase.
bool is_rate(FunctionId id);

}  // namespace prom::promql
