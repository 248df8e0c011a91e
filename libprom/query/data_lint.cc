#include "libprom/query/data_lint.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libprom/base/suggest.h"
#include "libprom/base/utf8.h"
#include "libprom/promql/functions.h"
#include "libprom/promql/walk.h"

namespace prom::query {
namespace {

constexpr std::size_t kNamesMax = 500'000;
constexpr std::size_t kFindingsMax = 100;
constexpr SelectRange kEver = {
    .min_ms = std::numeric_limits<std::int64_t>::min() / 2,
    .max_ms = std::numeric_limits<std::int64_t>::max() / 2};

using promql::Expr;
using promql::FunctionId;

class DataLint {
 public:
  DataLint(const Source& source, std::string_view text)
      : source_(source), text_(text) {
    if (auto names = source.label_values(kMetricName, {}, kEver, kNamesMax))
      metrics_ = std::move(*names);
    if (auto families = source.metadata()) {
      for (FamilyDescription& family : *families)
        types_[family.family] = family.type;
    }
  }

  Diagnostics run(const Expr& root) {
    promql::walk(
        root, [this](const Expr& expr, std::span<const Expr* const> path) {
          if (const auto* matrix = expr.as<promql::MatrixSelector>()) {
            check_selector(matrix->selector, matrix->selector_range);
            check_type(matrix->selector, matrix->selector_range, path);
          } else if (const auto* selector = expr.as<promql::VectorSelector>()) {
            check_selector(*selector, expr.range);
          } else if (const auto* aggregate = expr.as<promql::Aggregate>()) {
            check_grouping(*aggregate, expr.range);
          }
          return found_.size() < kFindingsMax;
        });
    return std::move(found_);
  }

 private:
  void add(std::string_view id, Severity severity, TextRange range,
           std::string message, std::string hint = {}) {
    const TextPosition at = position_of(text_, range.begin);
    found_.push_back({.severity = severity,
                      .line = at.line,
                      .column = at.column,
                      .width = static_cast<std::uint32_t>(
                          std::max(range.end, range.begin + 1) - range.begin),
                      .message = std::move(message),
                      .hint = std::move(hint),
                      .check_id = std::string(id)});
  }

  [[nodiscard]] bool is_known(const std::string& metric) const {
    return std::ranges::binary_search(metrics_, metric);
  }

  void check_selector(const promql::VectorSelector& selector, TextRange range) {
    if (!selector.name.empty() && !is_known(selector.name)) {
      const std::vector<std::string> near =
          suggestions(selector.name, metrics_);
      add("unknown-metric", Severity::kWarning, range,
          "no series is named " + quote(selector.name),
          near.empty() ? "" : "did you mean " + near.front() + "?");
      return;
    }
    const auto selection = source_.select(selector.matchers, kEver);
    if (selection && (*selection)->size() == 0) {
      add("empty-selector", Severity::kWarning, range,
          "no series has these labels");
    }
  }

  // The type of a metric's family, where it is known.
  [[nodiscard]] std::optional<std::string> type_of(
      std::string_view metric) const {
    for (const std::string_view suffix :
         {"", "_total", "_bucket", "_sum", "_count"}) {
      if (!metric.ends_with(suffix)) continue;
      const auto found = types_.find(
          std::string(metric.substr(0, metric.size() - suffix.size())));
      if (found != types_.end()) return found->second;
    }
    return std::nullopt;
  }

  void check_type(const promql::VectorSelector& selector, TextRange range,
                  std::span<const Expr* const> path) {
    if (path.empty()) return;
    const auto* call = path.back()->as<promql::Call>();
    const auto type = type_of(selector.name);
    if (call == nullptr || !type) return;
    const FunctionId id = call->function->id;
    const bool wants_counter = id == FunctionId::kRate ||
                               id == FunctionId::kIrate ||
                               id == FunctionId::kIncrease;
    const bool wants_gauge = id == FunctionId::kDelta ||
                             id == FunctionId::kIdelta ||
                             id == FunctionId::kDeriv;
    if (wants_counter && *type == "gauge") {
      add("rate-of-gauge", Severity::kWarning, range,
          quote(selector.name) +
              " is a gauge: what goes down counts as a "
              "reset",
          "use deriv or delta");
    }
    if (wants_gauge && *type == "counter") {
      add("delta-of-counter-type", Severity::kWarning, range,
          quote(selector.name) + " is a counter, whose resets " +
              std::string(call->function->name) + " does not see",
          "use rate or increase");
    }
  }

  // Labels to group by that no series of a single selector has.
  void check_grouping(const promql::Aggregate& aggregate, TextRange range) {
    std::vector<const promql::VectorSelector*> selectors;
    bool adds_labels = false;
    promql::for_each_node(*aggregate.expr, [&](const Expr& expr) {
      if (const auto* matrix = expr.as<promql::MatrixSelector>())
        selectors.push_back(&matrix->selector);
      if (const auto* selector = expr.as<promql::VectorSelector>())
        selectors.push_back(selector);
      if (const auto* call = expr.as<promql::Call>()) {
        const FunctionId id = call->function->id;
        adds_labels = adds_labels || id == FunctionId::kLabelReplace ||
                      id == FunctionId::kLabelJoin || id == FunctionId::kInfo;
      }
      const auto* inner = expr.as<promql::Aggregate>();
      adds_labels =
          adds_labels ||
          (inner != nullptr && inner->op == promql::AggregateOp::kCountValues);
    });
    if (selectors.size() != 1 || adds_labels) return;
    const auto names =
        source_.label_names(selectors[0]->matchers, kEver, kNamesMax);
    if (!names || names->empty()) return;
    for (const std::string& label : aggregate.grouping) {
      if (std::ranges::binary_search(*names, label)) continue;
      add("unknown-label", Severity::kWarning, range,
          "no series inside has the label " + quote(label) +
              did_you_mean(label, *names));
    }
  }

  const Source& source_;
  const std::string_view text_;
  std::vector<std::string> metrics_;
  std::map<std::string, std::string, std::less<>> types_;
  Diagnostics found_;
};

}  // namespace

Diagnostics lint_against(const Source& source, std::string_view text,
                         const promql::Expr& expr) {
  return DataLint(source, text).run(expr);
}

}  // namespace prom::query
