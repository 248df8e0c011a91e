// label_replace and label_join.
#include "libprom/base/utf8.h"
#include "libprom/model/matcher.h"
#include "libprom/query/evaluator.h"

namespace prom::query {

namespace {

bool is_label_name(std::string_view name) {
  return !name.empty() && is_valid_utf8(name);
}

// Series that come out equal are joined where they do not overlap.
Result<StreamPtr> finish(Evaluator& evaluator, Rows rows, const Steps& steps) {
  auto merged = merge_same_labels(evaluator.query, rows, false);
  if (!merged) return fail(std::move(merged).error());
  return Table::make(evaluator.query, std::move(rows), steps.count);
}

// A name that was set on purpose is not dropped later.
void set_label(Rows& rows, std::size_t row, std::string_view name,
               std::string_view value) {
  LabelsBuilder builder(rows.labels[row]);
  builder.set(name, value);
  rows.labels[row] = builder.build();
  if (name == kMetricName) rows.drops[row] = 0;
}

}  // namespace

const std::string& string_argument(const promql::Call& node,
                                   std::size_t index) {
  return promql::unwrap(*node.args[index]).as<promql::StringLiteral>()->value;
}

Result<StreamPtr> call_label_replace(Evaluator& evaluator,
                                     const promql::Call& node,
                                     const Steps& steps) {
  const std::string& target = string_argument(node, 1);
  const std::string& replacement = string_argument(node, 2);
  const std::string& source = string_argument(node, 3);
  const std::string& pattern = string_argument(node, 4);
  const auto regex = Regex::compile(pattern);
  if (!regex) {
    return fail(Code::kExecution,
                "invalid regular expression in label_replace(): " + pattern);
  }
  if (!is_label_name(target)) {
    return fail(Code::kExecution,
                "invalid destination label name in label_replace(): " + target);
  }
  auto table = evaluator.table(*node.args.front(), steps);
  if (!table) return fail(std::move(table).error());
  Rows rows = std::move(**table).take();
  std::string value;
  for (std::size_t row = 0; row < rows.labels.size(); ++row) {
    if (evaluator.query.gives_up(row)) break;
    value.clear();
    if (!regex->expand(rows.labels[row].get(source), replacement, value)) {
      continue;
    }
    set_label(rows, row, target, value);
  }
  return finish(evaluator, std::move(rows), steps);
}

Result<StreamPtr> call_label_join(Evaluator& evaluator,
                                  const promql::Call& node,
                                  const Steps& steps) {
  const std::string& target = string_argument(node, 1);
  const std::string& separator = string_argument(node, 2);
  constexpr std::size_t kFirstSource = 3;
  for (std::size_t i = kFirstSource; i < node.args.size(); ++i) {
    if (is_label_name(string_argument(node, i))) continue;
    return fail(Code::kExecution,
                "invalid source label name in label_join(): " +
                    string_argument(node, i));
  }
  if (!is_label_name(target)) {
    return fail(Code::kExecution,
                "invalid destination label name in label_join(): " + target);
  }
  auto table = evaluator.table(*node.args.front(), steps);
  if (!table) return fail(std::move(table).error());
  Rows rows = std::move(**table).take();
  std::string value;
  for (std::size_t row = 0; row < rows.labels.size(); ++row) {
    if (evaluator.query.gives_up(row)) break;
    value.clear();
    for (std::size_t i = kFirstSource; i < node.args.size(); ++i) {
      if (i > kFirstSource) value += separator;
      value += rows.labels[row].get(string_argument(node, i));
    }
    set_label(rows, row, target, value);
  }
  return finish(evaluator, std::move(rows), steps);
}

}  // namespace prom::query
