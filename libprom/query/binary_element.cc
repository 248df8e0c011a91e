#include "libprom/query/binary_element.h"

#include "libprom/query/notes.h"

namespace prom::query {

using promql::BinaryOp;

bool changes_meaning(BinaryOp op) {
  switch (op) {
    case BinaryOp::kAdd:
    case BinaryOp::kSubtract:
    case BinaryOp::kMultiply:
    case BinaryOp::kDivide:
    case BinaryOp::kModulo:
    case BinaryOp::kPower:
    case BinaryOp::kAtan2:
      return true;
    default:
      return false;
  }
}

double apply_scalars(BinaryOp op, double lhs, double rhs) {
  switch (op) {
    case BinaryOp::kAdd:
      return lhs + rhs;
    case BinaryOp::kSubtract:
      return lhs - rhs;
    case BinaryOp::kMultiply:
      return lhs * rhs;
    case BinaryOp::kDivide:
      return lhs / rhs;
    case BinaryOp::kModulo:
      return std::fmod(lhs, rhs);
    case BinaryOp::kPower:
      return std::pow(lhs, rhs);
    case BinaryOp::kAtan2:
      return std::atan2(lhs, rhs);
    case BinaryOp::kEqual:
      return lhs == rhs ? 1 : 0;
    case BinaryOp::kNotEqual:
      return lhs != rhs ? 1 : 0;
    case BinaryOp::kLess:
      return lhs < rhs ? 1 : 0;
    case BinaryOp::kLessEqual:
      return lhs <= rhs ? 1 : 0;
    case BinaryOp::kGreater:
      return lhs > rhs ? 1 : 0;
    case BinaryOp::kGreaterEqual:
      return lhs >= rhs ? 1 : 0;
    case BinaryOp::kTrimUpper:
    case BinaryOp::kTrimLower:
    case BinaryOp::kAnd:
    case BinaryOp::kOr:
    case BinaryOp::kUnless:
      break;  // not of two scalars; the parser refuses them
  }
  return 0;
}

namespace {

ElementResult incompatible(BinaryOp op, const Element& lhs, const Element& rhs,
                           Annotations& annotations, TextRange where) {
  const auto kind = [](const Element& element) {
    return element.histogram == nullptr ? "float" : "histogram";
  };
  annotations.info(
      notes::incompatible_types(to_string(op), kind(lhs), kind(rhs)), where);
  ElementResult result;
  result.incompatible = true;
  return result;
}

ElementResult of(FloatHistogram histogram) {
  ElementResult result;
  result.keep = true;
  result.histogram = std::make_shared<FloatHistogram>(std::move(histogram));
  return result;
}

ElementResult of_floats(BinaryOp op, double lhs, double rhs) {
  ElementResult result;
  const double value = apply_scalars(op, lhs, rhs);
  if (is_comparison(op)) {
    result.keep = value != 0;
    result.value = lhs;
  } else {
    result.keep = true;
    result.value = value;
  }
  return result;
}

// histogram op float.  False when there is no such operator.
bool scale(BinaryOp op, FloatHistogram& histogram, double by) {
  switch (op) {
    case BinaryOp::kMultiply:
      histogram.multiply(by).compact();
      return true;
    case BinaryOp::kDivide:
      histogram.divide(by).compact();
      return true;
    case BinaryOp::kTrimUpper:
      histogram.trim(by, true);
      return true;
    case BinaryOp::kTrimLower:
      histogram.trim(by, false);
      return true;
    default:
      return false;
  }
}

ElementResult merge(BinaryOp op, const Element& lhs, const Element& rhs,
                    Annotations& annotations, TextRange where) {
  const bool adds = op == BinaryOp::kAdd;
  FloatHistogram histogram = *lhs.histogram;
  const auto merged =
      adds ? histogram.add(*rhs.histogram) : histogram.subtract(*rhs.histogram);
  ElementResult none;
  none.incompatible = true;
  if (!merged) {
    annotations.warn(notes::incompatible_layout(to_string(op)), where);
    return none;
  }
  const char* operation = adds ? "addition" : "subtraction";
  if (merged->counter_reset_conflict) {
    annotations.warn(notes::conflicting_resets(operation), where);
    return none;
  }
  if (merged->bounds_reconciled) {
    annotations.info(notes::reconciled_buckets(operation), where);
  }
  if (!adds) histogram.counter_reset_hint = CounterResetHint::kGauge;
  histogram.compact();
  return of(std::move(histogram));
}

}  // namespace

ElementResult apply(BinaryOp op, const Element& lhs, const Element& rhs,
                    Annotations& annotations, TextRange where) {
  const bool trims = op == BinaryOp::kTrimLower || op == BinaryOp::kTrimUpper;
  if (lhs.histogram == nullptr && rhs.histogram == nullptr && !trims) {
    return of_floats(op, lhs.value, rhs.value);
  }
  if (lhs.histogram != nullptr && rhs.histogram != nullptr) {
    if (op == BinaryOp::kAdd || op == BinaryOp::kSubtract) {
      return merge(op, lhs, rhs, annotations, where);
    }
    if (op == BinaryOp::kEqual || op == BinaryOp::kNotEqual) {
      ElementResult result;
      result.keep =
          lhs.histogram->equals(*rhs.histogram) == (op == BinaryOp::kEqual);
      result.histogram = lhs.histogram;
      return result;
    }
  } else if (lhs.histogram != nullptr) {
    FloatHistogram scaled = *lhs.histogram;
    if (scale(op, scaled, rhs.value)) return of(std::move(scaled));
  } else if (rhs.histogram != nullptr && op == BinaryOp::kMultiply) {
    FloatHistogram scaled = *rhs.histogram;
    scaled.multiply(lhs.value).compact();
    return of(std::move(scaled));
  }
  return incompatible(op, lhs, rhs, annotations, where);
}

}  // namespace prom::query
