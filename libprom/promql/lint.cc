#include "libprom/promql/lint.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "libprom/promql/comments.h"
#include "libprom/promql/lint_internal.h"
#include "libprom/promql/walk.h"

namespace prom::promql {
namespace {

struct Check {
  LintCheck check;
  Severity severity;
};

// By id ascending.
constexpr auto kChecks = std::to_array<Check>({
    {{"alert-always-fires",
      "an alert on a comparison with bool fires for every series"},
     Severity::kWarning},
    {{"alert-without-condition",
      "an alert without a comparison fires for every series"},
     Severity::kWarning},
    {{"contradicting-matchers", "two matchers exclude each other"},
     Severity::kWarning},
    {{"delta-of-counter", "delta and the like do not see counter resets"},
     Severity::kWarning},
    {{"division-by-zero", "a constant divisor is zero"}, Severity::kWarning},
    {{"duplicate-label", "a label is named twice in one list"},
     Severity::kWarning},
    {{"duplicate-matcher", "a matcher is written twice"}, Severity::kWarning},
    {{"grouping-mismatch",
      "both sides are grouped by different labels and cannot match"},
     Severity::kWarning},
    {{"grouping-on-dropped-label",
      "an aggregation groups by a label that one inside of it removed"},
     Severity::kWarning},
    {{"irate-in-rule", "irate looks at two samples only, rules miss the rest"},
     Severity::kWarning},
    {{"quantile-of-raw-buckets",
      "a quantile of buckets since the start of the process"},
     Severity::kInfo},
    {{"quantile-out-of-range", "a constant quantile is not within 0 and 1"},
     Severity::kWarning},
    {{"quantile-without-le", "the buckets' le label was aggregated away"},
     Severity::kWarning},
    {{"rate-of-aggregation",
      "a rate of an aggregation does not see counter resets"},
     Severity::kWarning},
    {{"rate-of-non-counter", "a rate of what is no counter by its name"},
     Severity::kInfo},
    {{"raw-counter-threshold",
      "an alert compares the value of a counter, which resets"},
     Severity::kWarning},
    {{"regex-anchored", "^ and $ around an expression that is anchored anyway"},
     Severity::kInfo},
    {{"regex-literal", "a regular expression that is a plain string"},
     Severity::kInfo},
    {{"regex-matches-all", "a regular expression that matches everything"},
     Severity::kWarning},
    {{"same-operands", "both operands are the same expression"},
     Severity::kWarning},
    {{"sort-without-effect", "the order of a result is lost again"},
     Severity::kInfo},
    {{"subquery-of-selector", "a subquery where a range would do"},
     Severity::kInfo},
});
static_assert(std::ranges::is_sorted(kChecks, {}, [](const Check& c) {
  return c.check.id;
}));

constexpr auto kPublished = [] {
  std::array<LintCheck, kChecks.size()> checks{};
  std::ranges::transform(kChecks, checks.begin(), &Check::check);
  return checks;
}();

Severity severity_of(std::string_view id) {
  const auto* found =
      std::ranges::find(kChecks, id, [](const Check& c) { return c.check.id; });
  return found == kChecks.end() ? Severity::kWarning : found->severity;
}

}  // namespace

std::span<const LintCheck> lint_checks() {
  return kPublished;
}

void Findings::add(std::string_view check_id, TextRange range,
                   std::string message, std::string hint) {
  if (found_.size() >= kFindingsMax) return;
  Diagnostic diagnostic;
  diagnostic.severity = severity_of(check_id);
  const TextPosition position = position_of(text_, range.begin);
  diagnostic.line = position.line;
  diagnostic.column = position.column;
  const std::size_t width = std::max<std::size_t>(range.end, range.begin + 1);
  diagnostic.width = static_cast<std::uint32_t>(width - range.begin);
  diagnostic.message = std::move(message);
  diagnostic.hint = std::move(hint);
  diagnostic.check_id = check_id;
  found_.emplace_back(range.begin, std::move(diagnostic));
}

Diagnostics Findings::take() {
  // By place, and in the order of the checks where the place is the same.
  std::vector<std::size_t> order(found_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [this](std::size_t i) {
    return std::pair(found_[i].first, i);
  });
  Diagnostics diagnostics;
  for (const std::size_t i : order)
    diagnostics.push_back(std::move(found_[i].second));
  return diagnostics;
}

const VectorSelector* plain_selector(const Expr& expr) {
  const Expr& inner = unwrap(expr);
  if (const auto* matrix = inner.as<MatrixSelector>()) return &matrix->selector;
  return inner.as<VectorSelector>();
}

std::string_view metric_name_of(const VectorSelector& selector) {
  for (const Matcher& matcher : selector.matchers) {
    if (matcher.name() == kMetricName && matcher.op() == MatchOp::kEqual)
      return matcher.value();
  }
  return {};
}

bool is_counter_name(std::string_view name) {
  return name.ends_with("_total") || name.ends_with("_sum") ||
         name.ends_with("_count") || name.ends_with("_bucket");
}

bool is_rate(FunctionId id) {
  return id == FunctionId::kRate || id == FunctionId::kIrate ||
         id == FunctionId::kIncrease;
}

Diagnostics lint(std::string_view text, const Expr& expr, LintContext context) {
  Findings findings(text);
  walk(expr, [&](const Expr& node, std::span<const Expr* const> path) {
    const LintNode at = {node, path, text, context};
    lint_selectors(at, findings);
    lint_functions(at, findings);
    lint_operators(at, findings);
    lint_rules(at, findings);
    return true;
  });
  Diagnostics all = findings.take();
  drop_suppressed(text, all);
  return all;
}

void drop_suppressed(std::string_view text, Diagnostics& findings) {
  constexpr std::string_view kWord = "lint:ignore";
  for (std::string_view comment : comments_of(text)) {
    const std::size_t at = comment.find(kWord);
    if (at == std::string_view::npos) continue;
    comment.remove_prefix(at + kWord.size());
    if (!comment.starts_with('=')) {
      findings.clear();
      return;
    }
    comment.remove_prefix(1);
    comment = comment.substr(0, comment.find(' '));
    while (!comment.empty()) {
      const std::size_t comma = std::min(comment.find(','), comment.size());
      const std::string_view id = comment.substr(0, comma);
      std::erase_if(findings, [id](const Diagnostic& finding) {
        return finding.check_id == id;
      });
      comment.remove_prefix(std::min(comma + 1, comment.size()));
    }
  }
}

}  // namespace prom::promql
