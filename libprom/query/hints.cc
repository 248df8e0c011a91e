#include <algorithm>
#include <array>
#include <limits>
#include <set>

#include "libprom/base/suggest.h"
#include "libprom/base/utf8.h"
#include "libprom/promql/functions.h"
#include "libprom/promql/walk.h"
#include "libprom/query/command_internal.h"

namespace prom::query {
namespace {

constexpr std::size_t kNamesMax = 100'000;
constexpr SelectRange kAllTime = {
    .min_ms = std::numeric_limits<std::int64_t>::min() / 2,
    .max_ms = std::numeric_limits<std::int64_t>::max() / 2};

const promql::Expr& without_parentheses(const promql::Expr& expr) {
  const promql::Expr* at = &expr;
  while (const auto* paren = at->as<promql::Paren>()) at = paren->expr.get();
  return *at;
}

std::string unknown_metric_hint(const std::string& name, const Source& source) {
  const auto names = source.label_values(kMetricName, {}, kAllTime, kNamesMax);
  if (!names || std::ranges::binary_search(*names, name)) return {};
  std::string hint = "no series is named " + printable(name);
  const std::vector<std::string> near = suggestions(name, *names);
  if (!near.empty())
    hint += "; did you mean `" + printable(near.front()) + "`?";
  return hint;
}

bool has_range_selector(const promql::Expr& expr) {
  bool found = false;
  promql::for_each_node(expr, [&found](const promql::Expr& node) {
    if (node.as<promql::MatrixSelector>() != nullptr) found = true;
  });
  return found;
}

}  // namespace

bool order_matters(const promql::Expr& expr) {
  const promql::Expr& root = without_parentheses(expr);
  if (const auto* call = root.as<promql::Call>())
    return call->function->name.starts_with("sort");
  if (const auto* aggregate = root.as<promql::Aggregate>()) {
    return aggregate->op == promql::AggregateOp::kTopk ||
           aggregate->op == promql::AggregateOp::kBottomk;
  }
  return false;
}

std::vector<std::string> empty_result_hints(const promql::Expr& expr,
                                            const Inputs& inputs) {
  std::set<std::string> names;
  promql::for_each_node(expr, [&names](const promql::Expr& node) {
    if (const auto* vector = node.as<promql::VectorSelector>())
      names.insert(vector->name);
    if (const auto* matrix = node.as<promql::MatrixSelector>())
      names.insert(matrix->selector.name);
  });
  names.erase("");
  std::vector<std::string> hints;
  for (const std::string& name : names) {
    const std::string hint = unknown_metric_hint(name, *inputs.source);
    if (!hint.empty()) hints.push_back(hint);
  }
  const MemorySource* const memory = inputs.memory;
  if (hints.empty() && memory != nullptr && has_range_selector(expr) &&
      memory->sample_count() != 0 &&
      memory->sample_count() <= memory->series_count()) {
    hints.emplace_back(
        "the input has one sample a series, but a range needs two; add "
        "--count 2 --interval 5s to prom-scrape");
  }
  return hints;
}

}  // namespace prom::query
