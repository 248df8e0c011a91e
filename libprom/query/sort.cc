// sort, sort_desc, sort_by_label, sort_by_label_desc.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <functional>
#include <numeric>
#include <string_view>

#include "libprom/query/evaluator.h"
#include "libprom/query/notes.h"

namespace prom::query {

using promql::FunctionId;

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Cuts the leading run of digits, or of other characters.
std::string_view cut_chunk(std::string_view& text) {
  std::size_t size = 1;
  while (size < text.size() && is_digit(text[size]) == is_digit(text[0])) {
    ++size;
  }
  const std::string_view chunk = text.substr(0, size);
  text.remove_prefix(size);
  return chunk;
}

int compare_numbers(std::string_view a, std::string_view b) {
  a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
  b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a.compare(b);
}

// As people order file names: "a2" before "a10".
int compare_naturally(std::string_view a, std::string_view b) {
  const std::string_view whole_a = a;
  const std::string_view whole_b = b;
  while (!a.empty() && !b.empty()) {
    const std::string_view x = cut_chunk(a);
    const std::string_view y = cut_chunk(b);
    const int order =
        is_digit(x[0]) && is_digit(y[0]) ? compare_numbers(x, y) : x.compare(y);
    if (order != 0) return order;
  }
  if (a.empty() != b.empty()) return a.empty() ? -1 : 1;
  return whole_a.compare(whole_b);
}

bool sorts_by_label(FunctionId id) {
  return id == FunctionId::kSortByLabel || id == FunctionId::kSortByLabelDesc;
}

bool descends(FunctionId id) {
  return id == FunctionId::kSortDesc || id == FunctionId::kSortByLabelDesc;
}

// Negative when row a comes before row b in ascending order.
int compare_labels(const Rows& rows, const std::vector<std::string>& names,
                   std::size_t a, std::size_t b) {
  for (const std::string& name : names) {
    const int order =
        compare_naturally(rows.labels[a].get(name), rows.labels[b].get(name));
    if (order != 0) return order;
  }
  const auto order = rows.labels[a] <=> rows.labels[b];
  return order < 0 ? -1 : (order > 0 ? 1 : 0);
}

// NaN comes last in either direction.
bool value_comes_first(double a, double b, bool descending) {
  if (std::isnan(a)) return false;
  if (std::isnan(b)) return true;
  return descending ? a > b : a < b;
}

}  // namespace

bool is_sort_function(FunctionId id) {
  return id == FunctionId::kSort || id == FunctionId::kSortDesc ||
         sorts_by_label(id);
}

Result<StreamPtr> call_sort(Evaluator& evaluator, const promql::Expr& expr,
                            const promql::Call& node, const Steps& steps) {
  const FunctionId id = node.function->id;
  auto table = evaluator.table(*node.args.front(), steps);
  if (!table) return fail(std::move(table).error());
  Rows rows = std::move(**table).take();
  if (!sorts_by_label(id)) {
    for (std::size_t at = 0; at < rows.cells.size(); ++at) {
      if (rows.cells.kind(at) == CellKind::kHistogram) rows.cells.clear(at);
    }
  }
  if (steps.span_time()) {
    evaluator.annotations.warn(notes::sort_in_range(), expr.range);
    return Table::make(evaluator.query, std::move(rows), steps.count);
  }
  std::vector<std::string> names;
  for (std::size_t i = 1; i < node.args.size(); ++i) {
    names.push_back(string_argument(node, i));
  }
  std::vector<std::size_t> order;
  for (std::size_t row = 0; row < rows.labels.size(); ++row) {
    if (!rows.cells.row_is_empty(row)) order.push_back(row);
  }
  Interruptible comes_first(evaluator.query, [&](std::size_t a, std::size_t b) {
    if (sorts_by_label(id)) {
      const int by = compare_labels(rows, names, a, b);
      return descends(id) ? by > 0 : by < 0;
    }
    return value_comes_first(rows.cells.value(a), rows.cells.value(b),
                             descends(id));
  });
  std::ranges::stable_sort(order, std::ref(comes_first));
  Rows sorted;
  for (const std::size_t row : order) {
    if (evaluator.query.gives_up(sorted.labels.size())) break;
    sorted.add(std::move(rows.labels[row]), rows.drops[row] != 0);
    sorted.cells.append_row(rows.cells, row);
  }
  return Table::make(evaluator.query, std::move(sorted), steps.count);
}

}  // namespace prom::query
