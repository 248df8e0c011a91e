// Arithmetic and comparison between instant vectors: one to one, many to one.
//
// Both operands are tables.  Series are matched once for all steps, by the
// number of their match group; a step only asks which of the matched series
// have a value then.
#include <algorithm>

#include <boost/unordered/unordered_flat_map.hpp>

#include "libprom/query/binary_element.h"
#include "libprom/query/evaluator.h"
#include "libprom/query/grouping.h"
#include "libprom/query/notes.h"

namespace prom::query {

namespace {

using promql::Cardinality;

constexpr std::uint32_t kNoRow = ~std::uint32_t{0};

// The operands as the algorithm sees them: for one-to-many they are swapped,
// so that the right one always is the "one" side.
struct Side {
  const Table& table;
  std::vector<std::uint32_t> groups;
  std::vector<std::uint8_t> has_value;  // at a step, any series

  explicit Side(const Table& of) : table(of), has_value(of.steps()) {
    const auto kinds = of.cells().kinds();
    for (std::size_t at = 0; at < kinds.size(); ++at) {
      if (kinds[at] != CellKind::kNone) has_value[at % of.steps()] = 1;
    }
  }
  [[nodiscard]] bool has(std::size_t row, std::size_t step) const {
    return table.cells().kind(row * table.steps() + step) != CellKind::kNone;
  }
  [[nodiscard]] Element element(std::size_t row, std::size_t step) const {
    const Cells& cells = table.cells();
    const std::size_t at = row * table.steps() + step;
    Element element;
    element.value = cells.value(at);
    if (cells.kind(at) == CellKind::kHistogram) {
      element.histogram = cells.histogram(at);
    }
    return element;
  }
};

class Matching {
 public:
  Matching(Evaluator& evaluator, const promql::Binary& node, TextRange where,
           const Table& many, const Table& one)
      : evaluator_(evaluator),
        node_(node),
        matching_(*node.matching),
        where_(where),
        swapped_(matching_.cardinality == Cardinality::kOneToMany),
        steps_(many.steps()),
        grouping_(matching_.labels, !matching_.on),
        many_(many),
        one_(one) {
    many_.groups = grouping_.groups_of(evaluator.query, many);
    one_.groups = grouping_.groups_of(evaluator.query, one);
  }

  Result<Rows> run() {
    auto ok = index_one_side();
    if (!ok) return fail(std::move(ok).error());
    if (tracks_matches()) matched_.resize(grouping_.count() * steps_);
    for (std::size_t row = 0; row < many_.table.size(); ++row) {
      if (row % kCheckEvery == 0) {
        ok = evaluator_.query.check();
        if (!ok) return fail(std::move(ok).error());
      }
      ok = match_row(row);
      if (!ok) return fail(std::move(ok).error());
    }
    if (matching_.fill_left) {
      ok = fill_many_side();
      if (!ok) return fail(std::move(ok).error());
    }
    return std::move(out_);
  }

 private:
  static constexpr std::size_t kCheckEvery = 1024;

  // Whether the step takes part at all: an empty side matches nothing.
  [[nodiscard]] bool takes_part(std::size_t step) const {
    const bool many = many_.has_value[step] != 0;
    const bool one = one_.has_value[step] != 0;
    return (many && one) ||
           ((many || one) && (matching_.fill_left || matching_.fill_right));
  }

  [[nodiscard]] bool tracks_matches() const {
    return matching_.cardinality == Cardinality::kOneToOne ||
           matching_.fill_left;
  }

  // Rows of the one side by group: usually a single one.
  Status index_one_side() {
    single_.assign(grouping_.count(), kNoRow);
    for (std::size_t row = 0; row < one_.table.size(); ++row) {
      if (evaluator_.query.gives_up(row)) return evaluator_.query.check();
      std::uint32_t& single = single_[one_.groups[row]];
      const auto number = static_cast<std::uint32_t>(row);
      if (single == kNoRow) {
        single = number;
        continue;
      }
      auto& several = several_[one_.groups[row]];
      if (several.empty()) several.push_back(single);
      several.push_back(number);
    }
    for (const auto& [group, rows] : several_) {
      for (std::size_t step = 0; step < steps_; ++step) {
        if (!takes_part(step)) continue;
        std::uint32_t found = kNoRow;
        for (const std::uint32_t row : rows) {
          if (!one_.has(row, step)) continue;
          if (found != kNoRow) return duplicate(found, row);
          found = row;
        }
      }
    }
    return {};
  }

  [[nodiscard]] std::unexpected<Error> duplicate(std::uint32_t a,
                                                 std::uint32_t b) const {
    std::string first = notes::label_set(one_.table.labels_at(a));
    std::string second = notes::label_set(one_.table.labels_at(b));
    if (second < first) std::swap(first, second);
    return fail(
        Code::kExecution,
        "found duplicate series for the match group " +
            notes::label_set(grouping_.labels_of(one_.table.labels_at(b))) +
            " on the " + (swapped_ ? "left" : "right") +
            " hand-side of the operation: [" + first + ", " + second +
            "];many-to-many matching not allowed: matching labels must be "
            "unique on one side");
  }

  // Which row of the one side stands for a group at a step.
  [[nodiscard]] std::uint32_t partner(std::uint32_t group,
                                      std::size_t step) const {
    if (!several_.empty()) {
      const auto several = several_.find(group);
      if (several != several_.end()) {
        for (const std::uint32_t row : several->second) {
          if (one_.has(row, step)) return row;
        }
        return kNoRow;
      }
    }
    const std::uint32_t row = single_[group];
    return row != kNoRow && one_.has(row, step) ? row : kNoRow;
  }

  Status match_row(std::size_t row) {
    const std::uint32_t group = many_.groups[row];
    // The partner rarely changes from step to step, nor does the target.
    std::uint32_t last_partner = kNoRow;
    std::size_t target = 0;
    bool has_target = false;
    for (std::size_t step = 0; step < steps_; ++step) {
      if (!many_.has(row, step)) continue;
      const std::uint32_t other = partner(group, step);
      if (other == kNoRow && !matching_.fill_right) continue;
      Element filled;
      filled.value = matching_.fill_right.value_or(0);
      const ElementResult result =
          apply_pair(many_.element(row, step),
                     other == kNoRow ? filled : one_.element(other, step));
      if (result.incompatible) continue;
      if (!has_target || other != last_partner) {
        const Labels& lhs = many_.table.labels_at(row);
        const Labels filled_labels =
            other == kNoRow ? grouping_.labels_of(lhs) : Labels();
        target = target_row(
            lhs, other == kNoRow ? filled_labels : one_.table.labels_at(other));
        last_partner = other;
        has_target = true;
      }
      auto ok = emit(group, step, target, result);
      if (!ok) return ok;
    }
    return {};
  }

  // Series of the one side that nothing matched meet the fill value.
  Status fill_many_side() {
    for (std::size_t row = 0; row < one_.table.size(); ++row) {
      if (evaluator_.query.gives_up(row)) return evaluator_.query.check();
      const std::uint32_t group = one_.groups[row];
      const Labels& rhs = one_.table.labels_at(row);
      std::optional<std::size_t> target;
      for (std::size_t step = 0; step < steps_; ++step) {
        if (!one_.has(row, step) || matched_[group * steps_ + step] != 0) {
          continue;
        }
        Element filled;
        filled.value = *matching_.fill_left;
        const ElementResult result =
            apply_pair(filled, one_.element(row, step));
        if (result.incompatible) continue;
        if (!target) target = target_row(grouping_.labels_of(rhs), rhs);
        auto ok = emit(group, step, *target, result);
        if (!ok) return ok;
      }
    }
    return {};
  }

  ElementResult apply_pair(const Element& many, const Element& one) {
    return apply(node_.op, swapped_ ? one : many, swapped_ ? many : one,
                 evaluator_.annotations, where_);
  }

  Labels result_labels(const Labels& many, const Labels& one) const {
    LabelsBuilder builder(many);
    const bool drops_now =
        node_.return_bool && !evaluator_.query.options.delayed_name_removal;
    if (drops_now || changes_meaning(node_.op)) {
      for (const LabelView& label : many) {
        if (is_metadata_label(label.name)) builder.remove(label.name);
      }
    }
    if (matching_.cardinality == Cardinality::kOneToOne) {
      for (const LabelView& label : many) {
        const bool listed = std::ranges::find(matching_.labels, label.name) !=
                            matching_.labels.end();
        if (listed != matching_.on) builder.remove(label.name);
      }
    }
    for (const std::string& name : matching_.include) {
      builder.set(name, one.get(name));
    }
    return builder.build();
  }

  std::size_t target_row(const Labels& many, const Labels& one) {
    Labels labels = result_labels(many, one);
    const auto [at, is_new] = targets_.try_emplace(labels, out_.labels.size());
    if (is_new) {
      out_.add(
          std::move(labels),
          node_.return_bool && evaluator_.query.options.delayed_name_removal);
      empty_row_.reset(1, steps_);
      out_.cells.append_row(empty_row_, 0);
      claimed_.resize(claimed_.size() + steps_, kNoRow);
    }
    return at->second;
  }

  Status emit(std::uint32_t group, std::size_t step, std::size_t target,
              const ElementResult& result) {
    const std::size_t at = target * steps_ + step;
    if (matching_.cardinality == Cardinality::kOneToOne) {
      std::uint8_t& matched = matched_[group * steps_ + step];
      if (matched != 0) {
        return fail(Code::kExecution,
                    "multiple matches for labels: many-to-one matching must be "
                    "explicit (group_left/group_right)");
      }
      matched = 1;
    } else {
      if (claimed_[at] == group) {
        return fail(Code::kExecution,
                    "multiple matches for labels: grouping labels must ensure "
                    "unique matches");
      }
      if (tracks_matches()) matched_[group * steps_ + step] = 1;
    }
    claimed_[at] = group;
    if (!result.keep && !node_.return_bool) return {};
    if (out_.cells.kind(at) != CellKind::kNone) {
      return fail(Code::kExecution,
                  "vector cannot contain metrics with the same labelset");
    }
    if (node_.return_bool) {
      out_.cells.set(at, result.keep ? 1.0 : 0.0);
    } else if (result.histogram != nullptr) {
      out_.cells.set(at, result.histogram);
    } else {
      out_.cells.set(at, result.value);
    }
    return {};
  }

  Evaluator& evaluator_;
  const promql::Binary& node_;
  const promql::VectorMatching& matching_;
  const TextRange where_;
  const bool swapped_;
  const std::size_t steps_;
  Grouping grouping_;
  Side many_;
  Side one_;
  std::vector<std::uint32_t> single_;  // by group
  boost::unordered_flat_map<std::uint32_t, std::vector<std::uint32_t>> several_;
  std::vector<std::uint8_t> matched_;   // by group and step
  std::vector<std::uint32_t> claimed_;  // by target and step: the group
  boost::unordered_flat_map<Labels, std::size_t, LabelsHash> targets_;
  Rows out_;
  Cells empty_row_;
};

}  // namespace

Result<StreamPtr> binary_of_vectors(Evaluator& evaluator,
                                    const promql::Expr& expr,
                                    const promql::Binary& node,
                                    const Steps& steps) {
  auto lhs = evaluator.table(*node.lhs, steps);
  if (!lhs) return fail(std::move(lhs).error());
  auto rhs = evaluator.table(*node.rhs, steps);
  if (!rhs) return fail(std::move(rhs).error());
  if (node.matching->cardinality == Cardinality::kOneToMany) {
    std::swap(*lhs, *rhs);
  }
  auto rows = Matching(evaluator, node, expr.range, **lhs, **rhs).run();
  if (!rows) return fail(std::move(rows).error());
  return Table::make(evaluator.query, std::move(*rows), steps.count);
}

}  // namespace prom::query
