// info(): adds labels of info metrics, such as target_info, to series of the
// same instance and job.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include <boost/unordered/unordered_flat_map.hpp>

#include "libprom/promql/walk.h"
#include "libprom/query/evaluator.h"
#include "libprom/query/notes.h"

namespace prom::query {

namespace {

constexpr std::array<std::string_view, 2> kIdentifying = {"instance", "job"};
constexpr std::string_view kTargetInfo = "target_info";

// What the second argument asks for.
struct Wanted {
  Matchers names;  // which info metrics
  Matchers data;   // which labels of them, and which values

  [[nodiscard]] bool takes_label(std::string_view name) const {
    return data.empty() || std::ranges::any_of(data, [&](const Matcher& m) {
             return m.name() == name;
           });
  }
  // Whether a series that has no info may stay.
  [[nodiscard]] bool allows_nothing() const {
    return std::ranges::all_of(
        data, [](const Matcher& m) { return m.matches_empty(); });
  }
};

Result<Wanted> wanted_of(const promql::Call& node) {
  Wanted wanted;
  if (node.args.size() > 1) {
    const auto* selector =
        promql::unwrap(*node.args[1]).as<promql::VectorSelector>();
    for (const Matcher& matcher : selector->matchers) {
      (matcher.name() == kMetricName ? wanted.names : wanted.data)
          .push_back(matcher);
    }
  }
  const bool positive = std::ranges::any_of(wanted.names, [](const Matcher& m) {
    return m.op() == MatchOp::kEqual || m.op() == MatchOp::kRegex;
  });
  if (wanted.names.empty()) {
    wanted.names.push_back(
        Matcher::equal(std::string(kMetricName), std::string(kTargetInfo)));
  } else if (!positive) {
    auto any =
        Matcher::create(MatchOp::kRegex, std::string(kMetricName), ".+_info");
    if (!any) return fail(std::move(any).error());
    wanted.names.insert(wanted.names.begin(), std::move(*any));
  }
  return wanted;
}

// When the first selector of an expression looks, and so its info.
void set_times(const promql::Expr& expr, promql::VectorSelector& selector) {
  bool found = false;
  promql::walk(expr, [&](const promql::Expr& node,
                         std::span<const promql::Expr* const> path) {
    const auto* inner = node.as<promql::VectorSelector>();
    if (const auto* matrix = node.as<promql::MatrixSelector>()) {
      inner = &matrix->selector;
    }
    if (found || inner == nullptr) return !found;
    found = true;
    selector.at = inner->at;
    selector.offset.ms = inner->offset.ms;
    for (std::size_t i = path.size(); i > 0 && !selector.at.is_set(); --i) {
      if (const auto* outer = path[i - 1]->as<promql::Subquery>()) {
        selector.offset.ms += outer->offset.ms;
        selector.at = outer->at;
      }
    }
    return false;
  });
}

std::string quote_meta(std::string_view text) {
  constexpr std::string_view kSpecial = R"(\.+*?()|[]{}^$)";
  std::string quoted;
  for (const char c : text) {
    if (kSpecial.find(c) != std::string_view::npos) quoted += '\\';
    quoted += c;
  }
  return quoted;
}

class InfoJoin {
 public:
  InfoJoin(Evaluator& evaluator, const Wanted& wanted, const Table& base,
           const Steps& steps)
      : evaluator_(evaluator),
        wanted_(wanted),
        base_(base),
        steps_(steps),
        is_info_(base.size()) {
    for (std::size_t row = 0; row < base.size(); ++row) {
      if (evaluator.query.gives_up(row)) break;
      const std::string_view name = base.labels_at(row).metric_name();
      is_info_[row] = std::ranges::all_of(
          wanted.names, [&](const Matcher& m) { return m.matches(name); });
    }
  }

  // Selects the info series of the instances and jobs that occur.
  Status fetch(promql::VectorSelector selector) {
    bool identified = false;
    for (const std::string_view label : kIdentifying) {
      std::set<std::string_view> values;
      for (std::size_t row = 0; row < base_.size(); ++row) {
        if (evaluator_.query.gives_up(row)) return evaluator_.query.check();
        const std::string_view value = base_.labels_at(row).get(label);
        if (!is_info_[row] && !value.empty()) values.insert(value);
      }
      if (values.empty()) continue;
      identified = true;
      std::string pattern;
      for (const std::string_view value : values) {
        if (!pattern.empty()) pattern += '|';
        pattern += quote_meta(value);
      }
      auto matcher =
          Matcher::create(MatchOp::kRegex, std::string(label), pattern);
      if (!matcher) return fail(std::move(matcher).error());
      selector.matchers.push_back(std::move(*matcher));
    }
    if (!identified) return {};
    for (const Matcher& m : wanted_.data) selector.matchers.push_back(m);
    for (const Matcher& m : wanted_.names) selector.matchers.push_back(m);
    auto ok = check_floats(selector);
    if (!ok) return ok;
    auto stream =
        select_instant(evaluator_, selector, {}, steps_, SelectorValue::kTime);
    if (!stream) return fail(std::move(stream).error());
    auto table = materialize(evaluator_.query, std::move(*stream),
                             evaluator_.annotations);
    if (!table) return fail(std::move(table).error());
    info_ = std::move(*table);
    for (std::size_t row = 0; row < info_->size(); ++row) {
      if (evaluator_.query.gives_up(row)) return evaluator_.query.check();
      const Labels& labels = info_->labels_at(row);
      by_name_[std::string(labels.metric_name())][identity(labels)].push_back(
          row);
    }
    return {};
  }

  Result<Rows> run() {
    for (std::size_t row = 0; row < base_.size(); ++row) {
      auto ok = evaluator_.query.check();
      if (!ok) return fail(std::move(ok).error());
      for (std::size_t step = 0; step < steps_.count; ++step) {
        const std::size_t at = row * steps_.count + step;
        if (base_.cells().kind(at) == CellKind::kNone) continue;
        ok = join(row, step);
        if (!ok) return fail(std::move(ok).error());
      }
    }
    return std::move(out_);
  }

 private:
  static std::string identity(const Labels& labels) {
    std::string key;
    for (const std::string_view label : kIdentifying) {
      key += labels.get(label);
      key += '\0';
    }
    return key;
  }

  Status check_floats(const promql::VectorSelector& selector) {
    auto stream = select_instant(evaluator_, selector, {}, steps_,
                                 SelectorValue::kSample);
    if (!stream) return fail(std::move(stream).error());
    auto table = materialize(evaluator_.query, std::move(*stream),
                             evaluator_.annotations);
    if (!table) return fail(std::move(table).error());
    for (std::size_t at = 0; at < (*table)->cells().size(); ++at) {
      if ((*table)->cells().kind(at) == CellKind::kHistogram) {
        return fail(Code::kExecution,
                    "this should be an info metric, with float samples: " +
                        notes::label_set((*table)->labels(at / steps_.count)));
      }
    }
    return {};
  }

  // The newest of the info series of one name and identity; -1: none.
  Result<std::ptrdiff_t> newest(const std::vector<std::size_t>& rows,
                                std::size_t step) const {
    std::ptrdiff_t found = -1;
    double found_at = 0;
    for (const std::size_t row : rows) {
      const std::size_t at = row * steps_.count + step;
      if (info_->cells().kind(at) == CellKind::kNone) continue;
      const double time = info_->cells().value(at);
      if (found >= 0 && time == found_at) {
        constexpr double kMs = 1000;
        const std::string ms = std::to_string(std::llround(time * kMs));
        return fail(Code::kExecution,
                    "found duplicate series for info metric: existing " +
                        notes::label_set(
                            info_->labels_at(static_cast<std::size_t>(found))) +
                        " @ " + ms + ", new " +
                        notes::label_set(info_->labels_at(row)) + " @ " + ms);
      }
      if (found >= 0 && time < found_at) continue;
      found = static_cast<std::ptrdiff_t>(row);
      found_at = time;
    }
    return found;
  }

  // Adds what an info series knows and the base series does not.
  Status add_labels(const Labels& base, const Labels& info,
                    LabelsBuilder& added) const {
    for (const LabelView& label : info) {
      if (label.name == kMetricName || !wanted_.takes_label(label.name)) {
        continue;
      }
      const std::string_view before = added.get(label.name);
      if (!before.empty() && before != label.value) {
        return fail(Code::kExecution,
                    "conflicting label: " + std::string(label.name));
      }
      if (!base.has(label.name)) added.set(label.name, label.value);
    }
    return {};
  }

  Status join(std::size_t row, std::size_t step) {
    const Labels& labels = base_.labels_at(row);
    if (is_info_[row]) return emit(row, step, labels);
    LabelsBuilder added;
    bool matched = false;
    const std::string key = identity(labels);
    for (const auto& [name, by_identity] : by_name_) {
      const auto found = by_identity.find(key);
      if (found == by_identity.end()) continue;
      const auto info = newest(found->second, step);
      if (!info) return fail(info.error());
      if (*info < 0) continue;
      matched = true;
      auto ok = add_labels(
          labels, info_->labels_at(static_cast<std::size_t>(*info)), added);
      if (!ok) return ok;
    }
    if (!matched && !wanted_.allows_nothing()) return {};
    LabelsBuilder builder(labels);
    for (const auto& [name, value] : added.all()) builder.set(name, value);
    return emit(row, step, builder.build());
  }

  Status emit(std::size_t row, std::size_t step, const Labels& labels) {
    const auto [target, is_new] =
        targets_.try_emplace(labels, out_.labels.size());
    if (is_new) {
      out_.add(labels, base_.drops_name(row));
      Cells empty;
      empty.reset(1, steps_.count);
      out_.cells.append_row(empty, 0);
    }
    const std::size_t at = target->second * steps_.count + step;
    if (out_.cells.kind(at) != CellKind::kNone) {
      return fail(Code::kExecution,
                  "vector cannot contain metrics with the same labelset");
    }
    out_.cells.copy(at, base_.cells(), row * steps_.count + step);
    return {};
  }

  Evaluator& evaluator_;
  const Wanted& wanted_;
  const Table& base_;
  const Steps steps_;
  std::vector<bool> is_info_;  // base series that are info series themselves
  TablePtr info_;              // times of info samples
  std::map<std::string, std::map<std::string, std::vector<std::size_t>>>
      by_name_;
  boost::unordered_flat_map<Labels, std::size_t, LabelsHash> targets_;
  Rows out_;
};

}  // namespace

Result<StreamPtr> call_info(Evaluator& evaluator, const promql::Call& node,
                            const Steps& steps) {
  auto wanted = wanted_of(node);
  if (!wanted) return fail(std::move(wanted).error());
  auto base = evaluator.table(*node.args.front(), steps);
  if (!base) return fail(std::move(base).error());
  promql::VectorSelector selector;
  set_times(*node.args.front(), selector);
  InfoJoin join(evaluator, *wanted, **base, steps);
  auto ok = join.fetch(std::move(selector));
  if (!ok) return fail(std::move(ok).error());
  auto rows = join.run();
  if (!rows) return fail(std::move(rows).error());
  return Table::make(evaluator.query, std::move(*rows), steps.count);
}

}  // namespace prom::query
