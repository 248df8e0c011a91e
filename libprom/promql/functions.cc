#include "libprom/promql/functions.h"

#include <algorithm>
#include <cassert>

namespace prom::promql {
namespace {

constexpr ValueType kV = ValueType::kVector;
constexpr ValueType kM = ValueType::kMatrix;
constexpr ValueType kS = ValueType::kScalar;
constexpr ValueType kT = ValueType::kString;

// What is unusual about a function.
enum Trait : unsigned {
  kPlain = 0,
  kExperimental = 1U,
  kTime = 2U,
  kAnchored = 4U,
  kSmoothed = 8U,
};

struct Args {
  std::array<ValueType, 5> types{};
  std::uint8_t count = 0;

  template <typename... T>
  constexpr explicit Args(T... type) : types{type...}, count(sizeof...(type)) {}
};

constexpr Function row(FunctionId id, std::string_view name, ValueType returns,
                       Args args, int variadic, unsigned traits,
                       std::string_view summary) {
  return {id,
          name,
          returns,
          args.types,
          args.count,
          static_cast<std::int8_t>(variadic),
          (traits & kExperimental) != 0,
          (traits & kTime) != 0,
          (traits & kAnchored) != 0,
          (traits & kSmoothed) != 0,
          summary};
}

// Name, result, arguments, variadic, traits, summary.
constexpr std::array kFunctions = {
    row(FunctionId::kAbs, "abs", kV, Args(kV), 0, kPlain, "absolute value"),
    row(FunctionId::kAbsent, "absent", kV, Args(kV), 0, kPlain,
        "1 if there is no series, else nothing"),
    row(FunctionId::kAbsentOverTime, "absent_over_time", kV, Args(kM), 0,
        kPlain, "1 if no series has a sample in the range"),
    row(FunctionId::kAcos, "acos", kV, Args(kV), 0, kPlain,
        "arc cosine, radians"),
    row(FunctionId::kAcosh, "acosh", kV, Args(kV), 0, kPlain,
        "inverse hyperbolic cosine"),
    row(FunctionId::kAsin, "asin", kV, Args(kV), 0, kPlain,
        "arc sine, radians"),
    row(FunctionId::kAsinh, "asinh", kV, Args(kV), 0, kPlain,
        "inverse hyperbolic sine"),
    row(FunctionId::kAtan, "atan", kV, Args(kV), 0, kPlain,
        "arc tangent, radians"),
    row(FunctionId::kAtanh, "atanh", kV, Args(kV), 0, kPlain,
        "inverse hyperbolic tangent"),
    row(FunctionId::kAvgOverTime, "avg_over_time", kV, Args(kM), 0, kPlain,
        "mean of the samples"),
    row(FunctionId::kCeil, "ceil", kV, Args(kV), 0, kPlain,
        "rounds up to a whole number"),
    row(FunctionId::kChanges, "changes", kV, Args(kM), 0, kAnchored,
        "how often the value changed"),
    row(FunctionId::kClamp, "clamp", kV, Args(kV, kS, kS), 0, kPlain,
        "limits values to [min, max]"),
    row(FunctionId::kClampMax, "clamp_max", kV, Args(kV, kS), 0, kPlain,
        "limits values from above"),
    row(FunctionId::kClampMin, "clamp_min", kV, Args(kV, kS), 0, kPlain,
        "limits values from below"),
    row(FunctionId::kCos, "cos", kV, Args(kV), 0, kPlain, "cosine of radians"),
    row(FunctionId::kCosh, "cosh", kV, Args(kV), 0, kPlain,
        "hyperbolic cosine"),
    row(FunctionId::kCountOverTime, "count_over_time", kV, Args(kM), 0, kPlain,
        "number of samples"),
    row(FunctionId::kDayOfMonth, "day_of_month", kV, Args(kV), 1, kTime,
        "day of the month, 1 to 31, UTC"),
    row(FunctionId::kDayOfWeek, "day_of_week", kV, Args(kV), 1, kTime,
        "day of the week, 0 is Sunday, UTC"),
    row(FunctionId::kDayOfYear, "day_of_year", kV, Args(kV), 1, kTime,
        "day of the year, 1 to 366, UTC"),
    row(FunctionId::kDaysInMonth, "days_in_month", kV, Args(kV), 1, kTime,
        "length of the month in days, UTC"),
    row(FunctionId::kDeg, "deg", kV, Args(kV), 0, kPlain, "radians to degrees"),
    row(FunctionId::kDelta, "delta", kV, Args(kM), 0, kAnchored | kSmoothed,
        "difference of a gauge over the range"),
    row(FunctionId::kDeriv, "deriv", kV, Args(kM), 0, kPlain,
        "slope per second by least squares"),
    row(FunctionId::kDoubleExponentialSmoothing, "double_exponential_smoothing",
        kV, Args(kM, kS, kS), 0, kExperimental,
        "Holt smoothing with a smoothing and a trend factor"),
    row(FunctionId::kEnd, "end", kS, Args(), 0, kExperimental | kTime,
        "end of the query, Unix seconds"),
    row(FunctionId::kExp, "exp", kV, Args(kV), 0, kPlain, "e to the power"),
    row(FunctionId::kFirstOverTime, "first_over_time", kV, Args(kM), 0, kPlain,
        "oldest sample"),
    row(FunctionId::kFloor, "floor", kV, Args(kV), 0, kPlain,
        "rounds down to a whole number"),
    row(FunctionId::kHistogramAvg, "histogram_avg", kV, Args(kV), 0, kPlain,
        "mean observation of native histograms"),
    row(FunctionId::kHistogramCount, "histogram_count", kV, Args(kV), 0, kPlain,
        "number of observations of native histograms"),
    row(FunctionId::kHistogramFraction, "histogram_fraction", kV,
        Args(kS, kS, kV), 0, kPlain,
        "share of observations between two bounds"),
    row(FunctionId::kHistogramQuantile, "histogram_quantile", kV, Args(kS, kV),
        0, kPlain, "quantile of classic or native histograms"),
    row(FunctionId::kHistogramQuantiles, "histogram_quantiles", kV,
        Args(kV, kT, kS, kS), 9, kExperimental,
        "several quantiles, told apart by a label"),
    row(FunctionId::kHistogramStddev, "histogram_stddev", kV, Args(kV), 0,
        kPlain, "estimated standard deviation of observations"),
    row(FunctionId::kHistogramStdvar, "histogram_stdvar", kV, Args(kV), 0,
        kPlain, "estimated variance of observations"),
    row(FunctionId::kHistogramSum, "histogram_sum", kV, Args(kV), 0, kPlain,
        "sum of observations of native histograms"),
    row(FunctionId::kHour, "hour", kV, Args(kV), 1, kTime,
        "hour of the day, 0 to 23, UTC"),
    row(FunctionId::kIdelta, "idelta", kV, Args(kM), 0, kPlain,
        "difference of the last two samples"),
    row(FunctionId::kIncrease, "increase", kV, Args(kM), 0,
        kAnchored | kSmoothed, "increase of a counter over the range"),
    row(FunctionId::kInfo, "info", kV, Args(kV, kV), 1, kExperimental,
        "adds labels of matching info series"),
    row(FunctionId::kIrate, "irate", kV, Args(kM), 0, kPlain,
        "per-second increase between the last two samples"),
    row(FunctionId::kLabelJoin, "label_join", kV, Args(kV, kT, kT, kT), -1,
        kPlain, "joins label values into a label"),
    row(FunctionId::kLabelReplace, "label_replace", kV,
        Args(kV, kT, kT, kT, kT), 0, kPlain,
        "sets a label from a regex match on another"),
    row(FunctionId::kLastOverTime, "last_over_time", kV, Args(kM), 0, kPlain,
        "newest sample"),
    row(FunctionId::kLn, "ln", kV, Args(kV), 0, kPlain, "natural logarithm"),
    row(FunctionId::kLog10, "log10", kV, Args(kV), 0, kPlain,
        "decimal logarithm"),
    row(FunctionId::kLog2, "log2", kV, Args(kV), 0, kPlain, "binary logarithm"),
    row(FunctionId::kMadOverTime, "mad_over_time", kV, Args(kM), 0,
        kExperimental, "median absolute deviation"),
    row(FunctionId::kMaxOf, "max_of", kS, Args(kS, kS), 0, kExperimental,
        "larger of two scalars"),
    row(FunctionId::kMaxOverTime, "max_over_time", kV, Args(kM), 0, kPlain,
        "largest sample"),
    row(FunctionId::kMinOf, "min_of", kS, Args(kS, kS), 0, kExperimental,
        "smaller of two scalars"),
    row(FunctionId::kMinOverTime, "min_over_time", kV, Args(kM), 0, kPlain,
        "smallest sample"),
    row(FunctionId::kMinute, "minute", kV, Args(kV), 1, kTime,
        "minute of the hour, 0 to 59, UTC"),
    row(FunctionId::kMonth, "month", kV, Args(kV), 1, kTime,
        "month of the year, 1 to 12, UTC"),
    row(FunctionId::kPi, "pi", kS, Args(), 0, kPlain, "the number pi"),
    row(FunctionId::kPredictLinear, "predict_linear", kV, Args(kM, kS), 0,
        kTime, "value in t seconds if the trend goes on"),
    row(FunctionId::kPresentOverTime, "present_over_time", kV, Args(kM), 0,
        kPlain, "1 for each series with a sample"),
    row(FunctionId::kQuantileOverTime, "quantile_over_time", kV, Args(kS, kM),
        0, kPlain, "quantile of the samples"),
    row(FunctionId::kRad, "rad", kV, Args(kV), 0, kPlain, "degrees to radians"),
    row(FunctionId::kRange, "range", kS, Args(), 0, kExperimental | kTime,
        "end minus start of the query, seconds"),
    row(FunctionId::kRate, "rate", kV, Args(kM), 0, kAnchored | kSmoothed,
        "per-second increase of a counter"),
    row(FunctionId::kResets, "resets", kV, Args(kM), 0, kAnchored,
        "how often a counter was reset"),
    row(FunctionId::kRound, "round", kV, Args(kV, kS), 1, kPlain,
        "rounds to the nearest multiple"),
    row(FunctionId::kScalar, "scalar", kS, Args(kV), 0, kPlain,
        "value of a single series, else NaN"),
    row(FunctionId::kSgn, "sgn", kV, Args(kV), 0, kPlain, "sign: -1, 0 or 1"),
    row(FunctionId::kSin, "sin", kV, Args(kV), 0, kPlain, "sine of radians"),
    row(FunctionId::kSinh, "sinh", kV, Args(kV), 0, kPlain, "hyperbolic sine"),
    row(FunctionId::kSort, "sort", kV, Args(kV), 0, kPlain,
        "by value, ascending; instant queries only"),
    row(FunctionId::kSortByLabel, "sort_by_label", kV, Args(kV, kT), -1,
        kExperimental, "by label values, natural order"),
    row(FunctionId::kSortByLabelDesc, "sort_by_label_desc", kV, Args(kV, kT),
        -1, kExperimental, "by label values, natural order, descending"),
    row(FunctionId::kSortDesc, "sort_desc", kV, Args(kV), 0, kPlain,
        "by value, descending; instant queries only"),
    row(FunctionId::kSqrt, "sqrt", kV, Args(kV), 0, kPlain, "square root"),
    row(FunctionId::kStart, "start", kS, Args(), 0, kExperimental | kTime,
        "start of the query, Unix seconds"),
    row(FunctionId::kStartTimestamp, "start_timestamp", kV, Args(kV), 0,
        kExperimental, "when a counter began, Unix seconds"),
    row(FunctionId::kStddevOverTime, "stddev_over_time", kV, Args(kM), 0,
        kPlain, "population standard deviation"),
    row(FunctionId::kStdvarOverTime, "stdvar_over_time", kV, Args(kM), 0,
        kPlain, "population variance"),
    row(FunctionId::kStep, "step", kS, Args(), 0, kExperimental | kTime,
        "step of the query, seconds"),
    row(FunctionId::kSumOverTime, "sum_over_time", kV, Args(kM), 0, kPlain,
        "sum of the samples"),
    row(FunctionId::kTan, "tan", kV, Args(kV), 0, kPlain, "tangent of radians"),
    row(FunctionId::kTanh, "tanh", kV, Args(kV), 0, kPlain,
        "hyperbolic tangent"),
    row(FunctionId::kTime, "time", kS, Args(), 0, kTime,
        "evaluation time, Unix seconds"),
    row(FunctionId::kTimestamp, "timestamp", kV, Args(kV), 0, kTime,
        "time of each sample, Unix seconds"),
    row(FunctionId::kTsOfFirstOverTime, "ts_of_first_over_time", kV, Args(kM),
        0, kExperimental, "time of the oldest sample"),
    row(FunctionId::kTsOfLastOverTime, "ts_of_last_over_time", kV, Args(kM), 0,
        kExperimental, "time of the newest sample"),
    row(FunctionId::kTsOfMaxOverTime, "ts_of_max_over_time", kV, Args(kM), 0,
        kExperimental, "time of the last largest sample"),
    row(FunctionId::kTsOfMinOverTime, "ts_of_min_over_time", kV, Args(kM), 0,
        kExperimental, "time of the last smallest sample"),
    row(FunctionId::kVector, "vector", kV, Args(kS), 0, kPlain,
        "a scalar as a vector without labels"),
    row(FunctionId::kYear, "year", kV, Args(kV), 1, kTime, "year, UTC"),
};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < kFunctions.size(); ++i) {
    if (kFunctions[i].id != static_cast<FunctionId>(i)) return false;
    if (i > 0 && kFunctions[i - 1].name >= kFunctions[i].name) return false;
  }
  return true;
}
static_assert(is_in_order(), "rows follow FunctionId and the alphabet");

}  // namespace

std::string_view Function::feature() const {
  return experimental ? "promql-experimental-functions" : "";
}

ValueType Function::arg_type(std::size_t index) const {
  assert(arg_count > 0);
  return arg_types[std::min<std::size_t>(index, arg_count - 1U)];
}

std::size_t Function::args_min() const {
  return variadic == 0 ? arg_count : arg_count - 1U;
}

std::span<const Function> functions() {
  return kFunctions;
}

const Function* find_function(std::string_view name) {
  const auto* found =
      std::ranges::lower_bound(kFunctions, name, {}, &Function::name);
  return found != kFunctions.end() && found->name == name ? found : nullptr;
}

const Function& function(FunctionId id) {
  return kFunctions[static_cast<std::size_t>(id)];
}

}  // namespace prom::promql
