// Operators between two expressions.
#include "tests/support/oracle_internal.h"

namespace prom::test {

using namespace promql;  // NOLINT: this file is about nothing else

namespace {

double arithmetic(BinaryOp op, double a, double b) {
  switch (op) {
    case BinaryOp::kAdd:
      return a + b;
    case BinaryOp::kSubtract:
      return a - b;
    case BinaryOp::kMultiply:
      return a * b;
    case BinaryOp::kDivide:
      return a / b;
    case BinaryOp::kModulo:
      return std::fmod(a, b);
    case BinaryOp::kPower:
      return std::pow(a, b);
    default:
      return std::atan2(a, b);
  }
}

bool holds(BinaryOp op, double a, double b) {
  switch (op) {
    case BinaryOp::kEqual:
      return a == b;
    case BinaryOp::kNotEqual:
      return a != b;
    case BinaryOp::kLess:
      return a < b;
    case BinaryOp::kLessEqual:
      return a <= b;
    case BinaryOp::kGreater:
      return a > b;
    default:
      return a >= b;
  }
}

bool is_trim(BinaryOp op) {
  return op == BinaryOp::kTrimUpper || op == BinaryOp::kTrimLower;
}

// The value changes its meaning, so the name goes.
bool makes_new(BinaryOp op) {
  return !is_comparison(op) && !is_set_operator(op) && !is_trim(op);
}

// Sums, differences and products of few numbers are rounded the same way by
// everybody; so only what is transcendental may differ in its last digit.
bool is_rounded_freely(BinaryOp op) {
  return op == BinaryOp::kPower || op == BinaryOp::kAtan2;
}

Labels reserved_removed(const Labels& labels) {
  return LabelsBuilder(labels)
      .remove(kMetricName)
      .remove("__type__")
      .remove("__unit__")
      .build();
}

}  // namespace

// Of a comparison, `value` is the left side and `keep` the outcome.
Oracle::Outcome Oracle::operate(const Expr& expr, const Binary& node,
                                const OracleValue& lhs,
                                const OracleValue& rhs) {
  const BinaryOp op = node.op;
  const std::size_t where = expr.range.begin;
  const auto incompatible = [&] {
    const auto kind = [](const OracleValue& v) {
      return v.histogram ? "histogram" : "float";
    };
    const std::string sign(to_string(op));
    info("incompatible sample types encountered for binary operator " +
             oracle_quoted(sign) + ": " + kind(lhs) + " " + sign + " " +
             kind(rhs),
         where);
    return Outcome{{}, false, true};
  };
  if (!lhs.histogram && !rhs.histogram) {
    if (is_trim(op)) return incompatible();
    if (is_comparison(op)) {
      return {lhs, holds(op, lhs.number, rhs.number), false};
    }
    const double result = arithmetic(op, lhs.number, rhs.number);
    return {{is_rounded_freely(op) ? inexact(result, where) : result, {}},
            true,
            false};
  }
  if (lhs.histogram && rhs.histogram) {
    OracleHistogram result = *lhs.histogram;
    if (op == BinaryOp::kEqual || op == BinaryOp::kNotEqual) {
      const bool equal = same(result, *rhs.histogram);
      return {lhs, equal == (op == BinaryOp::kEqual), false};
    }
    if (op != BinaryOp::kAdd && op != BinaryOp::kSubtract) {
      return incompatible();
    }
    const bool adds = op == BinaryOp::kAdd;
    const OracleMerge merge = combine(result, *rhs.histogram, adds ? 1 : -1);
    if (merge.incompatible) {
      warn("incompatible bucket layout encountered for binary operator " +
               std::string(to_string(op)),
           where);
      return {{}, false, true};
    }
    const std::string what = adds ? "addition" : "subtraction";
    if (merge.conflict) {
      warn("conflicting counter resets during histogram " + what, where);
    }
    if (merge.reconciled) {
      info("mismatched custom buckets were reconciled during " + what, where);
    }
    if (!adds) result.hint = CounterResetHint::kGauge;
    compact(result);
    return {{0, std::move(result)}, true, false};
  }
  if (lhs.histogram) {
    OracleHistogram result = *lhs.histogram;
    if (is_trim(op)) {
      trim(result, rhs.number, op == BinaryOp::kTrimUpper);
      inexact(result, where);
    } else if (op == BinaryOp::kMultiply) {
      multiply(result, rhs.number);
      compact(result);
    } else if (op == BinaryOp::kDivide) {
      divide(result, rhs.number);
      compact(result);
    } else {
      return incompatible();
    }
    return {{0, std::move(result)}, true, false};
  }
  if (op != BinaryOp::kMultiply) return incompatible();
  OracleHistogram result = *rhs.histogram;
  multiply(result, lhs.number);
  compact(result);
  return {{0, std::move(result)}, true, false};
}

OracleVector Oracle::binary(const Expr& expr, const Binary& node,
                            const Times& span, std::int64_t now) {
  if (node.matching) {
    const OracleVector lhs = vector(*node.lhs, span, now);
    const OracleVector rhs = vector(*node.rhs, span, now);
    return is_set_operator(node.op) ? set_operation(node, lhs, rhs)
                                    : match(expr, node, lhs, rhs);
  }
  const bool left_is_scalar = node.lhs->type == ValueType::kScalar;
  const OracleValue fixed{
      scalar(left_is_scalar ? *node.lhs : *node.rhs, span, now), {}};
  OracleVector out;
  for (OracleElement& element :
       vector(left_is_scalar ? *node.rhs : *node.lhs, span, now)) {
    Outcome outcome = left_is_scalar
                          ? operate(expr, node, fixed, element.value)
                          : operate(expr, node, element.value, fixed);
    if (outcome.failed) continue;
    if (is_comparison(node.op)) {
      // The element passes as it is, on whichever side it stands.
      outcome.value = element.value;
      if (node.return_bool) {
        outcome.value = {outcome.keep ? 1.0 : 0.0, {}};
      } else if (!outcome.keep) {
        continue;
      }
    }
    element.value = std::move(outcome.value);
    if (makes_new(node.op) || node.return_bool) {
      element.labels = renamed(element.labels);
      element.drops_name = true;
    }
    out.push_back(std::move(element));
  }
  if (!options_.delayed_name_removal && oracle_same_labels_twice(out)) {
    throw OracleFailure{"vector cannot contain metrics with the same labelset"};
  }
  return out;
}

namespace {

// The metric name is a label like others.
std::string upstream_text(const Labels& labels) {
  std::string text;
  for (const LabelView& label : labels) {
    const std::string name(label.name);
    text += (text.empty() ? "" : ", ") +
            (is_legacy_label_name(name) ? name : oracle_quoted(name)) + "=" +
            oracle_quoted(label.value);
  }
  return "{" + text + "}";
}

Labels key_of(const Labels& labels, const VectorMatching& matching) {
  if (matching.on) return oracle_only(labels, matching.labels);
  Labels key = oracle_without(labels, matching.labels);
  return LabelsBuilder(key).remove(kMetricName).build();
}

}  // namespace

OracleVector Oracle::set_operation(const Binary& node, const OracleVector& lhs,
                                   const OracleVector& rhs) {
  const auto key = [&](const OracleElement& element) {
    return key_of(element.labels, *node.matching);
  };
  std::set<Labels> left;
  std::set<Labels> right;
  for (const OracleElement& element : lhs) left.insert(key(element));
  for (const OracleElement& element : rhs) right.insert(key(element));
  OracleVector out;
  for (const OracleElement& element : lhs) {
    if (node.op == BinaryOp::kOr ||
        right.contains(key(element)) == (node.op == BinaryOp::kAnd)) {
      out.push_back(element);
    }
  }
  for (const OracleElement& element : rhs) {
    if (node.op == BinaryOp::kOr && !left.contains(key(element))) {
      out.push_back(element);
    }
  }
  return out;
}

OracleVector Oracle::match(const Expr& expr, const Binary& node,
                           const OracleVector& lhs, const OracleVector& rhs) {
  const VectorMatching& m = *node.matching;
  const bool fills = m.fill_left || m.fill_right;
  if ((lhs.empty() && rhs.empty()) ||
      ((lhs.empty() || rhs.empty()) && !fills)) {
    return {};
  }
  // "Many" is the left side unless group_right says otherwise.  Upstream's
  // fill_left is for what is missing among the many, also with group_right.
  const bool swapped = m.cardinality == Cardinality::kOneToMany;
  const bool one_to_one = m.cardinality == Cardinality::kOneToOne;
  const OracleVector& many = swapped ? rhs : lhs;
  const OracleVector& one = swapped ? lhs : rhs;
  std::map<Labels, const OracleElement*> partner;
  for (const OracleElement& element : one) {
    const Labels key = key_of(element.labels, m);
    const auto [other, is_new] = partner.emplace(key, &element);
    if (is_new) continue;
    std::string first = upstream_text(other->second->labels);
    std::string second = upstream_text(element.labels);
    if (second < first) std::swap(first, second);
    throw OracleFailure{
        "found duplicate series for the match group " + upstream_text(key) +
        " on the " + (swapped ? "left" : "right") +
        " hand-side of the operation: [" + first + ", " + second +
        "];many-to-many matching not allowed: matching labels must be unique "
        "on one side"};
  }
  OracleVector out;
  std::set<Labels> matched;
  std::map<Labels, std::set<Labels>> results;
  const auto pair = [&](const OracleElement& of_many,
                        const OracleElement& of_one, const Labels& key) {
    Outcome outcome = swapped
                          ? operate(expr, node, of_one.value, of_many.value)
                          : operate(expr, node, of_many.value, of_one.value);
    if (outcome.failed) return;
    Labels labels = of_many.labels;
    if (makes_new(node.op) ||
        (node.return_bool && !options_.delayed_name_removal)) {
      labels = reserved_removed(labels);
    }
    if (one_to_one) {
      labels = m.on ? oracle_only(labels, m.labels)
                    : oracle_without(labels, m.labels);
    }
    LabelsBuilder builder(labels);
    for (const std::string& name : m.include) {
      builder.set(name, of_one.labels.get(name));
    }
    labels = builder.build();
    const bool is_new = one_to_one ? matched.insert(key).second
                                   : results[key].insert(labels).second;
    if (!is_new) {
      throw OracleFailure{
          one_to_one ? "multiple matches for labels: many-to-one matching must "
                       "be explicit (group_left/group_right)"
                     : "multiple matches for labels: grouping labels must "
                       "ensure unique matches"};
    }
    if (node.return_bool) {
      outcome.value = {outcome.keep ? 1.0 : 0.0, {}};
    } else if (!outcome.keep) {
      return;
    }
    OracleElement element{labels, std::move(outcome.value), node.return_bool, 0,
                          0};
    out.push_back(std::move(element));
  };
  const auto filler = [&](const OracleElement& for_whom, double value) {
    Labels labels = m.on ? oracle_only(for_whom.labels, m.labels)
                         : key_of(for_whom.labels, m);
    return OracleElement{labels, {value, {}}, false, 0, 0};
  };
  const auto& fill_one = m.fill_right;
  const auto& fill_many = m.fill_left;
  for (const OracleElement& element : many) {
    const Labels key = key_of(element.labels, m);
    const auto found = partner.find(key);
    if (found != partner.end()) {
      pair(element, *found->second, key);
    } else if (fill_one) {
      pair(element, filler(element, *fill_one), key);
    }
  }
  for (const OracleElement& element : one) {
    if (!fill_many) break;
    const Labels key = key_of(element.labels, m);
    if (one_to_one ? matched.contains(key) : results.contains(key)) continue;
    pair(filler(element, *fill_many), element, key);
  }
  if (oracle_same_labels_twice(out) && !options_.delayed_name_removal) {
    throw OracleFailure{"vector cannot contain metrics with the same labelset"};
  }
  return out;
}

}  // namespace prom::test
