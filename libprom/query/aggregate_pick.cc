// topk, bottomk, limitk, limit_ratio: aggregations that let some series of a
// group through as they are.
#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "libprom/base/checksum.h"
#include "libprom/base/number.h"
#include "libprom/query/evaluator.h"
#include "libprom/query/grouping.h"
#include "libprom/query/notes.h"

namespace prom::query {

using promql::AggregateOp;

namespace {

constexpr double kInt64Limit = 9223372036854775808.0;  // 2^63

bool any_nan(const ScalarValues& values) {
  return std::ranges::any_of(values, [](double v) { return std::isnan(v); });
}

// False when nothing can be picked at any step.
Result<bool> check_count(const ScalarValues& values) {
  if (any_nan(values)) return fail(Code::kExecution, "Parameter value is NaN");
  const auto [min, max] = std::ranges::minmax(values);
  if (max < 1) return false;
  if (min <= -kInt64Limit) {
    return fail(
        Code::kExecution,
        fmt::format("Scalar value {} underflows int64", format_float(min)));
  }
  if (max >= kInt64Limit) {
    return fail(Code::kExecution, fmt::format("Scalar value {} overflows int64",
                                              format_float(max)));
  }
  return true;
}

Result<bool> check_ratio(const ScalarValues& values, TextRange where,
                         Annotations& annotations) {
  if (any_nan(values)) return fail(Code::kExecution, "Ratio value is NaN");
  const auto [min, max] = std::ranges::minmax(values);
  if (min == 0 && max == 0) return false;
  if (max > 1) annotations.warn(notes::ratio_out_of_range(max, 1), where);
  if (min < -1) annotations.warn(notes::ratio_out_of_range(min, -1), where);
  return true;
}

void append_sized(std::string& out, std::string_view text) {
  constexpr std::size_t kShort = 255;
  if (text.size() < kShort) {
    out += static_cast<char>(text.size());
  } else {
    out += static_cast<char>(kShort);
    for (unsigned shift = 0; shift < 24; shift += 8) {
      out += static_cast<char>((text.size() >> shift) & 0xFFU);
    }
  }
  out += text;
}

// The same series are picked as upstream would pick: it hashes names and
// values, each after its size in one byte, or in three after 255.
std::uint64_t upstream_hash(const Labels& labels) {
  std::string encoded;
  for (const LabelView& label : labels) {
    append_sized(encoded, label.name);
    append_sized(encoded, label.value);
  }
  return xxh64(encoded);
}

// The series of one group that have a value at one step, in series order.
using Candidates = std::vector<std::size_t>;

class Picker {
 public:
  Picker(Evaluator& evaluator, const promql::Expr& expr,
         const promql::Aggregate& node, const Table& table)
      : evaluator_(evaluator),
        node_(node),
        where_(expr.range),
        table_(table),
        kept_(table.cells().size()) {}

  void pick(Candidates candidates, std::size_t step, double parameter) {
    switch (node_.op) {
      case AggregateOp::kTopk:
        pick_extremes(std::move(candidates), step, parameter, true);
        break;
      case AggregateOp::kBottomk:
        pick_extremes(std::move(candidates), step, parameter, false);
        break;
      case AggregateOp::kLimitk:
        truncate(candidates, parameter);
        keep(candidates, step);
        break;
      default:
        std::erase_if(candidates, [&](std::size_t row) {
          return !within_ratio(row, parameter);
        });
        keep(candidates, step);
        break;
    }
  }

  // In an instant query the order of the picks is the order of the result.
  [[nodiscard]] Rows result() const {
    const std::size_t steps = table_.steps();
    Rows rows;
    const auto add = [&](std::size_t row) {
      rows.add(table_.labels(row), table_.drops_name(row));
      rows.cells.append_row(table_.cells(), row);
    };
    if (steps == 1) {
      for (const std::size_t row : picked_) add(row);
      return rows;
    }
    for (std::size_t row = 0; row < table_.size(); ++row) {
      const auto begin =
          kept_.begin() + static_cast<std::ptrdiff_t>(row * steps);
      if (std::find(begin, begin + static_cast<std::ptrdiff_t>(steps), true) ==
          begin + static_cast<std::ptrdiff_t>(steps)) {
        continue;
      }
      add(row);
      const std::size_t at = (rows.labels.size() - 1) * steps;
      for (std::size_t step = 0; step < steps; ++step) {
        if (!kept_[row * steps + step]) rows.cells.clear(at + step);
      }
    }
    return rows;
  }

 private:
  static void truncate(Candidates& candidates, double count) {
    const auto size = static_cast<double>(candidates.size());
    const double kept = std::clamp(std::trunc(count), 0.0, size);
    candidates.resize(static_cast<std::size_t>(kept));
  }

  void keep(const Candidates& rows, std::size_t step) {
    for (const std::size_t row : rows)
      kept_[row * table_.steps() + step] = true;
    if (table_.steps() == 1) {
      picked_.insert(picked_.end(), rows.begin(), rows.end());
    }
  }

  void pick_extremes(Candidates candidates, std::size_t step, double count,
                     bool largest) {
    const Cells& cells = table_.cells();
    const auto value = [&](std::size_t row) {
      return cells.value(row * table_.steps() + step);
    };
    const std::size_t before = candidates.size();
    std::erase_if(candidates, [&](std::size_t row) {
      return cells.kind(row * table_.steps() + step) == CellKind::kHistogram;
    });
    if (candidates.size() != before) {
      evaluator_.annotations.info(notes::histogram_ignored(to_string(node_.op)),
                                  where_);
    }
    // NaN comes last in either direction; of equals the first series wins.
    const auto comes_first = [&](std::size_t a, std::size_t b) {
      const double x = value(a);
      const double y = value(b);
      if (std::isnan(x) || std::isnan(y)) {
        if (std::isnan(x) != std::isnan(y)) return std::isnan(y);
      } else if (x != y) {
        return largest ? x > y : x < y;
      }
      return a < b;
    };
    Candidates all = std::move(candidates);
    const double wanted =
        std::clamp(std::trunc(count), 0.0, static_cast<double>(all.size()));
    const auto middle = all.begin() + static_cast<std::ptrdiff_t>(wanted);
    std::partial_sort(all.begin(), middle, all.end(), comes_first);
    all.erase(middle, all.end());
    keep(all, step);
  }

  // A series' place in [0, 1) depends on its labels only, so that r and r - 1
  // split a vector in two.
  [[nodiscard]] bool within_ratio(std::size_t row, double ratio) const {
    const double place =
        static_cast<double>(upstream_hash(table_.labels_at(row))) /
        static_cast<double>(std::numeric_limits<std::uint64_t>::max());
    const double r = std::clamp(ratio, -1.0, 1.0);
    if (r == 0) return false;
    return r > 0 ? place < r : place >= 1 + r;
  }

  Evaluator& evaluator_;
  const promql::Aggregate& node_;
  const TextRange where_;
  const Table& table_;
  std::vector<bool> kept_;  // by cell
  Candidates picked_;       // of a single step, in order
};

}  // namespace

Result<StreamPtr> aggregate_pick(Evaluator& evaluator, const promql::Expr& expr,
                                 const promql::Aggregate& node,
                                 const Steps& steps) {
  auto parameters = evaluator.scalar(*node.param, steps);
  if (!parameters) return fail(std::move(parameters).error());
  auto made = evaluator.table(*node.expr, steps);
  if (!made) return fail(std::move(made).error());
  const TablePtr table = std::move(*made);
  auto any =
      node.op == AggregateOp::kLimitRatio
          ? check_ratio(*parameters, node.param->range, evaluator.annotations)
          : check_count(*parameters);
  if (!any) return fail(std::move(any).error());
  if (!*any) return Table::make(evaluator.query, Rows(), steps.count);

  Grouping grouping(node.grouping, node.without);
  const std::vector<std::uint32_t> groups =
      grouping.groups_of(evaluator.query, *table);
  std::vector<Candidates> candidates(grouping.count());
  Picker picker(evaluator, expr, node, *table);
  for (std::size_t step = 0; step < steps.count; ++step) {
    auto ok = evaluator.query.check();
    if (!ok) return fail(std::move(ok).error());
    std::vector<std::uint32_t> order;  // groups by their first series
    for (std::size_t row = 0; row < table->size(); ++row) {
      if (table->cells().kind(row * steps.count + step) == CellKind::kNone) {
        continue;
      }
      Candidates& of_group = candidates[groups[row]];
      if (of_group.empty()) order.push_back(groups[row]);
      of_group.push_back(row);
    }
    for (const std::uint32_t group : order) {
      picker.pick(std::move(candidates[group]), step, (*parameters)[step]);
      candidates[group] = {};
    }
  }
  return Table::make(evaluator.query, picker.result(), steps.count);
}

}  // namespace prom::query
