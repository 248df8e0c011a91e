// Every function of PromQL 3.14: what it takes and gives, not what it does.
//
// The parser checks calls against this table, the engine switches over
// FunctionId, completions and promql(7) list it.  73 functions are stable; 17
// need --enable-feature=promql-experimental-functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "libprom/promql/types.h"

namespace prom::promql {

// In the order of the table, which is alphabetic.
enum class FunctionId : std::uint8_t {
  kAbs,
  kAbsent,
  kAbsentOverTime,
  kAcos,
  kAcosh,
  kAsin,
  kAsinh,
  kAtan,
  kAtanh,
  kAvgOverTime,
  kCeil,
  kChanges,
  kClamp,
  kClampMax,
  kClampMin,
  kCos,
  kCosh,
  kCountOverTime,
  kDayOfMonth,
  kDayOfWeek,
  kDayOfYear,
  kDaysInMonth,
  kDeg,
  kDelta,
  kDeriv,
  kDoubleExponentialSmoothing,
  kEnd,
  kExp,
  kFirstOverTime,
  kFloor,
  kHistogramAvg,
  kHistogramCount,
  kHistogramFraction,
  kHistogramQuantile,
  kHistogramQuantiles,
  kHistogramStddev,
  kHistogramStdvar,
  kHistogramSum,
  kHour,
  kIdelta,
  kIncrease,
  kInfo,
  kIrate,
  kLabelJoin,
  kLabelReplace,
  kLastOverTime,
  kLn,
  kLog10,
  kLog2,
  kMadOverTime,
  kMaxOf,
  kMaxOverTime,
  kMinOf,
  kMinOverTime,
  kMinute,
  kMonth,
  kPi,
  kPredictLinear,
  kPresentOverTime,
  kQuantileOverTime,
  kRad,
  kRange,
  kRate,
  kResets,
  kRound,
  kScalar,
  kSgn,
  kSin,
  kSinh,
  kSort,
  kSortByLabel,
  kSortByLabelDesc,
  kSortDesc,
  kSqrt,
  kStart,
  kStartTimestamp,
  kStddevOverTime,
  kStdvarOverTime,
  kStep,
  kSumOverTime,
  kTan,
  kTanh,
  kTime,
  kTimestamp,
  kTsOfFirstOverTime,
  kTsOfLastOverTime,
  kTsOfMaxOverTime,
  kTsOfMinOverTime,
  kVector,
  kYear,
};

struct Function {
  FunctionId id;
  std::string_view name;
  ValueType returns;
  // Types of the leading arguments; the last one repeats when the function
  // is variadic.
  std::array<ValueType, 5> arg_types;
  std::uint8_t arg_count;
  // 0: exactly arg_count arguments.  n > 0: from arg_count - 1 to
  // arg_count - 1 + n.  -1: from arg_count - 1 without end.
  std::int8_t variadic;
  bool experimental;
  // The result changes with the evaluation time even when the arguments do
  // not, so a call is not step-invariant.
  bool depends_on_time;
  // May be applied to foo[5m] anchored, foo[5m] smoothed.
  bool takes_anchored;
  bool takes_smoothed;
  std::string_view summary;  // for completions and help: half a line

  // The --enable-feature name that it needs; "" for a stable function.
  [[nodiscard]] std::string_view feature() const;
  // The type that argument `index` must have.  REQUIRES: arg_count > 0
  [[nodiscard]] ValueType arg_type(std::size_t index) const;
  // Fewest arguments of a call.
  [[nodiscard]] std::size_t args_min() const;
};

// All of them, by name ascending.
std::span<const Function> functions();
// Null when there is none of that name.  Names are case-sensitive.
const Function* find_function(std::string_view name);
const Function& function(FunctionId id);

}  // namespace prom::promql
