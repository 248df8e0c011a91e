// Functions that look at labels: label_replace, label_join, sort, info, absent.
#include "libprom/base/utf8.h"

#include "tests/support/oracle_internal.h"

namespace prom::test {

using namespace promql;  // NOLINT: this file is about nothing else

namespace {

// Runs of digits count as numbers.
int naturally(std::string_view a, std::string_view b) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto cut = [&](std::string_view& text) {
    std::size_t n = 1;
    while (n < text.size() && is_digit(text[n]) == is_digit(text[0])) ++n;
    const std::string_view head = text.substr(0, n);
    text.remove_prefix(n);
    return head;
  };
  const auto number_of = [](std::string_view digits) {
    while (digits.size() > 1 && digits[0] == '0') digits.remove_prefix(1);
    return std::string(digits);
  };
  while (!a.empty() && !b.empty()) {
    const std::string_view x = cut(a);
    const std::string_view y = cut(b);
    if (x == y) continue;
    if (!is_digit(x[0]) || !is_digit(y[0])) return x < y ? -1 : 1;
    const std::string p = number_of(x);
    const std::string q = number_of(y);
    if (p == q) throw OracleOpen{"natural order of equal numbers"};
    if (p.size() != q.size()) return p.size() < q.size() ? -1 : 1;
    return p < q ? -1 : 1;
  }
  return a.empty() ? (b.empty() ? 0 : -1) : 1;
}

}  // namespace

Labels oracle_labels_of_absence(const Expr& argument) {
  const Expr& expr = unwrap(argument);
  const VectorSelector* selector = expr.as<VectorSelector>();
  if (const auto* m = expr.as<MatrixSelector>()) selector = &m->selector;
  LabelsBuilder builder;
  if (selector == nullptr) return builder.build();
  std::map<std::string, int> times;
  for (const Matcher& m : selector->matchers) {
    if (m.name() == kMetricName) continue;
    // Only what is asked for once, and as equal, is known.  (Upstream: the
    // order counts when a name has an "=" and another matcher.)
    if (m.op() == MatchOp::kEqual && times[m.name()]++ == 0) {
      builder.set(m.name(), m.value());
    } else {
      builder.remove(m.name());
    }
  }
  return builder.build();
}

OracleVector Oracle::label_replace(const Call& node, OracleVector in) {
  const std::string& target = oracle_string(*node.args[1]);
  const auto regex = Regex::compile(oracle_string(*node.args[4]));
  if (!regex) throw OracleFailure{"invalid regular expression"};
  if (target.empty() || !is_valid_utf8(target)) {
    throw OracleFailure{"invalid destination label name"};
  }
  for (OracleElement& element : in) {
    std::string text;
    if (!regex->expand(element.labels.get(oracle_string(*node.args[3])),
                       oracle_string(*node.args[2]), text)) {
      continue;
    }
    element.labels = LabelsBuilder(element.labels).set(target, text).build();
    if (target == kMetricName) element.drops_name = false;
  }
  if (oracle_same_labels_twice(in)) {
    throw OracleFailure{"vector cannot contain metrics with the same labelset"};
  }
  return in;
}

OracleVector Oracle::label_join(const Call& node, OracleVector in) {
  const std::string& target = oracle_string(*node.args[1]);
  if (target.empty() || !is_valid_utf8(target)) {
    throw OracleFailure{"invalid destination label name"};
  }
  for (OracleElement& element : in) {
    std::string text;
    for (std::size_t i = 3; i < node.args.size(); ++i) {
      if (i > 3) text += oracle_string(*node.args[2]);
      text += element.labels.get(oracle_string(*node.args[i]));
    }
    element.labels = LabelsBuilder(element.labels).set(target, text).build();
    if (target == kMetricName) element.drops_name = false;
  }
  if (oracle_same_labels_twice(in)) {
    throw OracleFailure{"vector cannot contain metrics with the same labelset"};
  }
  return in;
}

OracleVector Oracle::sort(const Expr& expr, const Call& node, OracleVector in,
                          const Times& span) {
  const FunctionId id = node.function->id;
  const bool down =
      id == FunctionId::kSortDesc || id == FunctionId::kSortByLabelDesc;
  const bool by_label =
      id == FunctionId::kSortByLabel || id == FunctionId::kSortByLabelDesc;
  if (!by_label) {
    std::erase_if(in, [](const auto& e) { return e.is_histogram(); });
  }
  if (span.start_ms != span.end_ms) {
    warn(
        "sort is ineffective for range queries since results are always "
        "ordered by labels",
        expr.range.begin);
    return in;
  }
  std::ranges::stable_sort(in, [&](const auto& a, const auto& b) {
    if (!by_label) {
      if (std::isnan(a.number()) || std::isnan(b.number())) {
        return !std::isnan(a.number()) && std::isnan(b.number());
      }
      return down ? a.number() > b.number() : a.number() < b.number();
    }
    int order = 0;
    for (std::size_t i = 1; i < node.args.size() && order == 0; ++i) {
      const std::string& name = oracle_string(*node.args[i]);
      order = naturally(a.labels.get(name), b.labels.get(name));
    }
    if (order == 0) {
      order = a.labels < b.labels ? -1 : (b.labels < a.labels ? 1 : 0);
    }
    return down ? order > 0 : order < 0;
  });
  return in;
}

// -- info

namespace {

// The @ and offset of the first selector below govern the info series too.
struct Modifiers {
  std::optional<std::int64_t> at_ms;
  std::int64_t offset_ms = 0;
};

bool find_modifiers(const Expr& expr, std::vector<const Expr*>& path,
                    Modifiers& into) {
  const auto from = [&](const VectorSelector& s) {
    if (s.at.is_set()) into.at_ms = s.at.ms;
    into.offset_ms = s.offset.ms;
    for (auto it = path.rbegin(); it != path.rend() && !into.at_ms; ++it) {
      const auto* subquery = (*it)->as<Subquery>();
      if (subquery == nullptr) continue;
      into.offset_ms += subquery->offset.ms;
      if (subquery->at.is_set()) into.at_ms = subquery->at.ms;
    }
    return true;
  };
  if (const auto* s = expr.as<VectorSelector>()) return from(*s);
  if (const auto* m = expr.as<MatrixSelector>()) return from(m->selector);
  path.push_back(&expr);
  std::vector<const Expr*> children;
  if (const auto* n = expr.as<Paren>()) children = {n->expr.get()};
  if (const auto* n = expr.as<StepInvariant>()) children = {n->expr.get()};
  if (const auto* n = expr.as<Unary>()) children = {n->expr.get()};
  if (const auto* n = expr.as<Subquery>()) children = {n->expr.get()};
  if (const auto* n = expr.as<Binary>()) {
    children = {n->lhs.get(), n->rhs.get()};
  }
  if (const auto* n = expr.as<Aggregate>()) {
    children = {n->expr.get()};
    if (n->param) children.push_back(n->param.get());
  }
  if (const auto* n = expr.as<Call>()) {
    for (const auto& arg : n->args) children.push_back(arg.get());
  }
  for (const Expr* child : children) {
    if (find_modifiers(*child, path, into)) return true;
  }
  path.pop_back();
  return false;
}

}  // namespace

OracleVector Oracle::info_call(const Call& node, const Times& span,
                               std::int64_t now) {
  Modifiers modifiers;
  std::vector<const Expr*> path;
  find_modifiers(*node.args[0], path, modifiers);
  const std::int64_t at = modifiers.at_ms.value_or(now) - modifiers.offset_ms;

  Matchers names;
  std::map<std::string, Matchers> data;
  if (node.args.size() > 1) {
    for (const Matcher& m :
         unwrap(*node.args[1]).as<VectorSelector>()->matchers) {
      if (m.name() == kMetricName) {
        names.push_back(m);
      } else {
        data[m.name()].push_back(m);
      }
    }
  }
  const bool positive = std::ranges::any_of(names, [](const Matcher& m) {
    return m.op() == MatchOp::kEqual || m.op() == MatchOp::kRegex;
  });
  if (names.empty()) {
    names.push_back(Matcher::equal(std::string(kMetricName), "target_info"));
  } else if (!positive) {
    names.push_back(
        *Matcher::create(MatchOp::kRegex, std::string(kMetricName), ".+_info"));
  }
  const auto is_info = [&](const Labels& labels) {
    return matches_all(names, labels);
  };

  const OracleVector base = vector(*node.args[0], span, now);
  // The newest info series of each name and identity.
  const std::vector<std::string> identity = {"instance", "job"};
  std::map<std::pair<std::string, Labels>,
           const std::pair<const Labels, std::map<std::int64_t, OracleSample>>*>
      found;
  std::map<std::pair<std::string, Labels>, std::int64_t> times;
  // Only identities that some base series has are asked for at all.
  std::map<std::string, std::set<std::string>> wanted;
  for (const OracleElement& element : base) {
    if (is_info(element.labels)) continue;
    for (const std::string& name : identity) {
      if (element.labels.has(name)) {
        wanted[name].emplace(element.labels.get(name));
      }
    }
  }
  for (const auto& entry : data_) {
    const auto& [labels, samples] = entry;
    if (wanted.empty() || !is_info(labels)) continue;
    bool selected = true;
    for (const auto& [name, values] : wanted) {
      if (!values.contains(std::string(labels.get(name)))) selected = false;
    }
    for (const auto& [name, matchers] : data) {
      if (!matches_all(matchers, labels)) selected = false;
    }
    if (!selected) continue;
    const auto next = samples.upper_bound(at);
    if (next == samples.begin()) continue;
    const auto& [time, sample] = *std::prev(next);
    if (time <= at - options_.lookback_ms) continue;
    if (is_stale_nan(sample.value.histogram ? sample.value.histogram->sum
                                            : sample.value.number)) {
      continue;
    }
    if (sample.value.histogram) {
      throw OracleFailure{"info sample should be float"};
    }
    const std::pair key{std::string(labels.metric_name()),
                        oracle_only(labels, identity)};
    const auto known = times.find(key);
    if (known != times.end() && known->second == time) {
      throw OracleFailure{"found duplicate series for info metric"};
    }
    if (known != times.end() && known->second > time) continue;
    times[key] = time;
    found[key] = &entry;
  }

  OracleVector out;
  for (const OracleElement& element : base) {
    if (is_info(element.labels)) {
      out.push_back(element);
      continue;
    }
    std::map<std::string, std::string> added;
    bool any = false;
    for (const auto& [key, entry] : found) {
      if (key.second != oracle_only(element.labels, identity)) continue;
      any = true;
      for (const LabelView& label : entry->first) {
        const std::string name(label.name);
        if (name == kMetricName) continue;
        if (!data.empty() && !data.contains(name)) continue;
        const auto before = added.find(name);
        if (before != added.end() && before->second != label.value) {
          throw OracleFailure{"conflicting label: " + name};
        }
        if (!element.labels.has(name)) added[name] = label.value;
      }
    }
    if (!any) {
      bool all_match_empty = true;
      for (const auto& [name, matchers] : data) {
        for (const Matcher& m : matchers) {
          if (!m.matches_empty()) all_match_empty = false;
        }
      }
      if (!all_match_empty) continue;
    }
    LabelsBuilder builder(element.labels);
    for (const auto& [name, value] : added) builder.set(name, value);
    OracleElement enriched = element;
    enriched.labels = builder.build();
    out.push_back(std::move(enriched));
  }
  if (oracle_same_labels_twice(out)) {
    throw OracleFailure{"vector cannot contain metrics with the same labelset"};
  }
  return out;
}

}  // namespace prom::test
