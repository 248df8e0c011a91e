#include "libprom/template/builtin_functions.h"

namespace prom::templates {
namespace {

constexpr std::string_view kIncompatible = "incompatible types for comparison";

enum class Basic { kNil, kBool, kInt, kFloat, kString, kTime, kOther };

Basic basic_kind(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kNil:
      return Basic::kNil;
    case Value::Kind::kBool:
      return Basic::kBool;
    case Value::Kind::kInt:
    case Value::Kind::kDuration:
      return Basic::kInt;
    case Value::Kind::kFloat:
      return Basic::kFloat;
    case Value::Kind::kString:
      return Basic::kString;
    case Value::Kind::kTime:
      return Basic::kTime;
    case Value::Kind::kList:
    case Value::Kind::kMap:
    case Value::Kind::kObject:
      return Basic::kOther;
  }
  return Basic::kOther;
}

std::int64_t as_whole(const Value& value) {
  return value.kind() == Value::Kind::kDuration
             ? value.as_duration().nanoseconds
             : value.as_int();
}

Result<bool> equal(const Value& a, const Value& b) {
  const Basic kind = basic_kind(a);
  for (const Value* side : {&a, &b})
    if (basic_kind(*side) == Basic::kOther)
      return fail(Code::kBadData, "non-comparable type: " + side->type_name());
  if (kind != basic_kind(b)) {
    if (a.is_nil() || b.is_nil()) return false;
    return fail(Code::kBadData, std::string(kIncompatible));
  }
  switch (kind) {
    case Basic::kNil:
      return true;
    case Basic::kBool:
      return a.as_bool() == b.as_bool();
    case Basic::kInt:
      return as_whole(a) == as_whole(b);
    case Basic::kFloat:
      return a.as_float() == b.as_float();
    case Basic::kString:
      return a.as_string() == b.as_string();
    case Basic::kTime:
      return a.as_time().same_instant(b.as_time()) &&
             a.as_time().zone == b.as_time().zone;
    case Basic::kOther:
      break;
  }
  return false;
}

Result<bool> less(const Value& a, const Value& b) {
  const Basic kind = basic_kind(a);
  const auto bad_type = [](Basic basic) {
    return basic == Basic::kOther || basic == Basic::kNil ||
           basic == Basic::kTime;
  };
  if (bad_type(kind) || bad_type(basic_kind(b)))
    return fail(Code::kBadData, "invalid type for comparison");
  if (kind != basic_kind(b))
    return fail(Code::kBadData, std::string(kIncompatible));
  switch (kind) {
    case Basic::kInt:
      return as_whole(a) < as_whole(b);
    case Basic::kFloat:
      return a.as_float() < b.as_float();
    case Basic::kString:
      return a.as_string() < b.as_string();
    default:
      return fail(Code::kBadData, "invalid type for comparison");
  }
}

}  // namespace

Result<Value> compare_equal(std::span<const Value> arguments,
                            const Environment& /*environment*/) {
  if (arguments.size() < 2)
    return fail(Code::kBadData, "missing argument for comparison");
  for (const Value& other : arguments.subspan(1)) {
    const auto same = equal(arguments[0], other);
    if (!same) return fail(same.error());
    if (*same) return Value::boolean(true);
  }
  return Value::boolean(false);
}

Result<Value> compare_unequal(std::span<const Value> arguments,
                              const Environment& /*environment*/) {
  const auto same = equal(arguments[0], arguments[1]);
  if (!same) return fail(same.error());
  return Value::boolean(!*same);
}

Result<Value> compare_less(std::span<const Value> arguments,
                           const Environment& /*environment*/) {
  const auto is_less = less(arguments[0], arguments[1]);
  if (!is_less) return fail(is_less.error());
  return Value::boolean(*is_less);
}

// As Go: less or equal, so that NaN is neither.
Result<Value> compare_less_equal(std::span<const Value> arguments,
                                 const Environment& environment) {
  auto is_less = compare_less(arguments, environment);
  if (!is_less || is_less->as_bool()) return is_less;
  return compare_equal(arguments, environment);
}

// As Go: the negation of less or equal.
Result<Value> compare_greater(std::span<const Value> arguments,
                              const Environment& environment) {
  const auto less_equal = compare_less_equal(arguments, environment);
  if (!less_equal) return less_equal;
  return Value::boolean(!less_equal->as_bool());
}

Result<Value> compare_greater_equal(std::span<const Value> arguments,
                                    const Environment& environment) {
  const auto is_less = compare_less(arguments, environment);
  if (!is_less) return is_less;
  return Value::boolean(!is_less->as_bool());
}

}  // namespace prom::templates
